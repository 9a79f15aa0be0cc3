// Where the reviewer is in the queue, and the way to the neighbours.

import * as React from "react";
import { Key, Keys } from "../keys";
import { onReviewing, reviewer, setReviewer } from "../reviewing";
import type { Review } from "./review";
import { Sessions } from "./Sessions";

export function Header({ review }: { review: Review }): React.ReactElement {
  const at = review.pair?.session ?? null;
  if (review.session === null || at === null) {
    return (
      <div className="plp-header">
        <Sessions review={review} />
        <Steps review={review} />
      </div>
    );
  }
  const judged = Math.min(at.of, review.judged + review.pending);
  const done = at.of ? Math.round((100 * judged) / at.of) : 0;
  return (
    <div className="plp-header">
      <div className="plp-place">
        <strong data-testid="position">
          {at.position === null ? "Not in the queue" : `${at.position + 1} of ${at.of}`}
        </strong>
        <span className="plp-faint plp-cut" title={at.name}>
          {at.name}
        </span>
        <div
          className="plp-progress"
          role="progressbar"
          aria-label={`${judged} of ${at.of} judged`}
          aria-valuemin={0}
          aria-valuemax={at.of}
          aria-valuenow={judged}
          title={`${judged} of ${at.of} judged, ${at.of - judged} left`}
        >
          <span style={{ width: `${done}%` }} />
        </div>
        <Reviewer />
      </div>
      <div className="plp-row">
        <Step review={review} to="previous" label="Previous" />
        <Step review={review} to="next" label="Next" />
        <Steps review={review} />
      </div>
    </div>
  );
}

function Step(props: {
  review: Review;
  to: "previous" | "next";
  label: string;
}): React.ReactElement {
  const { review, to, label } = props;
  return (
    <button type="button" className="plp-button" onClick={() => review.desk.move(to)}>
      {label} <Key of={to} />
    </button>
  );
}

function Steps({ review }: { review: Review }): React.ReactElement {
  return (
    <>
      <button
        type="button"
        className="plp-button"
        disabled={!review.pair?.can_undo}
        onClick={() => review.desk.undo()}
      >
        Undo <Key of="undo" />
      </button>
      {review.pair?.can_redo ? (
        <button type="button" className="plp-button" onClick={() => review.desk.undo(true)}>
          Redo <Key of="redo" />
        </button>
      ) : null}
      <Keys />
    </>
  );
}

/** Under which name verdicts are given; none until one is typed. */
function Reviewer(): React.ReactElement {
  const known = React.useSyncExternalStore(onReviewing, reviewer);
  const [name, setName] = React.useState<string | null>(null);
  const keep = () => {
    if (name?.trim()) setReviewer(name.trim());
    setName(null);
  };
  return (
    <label className="plp-reviewer">
      <span className="plp-faint">Reviewer</span>
      <input
        value={name ?? known ?? ""}
        placeholder="your name"
        onChange={(event) => setName(event.target.value)}
        onBlur={keep}
        onKeyDown={(event) => {
          if (event.key === "Enter") event.currentTarget.blur();
        }}
      />
    </label>
  );
}
