// The panel `pair`: one query/mask pair, what was found about it, and the verdict on it.
//
// Everything that comes from a dataset is put on the page as text by React; nothing here
// makes markup or an address of it, but for files that this server gives out itself.

import * as React from "react";
import { closeSample, SHOWN } from "../host";
import { useKeys } from "./keys";
import { Header } from "./Header";
import { useReview } from "./review";
import { Shown } from "./Shown";
import { useStyle } from "./style";

export function PairPanel(): React.ReactElement {
  useStyle();
  const review = useReview();
  useKeys({
    u: () => review.undo(),
    y: () => review.undo(true),
    ",": () => review.move("previous"),
    ".": () => review.move("next"),
    Escape: closeWhereFiftyOneDoesNot,
  });
  return (
    <div className="plp-root" data-testid="pair-panel" onKeyDown={keepToItself}>
      <Header review={review} />
      {review.failure !== null ? (
        <p className="plp-failure" role="alert">
          {review.failure}
        </p>
      ) : null}
      {review.pair ? (
        <Shown key={review.pair.sample_id} pair={review.pair} review={review} />
      ) : null}
    </div>
  );
}

/** FiftyOne closes the sample by Escape only while the sample itself is on show. */
function closeWhereFiftyOneDoesNot(): void {
  if (!document.querySelector(SHOWN)) void closeSample();
}

/** What is typed into a text box is nobody else's shortcut. */
function keepToItself(event: React.KeyboardEvent<HTMLElement>): void {
  if (event.target instanceof HTMLElement && /^(INPUT|TEXTAREA)$/.test(event.target.tagName)) {
    event.stopPropagation();
  }
}
