// The panel's charts. Every bar is a button that shows its pairs in the grid.

import * as React from "react";

import type { Bar, Histogram as Values } from "../types";
import { count, pairs, percent } from "./format";

type Show = (bar: string) => void;

interface RowProps {
  bar: Bar;
  label: string;
  parts: Part[];
  most: number;
  active: boolean;
  title?: string;
  show: Show;
}

interface Part {
  color: string;
  pairs: number;
}

/** A labelled bar with its number, as wide as its share of the longest one. */
export function Row({ bar, label, parts, most, active, title, show }: RowProps) {
  const width = bar.pairs ? `max(2px, ${(100 * bar.pairs) / Math.max(1, most)}%)` : "0";
  return (
    <button
      type="button"
      className={active ? "plc-row plc-on" : "plc-row"}
      title={title}
      aria-pressed={active}
      data-cy={`plc-bar-${bar.bar}`}
      onClick={() => show(bar.bar)}
    >
      <span className="plc-label">{label}</span>
      <span className="plc-track">
        <span style={{ width }}>
          {parts.map((part) => (
            <span key={part.color} style={{ flexGrow: part.pairs, background: part.color }} />
          ))}
        </span>
      </span>
      <span className="plc-number">{count(bar.pairs)}</span>
    </button>
  );
}

interface StackProps<B extends Bar> {
  bars: B[];
  total: number;
  active: string | null;
  color: (bar: B) => string;
  name: (bar: B) => string;
  show: Show;
}

/** One bar in parts, with a legend whose entries are buttons too. */
export function Stack<B extends Bar>({ bars, total, active, color, name, show }: StackProps<B>) {
  return (
    <div>
      <div className="plc-stack">
        {bars.map((bar) => (
          <button
            type="button"
            key={bar.bar}
            tabIndex={-1}
            aria-hidden="true"
            title={`${name(bar)}: ${pairs(bar.pairs)}`}
            style={{ flexGrow: bar.pairs, background: color(bar) }}
            hidden={!bar.pairs}
            onClick={() => show(bar.bar)}
          />
        ))}
      </div>
      <div className="plc-legend">
        {bars.map((bar) => (
          <button
            type="button"
            key={bar.bar}
            className={active === bar.bar ? "plc-key plc-on" : "plc-key"}
            aria-pressed={active === bar.bar}
            data-cy={`plc-bar-${bar.bar}`}
            onClick={() => show(bar.bar)}
          >
            <i style={{ background: color(bar) }} />
            {name(bar)} <b>{count(bar.pairs)}</b> <small>{percent(bar.pairs, total)}</small>
          </button>
        ))}
      </div>
    </div>
  );
}

interface HistogramProps {
  values: Values;
  active: string | null;
  color: string;
  show: Show;
}

const HEIGHT = 96;

/** Columns over the range of a field; the line under them reads off the one pointed at. */
export function Histogram({ values, active, color, show }: HistogramProps) {
  const [at, setAt] = React.useState<number | null>(null);
  const most = Math.max(1, ...values.bars.map((bar) => bar.pairs));
  const chosen = values.bars.findIndex((bar) => bar.bar === active);
  const read = values.bars[at ?? chosen];
  return (
    <div>
      <div className="plc-columns" style={{ height: HEIGHT }} onMouseLeave={() => setAt(null)}>
        <span className="plc-most">{count(most)}</span>
        {values.bars.map((bar, index) => (
          <button
            type="button"
            key={bar.bar}
            className={bar.bar === active ? "plc-column plc-on" : "plc-column"}
            aria-pressed={bar.bar === active}
            aria-label={`${range(bar)}: ${pairs(bar.pairs)}`}
            data-cy={`plc-bar-${bar.bar}`}
            disabled={!bar.pairs}
            onMouseEnter={() => setAt(index)}
            onFocus={() => setAt(index)}
            onBlur={() => setAt(null)}
            onClick={() => show(bar.bar)}
          >
            <span
              style={{
                height: bar.pairs ? Math.max(2, (HEIGHT * bar.pairs) / most) : 0,
                background: color,
              }}
            />
          </button>
        ))}
      </div>
      <div className="plc-axis">
        {ticks(values.edges).map((edge) => (
          <span key={edge}>{short(edge)}</span>
        ))}
      </div>
      <div className="plc-read">
        {read
          ? `${values.title} ${range(read)}: ${pairs(read.pairs)}`
          : values.none
            ? `${pairs(values.none)} without a value`
            : "\u00a0"}
      </div>
    </div>
  );
}

function range(bar: { low: number; high: number }): string {
  return `${short(bar.low)} to ${short(bar.high)}`;
}

function short(value: number): string {
  return String(Number(value.toFixed(3)));
}

/** Five edges, evenly spread. */
function ticks(edges: number[]): number[] {
  const last = edges.length - 1;
  return [0, 0.25, 0.5, 0.75, 1].map((share) => edges[Math.round(share * last)] ?? 0);
}
