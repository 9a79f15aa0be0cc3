// Where the reviewer is in the queue, and the way to the neighbours.

import * as React from "react";
import { reviewer, setReviewer } from "../reviewing";
import { Key } from "./keys";
import type { Review } from "./review";
import { Sessions } from "./Sessions";

export function Header({ review }: { review: Review }): React.ReactElement {
  const at = review.pair?.session ?? null;
  if (review.session === null || at === null) {
    return (
      <header className="plp-header">
        <Sessions review={review} />
        <Steps review={review} />
      </header>
    );
  }
  const done = at.of ? Math.round((100 * at.judged) / at.of) : 0;
  return (
    <header className="plp-header">
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
          aria-label={`${at.judged} of ${at.of} judged`}
          aria-valuemin={0}
          aria-valuemax={at.of}
          aria-valuenow={at.judged}
          title={`${at.judged} of ${at.of} judged, ${at.left} left`}
        >
          <span style={{ width: `${done}%` }} />
        </div>
        <Reviewer />
      </div>
      <div className="plp-row">
        <Step review={review} to="previous" label="Previous" shortcut="," />
        <Step review={review} to="next" label="Next" shortcut="." />
        <Steps review={review} />
      </div>
    </header>
  );
}

function Step(props: {
  review: Review;
  to: "previous" | "next";
  label: string;
  shortcut: string;
}): React.ReactElement {
  const { review, to, label, shortcut } = props;
  return (
    <button type="button" className="plp-button" onClick={() => review.move(to)}>
      {label} <Key name={shortcut} />
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
        onClick={() => review.undo()}
      >
        Undo <Key name="u" />
      </button>
      {review.pair?.can_redo ? (
        <button type="button" className="plp-button" onClick={() => review.undo(true)}>
          Redo <Key name="y" />
        </button>
      ) : null}
    </>
  );
}

/** Under which name verdicts are given: the server's user until a name is typed. */
function Reviewer(): React.ReactElement {
  const [name, setName] = React.useState(reviewer() ?? "");
  const keep = () => setReviewer(name.trim() || null);
  return (
    <label className="plp-reviewer">
      <span className="plp-faint">Reviewer</span>
      <input
        value={name}
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
