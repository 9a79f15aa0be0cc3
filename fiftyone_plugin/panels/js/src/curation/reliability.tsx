// How good the estimated chances are: predicted beside found, of judged pairs.

import * as React from "react";

import type { RankingView, ReliabilityRow } from "../types";
import { count, pairs } from "./format";

const SIDE = 132;
const EDGE = 10;

/** The reliability curve of `p_bad`: on the diagonal, as many were bad as was said. */
export function Reliability({ ranking }: { ranking: RankingView }) {
  const rows = ranking.reliability;
  if (!rows.length) return null;
  const most = Math.max(...rows.map((row) => row.pairs));
  return (
    <section className="plc-section" data-cy="plc-reliability">
      <header>
        <h3>Chance to be bad: predicted and found</h3>
      </header>
      <div className="plc-reliability">
        <svg
          viewBox={`0 0 ${SIDE} ${SIDE}`}
          width={SIDE}
          height={SIDE}
          role="img"
          aria-label="The share found bad over the share predicted to be"
        >
          <rect x={EDGE} y={EDGE} width={SIDE - 2 * EDGE} height={SIDE - 2 * EDGE} />
          <line x1={at(0)} y1={at(1)} x2={at(1)} y2={at(0)} />
          <polyline points={rows.map((row) => `${at(row.expected)},${at(1 - row.found)}`).join(" ")} />
          {rows.map((row) => (
            <circle
              key={row.low}
              cx={at(row.expected)}
              cy={at(1 - row.found)}
              r={2 + 4 * Math.sqrt(row.pairs / most)}
            >
              <title>{told(row)}</title>
            </circle>
          ))}
        </svg>
        <table>
          <thead>
            <tr>
              <th>range</th>
              <th>pairs</th>
              <th>predicted</th>
              <th>found</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.low}>
                <td>{`${share(row.low)} to ${share(row.high)}`}</td>
                <td>{count(row.pairs)}</td>
                <td>{share(row.expected)}</td>
                <td>{share(row.found)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <small>
        {`By ${count(ranking.verdicts)} verdicts, ${count(ranking.bad)} of them bad, until ` +
          `${ranking.time.slice(0, 10)}; each chance by a model that did not see its verdict.`}
      </small>
    </section>
  );
}

/** A share as a place in the picture. */
function at(value: number): number {
  return EDGE + value * (SIDE - 2 * EDGE);
}

function share(value: number): string {
  return `${Math.round(100 * value)} %`;
}

function told(row: ReliabilityRow): string {
  return `${pairs(row.pairs)}: predicted ${share(row.expected)}, found ${share(row.found)}`;
}
