// Mending the mask: an instance that FiftyOne's annotation mode can edit, and taking it back.

import * as React from "react";
import { closeSample, openPanel, openSample, untilShown, useShowField } from "../host";
import type { PairView } from "../types";

/** The name under which FiftyOne keeps the panel that shows the sample itself. */
const SAMPLE_PANEL = "fo-sample-modal-plugin";

const EDITABLE_MASK = "segmentation_edit";

interface Props {
  pair: PairView;
  ready: boolean;
  onMake: () => void;
  onTake: () => void;
  onClear: () => void;
}

export function Mend({ pair, ready, onMake, onTake, onClear }: Props): React.ReactElement {
  const showField = useShowField();
  const annotate = async () => {
    await openPanel(SAMPLE_PANEL);
    // FiftyOne asks which fields can be edited when a sample is opened, and not again.
    await closeSample();
    await openSample(pair.sample_id);
    await untilShown();
    showField(EDITABLE_MASK); // opening a sample shows the grid's fields again
    await openSample(pair.sample_id, "annotate");
  };
  if (!pair.review.editable) {
    return (
      <section className="plp-unmended" aria-label="Mend the mask">
        <div className="plp-row">
          <button type="button" className="plp-button" disabled={!ready} onClick={onMake}>
            Mend the mask <kbd aria-hidden="true">m</kbd>
          </button>
          {pair.review.mask_edited ? (
            <span className="plp-small">
              <span className="plp-tag">mended</span> the original is kept
            </span>
          ) : null}
        </div>
      </section>
    );
  }
  return (
    <section className="plp-mend" aria-label="Mend the mask">
      <h3>Mending the mask</h3>
      <ol>
        <li>
          <button type="button" className="plp-button" onClick={() => void annotate()}>
            Open the annotation mode
          </button>
        </li>
        <li>
          Click <em>target</em> in the sidebar and paint with brush (b) or pen (p); e erases.
          FiftyOne saves by itself. Where it lists no label, tick <code>{EDITABLE_MASK}</code>{" "}
          under Explore first.
        </li>
        <li>Come back to this tab (Explore, then Pair) and take the mask over.</li>
      </ol>
      <div className="plp-row">
        <button
          type="button"
          className="plp-button plp-primary"
          disabled={!ready}
          onClick={onTake}
        >
          Take the mended mask
        </button>
        <button type="button" className="plp-button" disabled={!ready} onClick={onClear}>
          Throw it away
        </button>
      </div>
    </section>
  );
}
