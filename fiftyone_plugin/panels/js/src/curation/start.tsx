// The form of a new session: what it is over, for one reviewer or shared out among several.

import * as React from "react";

import type { Call } from "../panel";
import type { Facts, Overview, SessionView } from "../types";
import { count } from "./format";
import { useNamed } from "./named";
import type { Enter } from "./sessions";

/** What a new session would be over: what the grid shows, by its name where it has one. */
function suggested(facts: Facts, bar: string | null): string {
  if (!bar) return facts.whole ? "warnings" : "use_view";
  if (bar === "flagged") return facts.whole ? "flagged" : "use_view";
  return facts.whole && /^(check|severity):/.test(bar) ? bar : "use_view";
}

interface Props {
  facts: Facts;
  bar: string | null;
  overview: Overview;
  call: Call;
  enter: Enter;
  close: () => void;
}

export function StartForm({ facts, bar, overview, call, enter, close }: Props) {
  const [over, setOver] = React.useState(suggested(facts, bar));
  const [name, setName] = React.useState("");
  const [again, setAgain] = React.useState(false);
  const [among, setAmong] = React.useState("");
  const [by, setBy] = React.useState("count");
  const [overlap, setOverlap] = React.useState("10");
  const [named, asking] = useNamed();
  const people = among.split(",").filter((one) => one.trim()).length;
  const start = async (who: string) => {
    const params: Record<string, unknown> = { name, reviewer: who, include_judged: again };
    const at = over.indexOf(":");
    if (over === "use_view" || over === "warnings") params[over] = true;
    else if (at > 0) params[over.slice(0, at)] = over.slice(at + 1);
    if (people < 2) {
      void enter("start", params);
      return;
    }
    const answer = await call<{ ok: boolean; sessions: SessionView[]; mine: string[] }>("share", {
      ...params,
      among,
      by,
      overlap,
    });
    if (!answer?.ok) return;
    close();
    if (answer.mine[0]) void enter("resume", { session: answer.mine[0], reviewer: who });
  };
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    named((who) => void start(who));
  };
  return (
    <>
      <form className="plc-form" onSubmit={submit}>
        <label htmlFor="plc-over">Over</label>
        <select id="plc-over" value={over} onChange={(event) => setOver(event.target.value)}>
          <option value="warnings">Warnings and errors</option>
          <option value="flagged">All pairs with findings ({count(overview.flagged)})</option>
          <option value="use_view">The pairs that the grid shows</option>
          <optgroup label="A check's findings">
            {overview.findings.map((one) => (
              <option key={one.check} value={`check:${one.check}`}>
                {one.check} ({count(one.pairs)})
              </option>
            ))}
          </optgroup>
          <optgroup label="Findings of a severity">
            {overview.severities.map((one) => (
              <option key={one.severity} value={`severity:${one.severity}`}>
                {one.severity} ({count(one.pairs)})
              </option>
            ))}
          </optgroup>
          <optgroup label="A saved view">
            {(facts.saved_views ?? []).map((view) => (
              <option key={view} value={`saved_view:${view}`}>
                {view}
              </option>
            ))}
          </optgroup>
        </select>
        <label htmlFor="plc-name">Name</label>
        <input
          id="plc-name"
          value={name}
          placeholder="made from what it is over"
          onChange={(event) => setName(event.target.value)}
        />
        <label htmlFor="plc-among">Share among</label>
        <input
          id="plc-among"
          value={among}
          placeholder="several reviewers, with commas: Ada, Bo"
          onChange={(event) => setAmong(event.target.value)}
        />
        {people > 1 && (
          <>
            <label htmlFor="plc-by">By</label>
            <select id="plc-by" value={by} onChange={(event) => setBy(event.target.value)}>
              <option value="count">count: parts of equal size</option>
              <option value="check">check: a check to one reviewer</option>
              <option value="split">split: a split to one reviewer</option>
            </select>
            <label htmlFor="plc-overlap">For all, in %</label>
            <input
              id="plc-overlap"
              type="number"
              min={0}
              max={100}
              value={overlap}
              title="The part of the groups that all of them judge, to see how far they agree"
              onChange={(event) => setOverlap(event.target.value)}
            />
          </>
        )}
        <label className="plc-wide">
          <input
            type="checkbox"
            checked={again}
            onChange={(event) => setAgain(event.target.checked)}
          />{" "}
          also pairs that have a verdict already
        </label>
        <div className="plc-line">
          <button type="submit" className="plc-button plc-main">
            {people > 1 ? `Share among ${people} reviewers` : "Start and open the first pair"}
          </button>
        </div>
      </form>
      {asking}
    </>
  );
}
