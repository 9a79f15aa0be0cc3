// The parts of the panel that count: cards, findings, verdicts, a histogram and the splits.

import * as React from "react";

import { onShownInfo, showInfo, showsInfo } from "../grid";
import type { Call } from "../panel";
import { Histogram, Row, Stack } from "./charts";
import type { Overview, VerdictName } from "../types";
import { JUDGED, SEVERITY_COLORS, VERDICT_COLORS, count, percent } from "./format";

interface PartProps {
  overview: Overview;
  active: string | null;
  show: (bar: string) => void;
}

export function Cards({ overview, active, show, known }: PartProps & { known: boolean }) {
  const pending = overview.verdicts.find((one) => one.verdict === "pending");
  const judged = overview.pairs - (pending?.pairs ?? 0);
  return (
    <div className="plc-cards">
      <Card
        bar="flagged"
        value={known ? overview.flagged : null}
        share={known ? percent(overview.flagged, overview.pairs) : "not known yet"}
        active={active}
        show={show}
      >
        with findings
      </Card>
      {overview.severities.map((one) => (
        <Card key={one.severity} bar={one.bar} value={known ? one.pairs : null} active={active} show={show}>
          <i style={{ background: SEVERITY_COLORS[one.severity] }} /> {one.severity}
        </Card>
      ))}
      <Card
        bar="verdict:pending"
        value={pending?.pairs ?? 0}
        share={`${percent(judged, overview.pairs)} done`}
        active={active}
        show={show}
      >
        to judge
      </Card>
    </div>
  );
}

interface CardProps {
  bar: string;
  /** ``null`` where it is not known. */
  value: number | null;
  share?: string;
  active: string | null;
  show: (bar: string) => void;
  children: React.ReactNode;
}

function Card({ bar, value, share, active, show, children }: CardProps) {
  return (
    <button
      type="button"
      className={bar === active ? "plc-card plc-on" : "plc-card"}
      aria-pressed={bar === active}
      data-cy={`plc-card-${bar}`}
      onClick={() => show(bar)}
    >
      <b>{value === null ? "?" : count(value)}</b>
      {share && <small>{share}</small>}
      <span>{children}</span>
    </button>
  );
}

export function Findings({ overview, active, show, known }: PartProps & { known: boolean }) {
  const most = Math.max(1, ...overview.findings.map((one) => one.pairs));
  const infoShown = React.useSyncExternalStore(onShownInfo, showsInfo);
  return (
    <section className="plc-section" style={{ gridArea: "findings" }} data-cy="plc-findings">
      <header>
        <h3>Findings by check</h3>
        <label className="plc-dim">
          <input
            type="checkbox"
            checked={infoShown}
            onChange={(event) => showInfo(event.target.checked)}
          />{" "}
          information on thumbnails
        </label>
      </header>
      {!overview.findings.length && (
        <div className="plc-empty">
          {known ? "No check found anything." : "Not known yet: no check has run."}
        </div>
      )}
      {overview.findings.map((one) => (
        <Row
          key={`${one.check} ${one.severity}`}
          bar={one}
          label={one.check}
          parts={[{ color: SEVERITY_COLORS[one.severity], pairs: one.pairs }]}
          most={most}
          active={one.bar === active}
          title={`${one.check}, ${one.severity}: ${one.about}`}
          show={show}
        />
      ))}
    </section>
  );
}

export function Review({ overview, active, show }: PartProps) {
  const most = Math.max(1, ...overview.reviewers.map((one) => one.pairs));
  return (
    <section className="plc-section" data-cy="plc-review">
      <header>
        <h3>Review</h3>
      </header>
      <Stack
        bars={overview.verdicts}
        total={overview.pairs}
        active={active}
        color={(one) => VERDICT_COLORS[one.verdict as VerdictName | "pending"]}
        name={(one) => one.verdict}
        show={show}
      />
      {overview.reviewers.length > 0 && <h4>By reviewer</h4>}
      {overview.reviewers.map((one) => (
        <Row
          key={one.reviewer}
          bar={one}
          label={one.reviewer || "nobody named"}
          parts={JUDGED.map((verdict) => ({ color: VERDICT_COLORS[verdict], pairs: one[verdict] }))}
          most={most}
          active={one.bar === active}
          title={JUDGED.map((verdict) => `${verdict} ${count(one[verdict])}`).join(", ")}
          show={show}
        />
      ))}
    </section>
  );
}

export function Distribution({ overview, active, show, call }: PartProps & { call: Call }) {
  const { histogram, evaluations } = overview;
  const chosen = evaluations.find((one) => histogram.field === `${one.key}_iou`)?.key ?? "";
  return (
    <section className="plc-section" data-cy="plc-histogram">
      <header>
        <h3>{chosen ? "IoU" : "Quality"}</h3>
        {evaluations.length > 0 && (
          <select
            aria-label="Histogram of"
            value={chosen}
            onChange={(event) => void call("choose", { key: event.target.value })}
          >
            <option value="">quality</option>
            {evaluations.map((one) => (
              <option key={one.key} value={one.key}>
                IoU of {one.key}
              </option>
            ))}
          </select>
        )}
      </header>
      <Histogram values={histogram} active={active} color="#8a7fd6" show={show} />
    </section>
  );
}

export function Splits({ overview, active, show }: PartProps) {
  if (overview.splits.length < 2) return null;
  const most = Math.max(1, ...overview.splits.map((one) => one.pairs));
  return (
    <section className="plc-section" data-cy="plc-splits">
      <header>
        <h3>Splits</h3>
      </header>
      {overview.splits.map((one) => (
        <Row
          key={one.split}
          bar={one}
          label={one.split}
          parts={[{ color: "#6b9fa8", pairs: one.pairs }]}
          most={most}
          active={one.bar === active}
          show={show}
        />
      ))}
    </section>
  );
}
