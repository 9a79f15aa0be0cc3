// Mending the mask: with the panel's own brush, or as an instance that FiftyOne's annotation mode
// can edit, which is taken back.

import * as React from "react";
import { closeSample, openPanel, openSample, untilShown, useShowField } from "../host";
import { Key } from "../keys";
import type { MemberView } from "../types";

/** The name under which FiftyOne keeps the panel that shows the sample itself. */
const SAMPLE_PANEL = "fo-sample-modal-plugin";

const EDITABLE_MASK = "segmentation_edit";

interface Props {
  pair: MemberView;
  ready: boolean;
  onPaint: () => void;
  onMake: () => void;
  onTake: () => void;
  onClear: () => void;
}

export function Mend({ pair, ready, onPaint, onMake, onTake, onClear }: Props): React.ReactElement {
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
          <Paint pair={pair} ready={ready} onPaint={onPaint} />
          <button type="button" className="plp-button" disabled={!ready} onClick={onMake}>
            Mend it in FiftyOne's annotation mode <Key of="mend" />
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
      <h3>Mending the mask in FiftyOne's annotation mode</h3>
      <ol>
        <li>
          <button type="button" className="plp-button" onClick={() => void annotate()}>
            Open the annotation mode
          </button>
        </li>
        <li>
          Click <em>target</em> in the sidebar and paint with brush (b) or pen (p); e erases.
          FiftyOne saves by itself.
        </li>
        <li>Come back to this tab (Explore, then Pair) and take the mask over.</li>
      </ol>
      <p className="plp-faint plp-small">
        Where FiftyOne says "No labels to annotate", it has not read the field yet: tick{" "}
        <code>{EDITABLE_MASK}</code> under Explore, or reload the page. It shows TIFF images black.
        The brush of this panel needs neither.
      </p>
      <div className="plp-row">
        <Paint pair={pair} ready={ready} onPaint={onPaint} />
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

function Paint({ pair, ready, onPaint }: Pick<Props, "pair" | "ready" | "onPaint">) {
  return (
    <button
      type="button"
      className="plp-button"
      disabled={!ready || pair.no_target}
      onClick={onPaint}
    >
      Paint the mask <Key of="paint" />
    </button>
  );
}
