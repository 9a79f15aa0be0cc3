// The verdict: four buttons, a note, the edited phrase, and what stands in the way.

import * as React from "react";
import { Key, keyOf } from "../keys";
import type { Desk, Refusal } from "./desk";
import type { Review } from "./review";
import type { ConflictFacts, MemberView, VerdictName } from "../types";

export const VERDICTS: { verdict: VerdictName; label: string }[] = [
  { verdict: "keep", label: "Keep" },
  { verdict: "drop", label: "Drop" },
  { verdict: "fix", label: "To fix" },
  { verdict: "unsure", label: "Unsure" },
];

interface Props {
  pair: MemberView;
  review: Review;
  noteRef: React.RefObject<HTMLTextAreaElement>;
}

export function Decide(props: Props): React.ReactElement {
  const { pair, review, noteRef } = props;
  const { desk, ready, note, notice } = review;
  return (
    <section className="plp-decide" aria-label="Verdict">
      {review.refusals.map((one, index) => (
        <RefusalBox key={index} refusal={one} desk={desk} />
      ))}
      <div className="plp-verdicts" role="group" aria-label="Verdict">
        {VERDICTS.map(({ verdict, label }) => (
          <button
            key={verdict}
            type="button"
            className={`plp-verdict plp-${verdict}`}
            aria-pressed={pair.review.verdict === verdict}
            aria-keyshortcuts={keyOf(verdict)}
            disabled={!ready}
            onClick={() => desk.decide(verdict)}
          >
            {label} <Key of={verdict} />
          </button>
        ))}
      </div>
      <textarea
        ref={noteRef}
        className="plp-input"
        rows={1}
        aria-label="Note"
        placeholder={`Note: why (${keyOf("note")})`}
        value={note}
        maxLength={10_000}
        onChange={(event) => desk.setNote(event.target.value)}
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

function Standing({ pair }: { pair: MemberView }): React.ReactElement {
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

function RefusalBox({ refusal, desk }: { refusal: Refusal; desk: Desk }): React.ReactElement {
  const { message, facts, sample, again } = refusal;
  const leave = () => {
    desk.settleRefusal(refusal);
    if (sample === null) desk.reload();
  };
  const look = () => {
    desk.settleRefusal(refusal);
    if (sample !== null) desk.goTo(sample);
  };
  return (
    <div className="plp-conflict" role="alert">
      <strong>{facts?.reviewer ? decided(facts) : message}</strong>
      {facts ? <span className="plp-cut">{facts.key}</span> : null}
      {facts?.note ? <span>Note: {facts.note}</span> : null}
      <span className="plp-faint">
        {facts?.mask_changed ? "The mask is another one now. " : ""}
        Your verdict was not written.
      </span>
      <div className="plp-row">
        <button type="button" className="plp-button" onClick={leave}>
          {facts ? "Leave theirs" : "Leave it"}
        </button>
        {sample !== null ? (
          <button type="button" className="plp-button" onClick={look}>
            Look at it
          </button>
        ) : null}
        <button type="button" className="plp-button plp-danger" onClick={again}>
          {facts ? "Write mine over it" : "Try again"}
        </button>
      </div>
    </div>
  );
}

function decided(facts: ConflictFacts): string {
  const time = facts.reviewed_at ? when(facts.reviewed_at) : "";
  return `${facts.reviewer} decided ${facts.verdict ?? "nothing"} meanwhile${time ? `, ${time}` : ""}.`;
}
