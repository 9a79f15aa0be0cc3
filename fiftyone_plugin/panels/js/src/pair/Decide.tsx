// The verdict: four buttons, a note, the edited phrase, and what stands in the way.

import * as React from "react";
import { Key } from "./keys";
import type { Conflict, Notice } from "./review";
import type { ConflictFacts, PairView, VerdictName } from "../types";

export const VERDICTS: { verdict: VerdictName; label: string; key: string }[] = [
  { verdict: "keep", label: "Keep", key: "1" },
  { verdict: "drop", label: "Drop", key: "2" },
  { verdict: "fix", label: "Fix", key: "3" },
  { verdict: "unsure", label: "Unsure", key: "4" },
];

interface Props {
  pair: PairView;
  ready: boolean;
  note: string;
  noteRef: React.RefObject<HTMLTextAreaElement>;
  notice: Notice | null;
  conflict: Conflict | null;
  onNote: (note: string) => void;
  onVerdict: (verdict: VerdictName) => void;
  onReload: () => void;
}

export function Decide(props: Props): React.ReactElement {
  const { pair, ready, note, noteRef, notice, conflict } = props;
  return (
    <section className="plp-decide" aria-label="Verdict">
      {conflict ? <ConflictBox conflict={conflict} onReload={props.onReload} /> : null}
      <div className="plp-verdicts" role="group" aria-label="Verdict">
        {VERDICTS.map(({ verdict, label, key }) => (
          <button
            key={verdict}
            type="button"
            className={`plp-verdict plp-${verdict}`}
            aria-pressed={pair.review.verdict === verdict}
            aria-keyshortcuts={key}
            disabled={!ready}
            onClick={() => props.onVerdict(verdict)}
          >
            {label} <Key name={key} />
          </button>
        ))}
      </div>
      <textarea
        ref={noteRef}
        className="plp-input"
        rows={1}
        aria-label="Note"
        placeholder="Note: why (n)"
        value={note}
        maxLength={10_000}
        onChange={(event) => props.onNote(event.target.value)}
        onKeyDown={leave}
      />
      <p className="plp-status">
        <span role="status" className={notice ? `plp-${notice.tone}` : undefined}>
          {notice?.text}
        </span>
        <Standing pair={pair} />
      </p>
    </section>
  );
}

/** Escape leaves a text box and no more; Ctrl-Enter too. */
export function leave(event: React.KeyboardEvent<HTMLElement>): void {
  if (event.key === "Escape" || (event.key === "Enter" && (event.ctrlKey || event.metaKey))) {
    event.preventDefault();
    event.currentTarget.blur();
  }
}

function Standing({ pair }: { pair: PairView }): React.ReactElement {
  const { verdict, reviewer, reviewed_at } = pair.review;
  if (verdict === null) return <span className="plp-faint">No verdict yet.</span>;
  return (
    <span className="plp-faint" data-testid="standing">
      {verdict}
      {reviewer ? ` by ${reviewer}` : ""}
      {reviewed_at ? `, ${when(reviewed_at)}` : ""}
    </span>
  );
}

export function when(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleString();
}

function ConflictBox(props: { conflict: Conflict; onReload: () => void }): React.ReactElement {
  const { message, facts, again } = props.conflict;
  return (
    <div className="plp-conflict" role="alert">
      <strong>{facts.reviewer ? decided(facts) : message}</strong>
      {facts.note ? <span>Note: {facts.note}</span> : null}
      <span className="plp-faint">
        {facts.mask_changed ? "The mask is another one now. " : ""}
        Your verdict was not written.
      </span>
      <div className="plp-row">
        <button type="button" className="plp-button" onClick={props.onReload}>
          Leave theirs
        </button>
        <button type="button" className="plp-button plp-danger" onClick={again}>
          Write mine over it
        </button>
      </div>
    </div>
  );
}

function decided(facts: ConflictFacts): string {
  const time = facts.reviewed_at ? when(facts.reviewed_at) : "";
  return `${facts.reviewer} decided ${facts.verdict ?? "nothing"} meanwhile${time ? `, ${time}` : ""}.`;
}
