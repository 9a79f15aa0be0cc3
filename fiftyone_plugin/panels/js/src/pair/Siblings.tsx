// The other queries of the same image.

import * as React from "react";
import type { Sibling } from "../types";

interface Props {
  siblings: Sibling[];
  onOpen: (sampleId: string) => void;
}

export function Siblings({ siblings, onOpen }: Props): React.ReactElement | null {
  if (siblings.length < 2) return null;
  return (
    <section aria-label="Queries of this image">
      <h3>Queries of this image ({siblings.length})</h3>
      <ul className="plp-siblings">
        {siblings.map((one) => (
          <li key={one.sample_id}>
            <button
              type="button"
              className="plp-sibling"
              aria-current={one.current}
              onClick={() => onOpen(one.sample_id)}
            >
              <span className="plp-sibling-phrase">{one.phrase || "(an empty query)"}</span>
              <span className="plp-faint">
                {one.findings ? `${one.findings} finding${one.findings === 1 ? "" : "s"}` : ""}
              </span>
              {one.verdict ? (
                <span className={`plp-chip plp-${one.verdict}`}>{one.verdict}</span>
              ) : null}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
