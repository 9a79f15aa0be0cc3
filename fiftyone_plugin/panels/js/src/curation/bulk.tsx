// One verdict for the pairs that are selected in the grid, or for those of the bar it shows.

import * as React from "react";

import { useSelected } from "../host";
import type { Call } from "../panel";
import { currentSession } from "../reviewing";
import type { Alike, Overview, Undone, VerdictName } from "../types";
import { JUDGED, pairs } from "./format";
import { useNamed } from "./named";

const LABELS: Record<VerdictName, string> = {
  keep: "Keep",
  drop: "Drop",
  fix: "To fix",
  unsure: "Unsure",
};

interface Asked {
  reviewer: string;
  verdict: VerdictName;
  pairs: number;
  others: number;
}

interface Props {
  overview: Overview;
  bar: string | null;
  call: Call;
}

export function Bulk({ overview, bar, call }: Props) {
  const selected = useSelected();
  const [named, asking] = useNamed();
  const [asked, setAsked] = React.useState<Asked | null>(null);
  const [theirs, setTheirs] = React.useState(false);
  const [told, setTold] = React.useState<string | null>(null);
  React.useEffect(() => setAsked(null), [selected, bar]);
  if (!selected && (!bar || bar.startsWith("session:")) && told === null) return null;
  const session = currentSession(overview.dataset);
  const within = overview.sessions.find((one) => one.id === session);
  const ask = async (verdict: VerdictName, reviewer: string) => {
    setTold(null);
    const params = { reviewer, session, count: true };
    const answer = await call<{ ok: boolean; pairs: number; others: number }>("judge", params);
    if (answer?.ok) setAsked({ reviewer, verdict, pairs: answer.pairs, others: answer.others });
  };
  const write = async ({ reviewer, verdict }: Asked) => {
    setAsked(null);
    const params = { reviewer, session, verdict, over_others: theirs };
    const answer = await call<{ ok: boolean; done: Alike }>("judge", params);
    if (!answer?.ok) return;
    const left = answer.done.left ? `; ${pairs(answer.done.left)} left alone` : "";
    setTold(`${LABELS[verdict]}: ${pairs(answer.done.written)}${left}.`);
  };
  const undo = async (reviewer: string) => {
    const params = { reviewer, session };
    const answer = await call<{ ok: boolean; done: Undone }>("take_back", params);
    if (answer?.ok) setTold(`Undone: ${pairs(answer.done.pairs)}.`);
  };
  return (
    <div className="plc-bulk" role="group" aria-label="One verdict for all" data-cy="plc-bulk">
      <b>{selected ? `${pairs(selected)} selected` : bar ? "All that the grid shows" : ""}</b>
      {(selected > 0 || bar) &&
        JUDGED.map((verdict) => (
          <button
            key={verdict}
            type="button"
            className="plc-button"
            onClick={() => named((who) => void ask(verdict, who))}
          >
            {LABELS[verdict]}
          </button>
        ))}
      {asking}
      {asked && (
        <span className="plc-line" role="alert">
          {asked.others > 0 && (
            <label>
              <input
                type="checkbox"
                checked={theirs}
                onChange={(event) => setTheirs(event.target.checked)}
              />{" "}
              also over the verdicts of others on {pairs(asked.others)}
            </label>
          )}
          <button type="button" className="plc-button plc-main" onClick={() => void write(asked)}>
            {LABELS[asked.verdict]} {pairs(asked.pairs - (theirs ? 0 : asked.others))} as{" "}
            {asked.reviewer}
            {within && `, in ${within.name}`}
          </button>
          <button type="button" className="plc-button" onClick={() => setAsked(null)}>
            Cancel
          </button>
        </span>
      )}
      {told && (
        <span className="plc-line" role="status">
          {told}
          <button type="button" className="plc-button" onClick={() => named((who) => void undo(who))}>
            Undo
          </button>
        </span>
      )}
    </div>
  );
}
