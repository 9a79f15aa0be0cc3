// The panel `pair`: one query/mask pair, what was found about it, and the verdict on it.
//
// Everything that comes from a dataset is put on the page as text by React; nothing here
// makes markup or an address of it, but for files that this server gives out itself.

import * as React from "react";
import { closeSample, SHOWN, useDatasetName } from "../host";
import { useEscape, useKeys } from "../keys";
import { Header } from "./Header";
import { WhoAreYou } from "./Opinions";
import { type Review, useReview } from "./review";
import { Shown } from "./Shown";
import { ShownTexts } from "../texts/ShownTexts";
import type { PairView } from "../types";
import { useStyle } from "./style";

export function PairPanel(): React.ReactElement {
  useStyle();
  const review = useReview();
  useKeys({
    undo: () => review.desk.undo(),
    redo: () => review.desk.undo(true),
    previous: () => review.desk.move("previous"),
    next: () => review.desk.move("next"),
  });
  useEscape(closeWhereFiftyOneDoesNot);
  return (
    <div className="plp-root" data-testid="pair-panel" onKeyDown={keepToItself}>
      <Header review={review} />
      {review.outside !== null ? <Outside review={review} /> : null}
      {review.nameless !== null ? <WhoAreYou desk={review.desk} /> : null}
      {review.failure !== null ? (
        <p className="plp-failure" role="alert">
          {review.failure}
        </p>
      ) : null}
      {review.pair ? <Open pair={review.pair} review={review} /> : null}
    </div>
  );
}

/** A query with its mask, or an image with captions or a conversation. */
function Open({ pair, review }: { pair: PairView; review: Review }): React.ReactElement {
  const Panel = pair.texts.length ? ShownTexts : Shown;
  return <Panel key={pair.sample_id} pair={pair} review={review} />;
}

/** Another browser on this server opened another pair: keys rest until it is said which counts. */
function Outside({ review }: { review: Review }): React.ReactElement {
  const dataset = useDatasetName();
  return (
    <div className="plp-conflict" role="alert">
      <strong>Another browser on this server opened another pair, so your keys rest.</strong>
      <span className="plp-faint">
        FiftyOne shows one sample to all browsers of a server. For a server of your own, run{" "}
        <code>pairlens app {dataset} --reviewer NAME</code>.
      </span>
      <div className="plp-row">
        <button type="button" className="plp-button" onClick={() => review.desk.insist()}>
          Stay with mine
        </button>
        <button type="button" className="plp-button" onClick={() => review.desk.follow()}>
          Go to theirs
        </button>
      </div>
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
