// Ground truth and predictions side by side, with their IoU.

import * as React from "react";
import { LEGEND } from "./masks";
import { Picture } from "./Picture";
import type { MaskView, MemberView } from "../types";

interface Props {
  pair: MemberView;
  chosen: MaskView | null;
  ready: boolean;
  onChoose: (mask: MaskView) => void;
  onUse: (mask: MaskView) => void;
}

export function Compare({ pair, chosen, ready, onChoose, onUse }: Props): React.ReactElement {
  const truth = pair.masks.find((mask) => mask.role === "truth") ?? null;
  return (
    <section aria-label="Masks">
      <h3>Masks</h3>
      <ul className="plp-masks">
        {pair.masks.map((mask) => (
          <li key={mask.field + mask.role} data-field={mask.field}>
            <button
              type="button"
              className="plp-tile"
              aria-pressed={mask === chosen}
              onClick={() => onChoose(mask)}
            >
              <Picture
                pair={pair}
                mask={mask}
                truth={truth}
                shapes={[]}
                label={`${mask.label} on the image`}
              />
              <span className="plp-tile-text">
                <span className="plp-cut" title={mask.label}>
                  {mask.label}
                </span>
                <strong>{about(mask)}</strong>
              </span>
            </button>
            {mask.role === "prediction" ? (
              <button
                type="button"
                className="plp-button"
                disabled={!ready || !mask.usable}
                onClick={() => onUse(mask)}
              >
                Use as the mask
              </button>
            ) : null}
          </li>
        ))}
      </ul>
      {pair.masks.some((mask) => mask.role === "prediction") ? <Legend /> : null}
    </section>
  );
}

function about(mask: MaskView): string {
  if (mask.path === null) return "no mask";
  if (mask.iou !== null) return `IoU ${mask.iou.toFixed(2)}`;
  return mask.area === null ? "" : `${mask.area.toLocaleString("en")} px`;
}

function Legend(): React.ReactElement {
  const meanings: [string, string][] = [
    [LEGEND.both, "both"],
    [LEGEND.missed, "ground truth only"],
    [LEGEND.extra, "prediction only"],
  ];
  return (
    <p className="plp-legend">
      {meanings.map(([color, meaning]) => (
        <span key={meaning}>
          <i style={{ background: color }} /> {meaning}
        </span>
      ))}
    </p>
  );
}
