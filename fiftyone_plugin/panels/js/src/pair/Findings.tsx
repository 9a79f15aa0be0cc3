// What the checks found about the pair; a finding can be held to see its evidence alone.

import * as React from "react";
import type { FindingView } from "../types";

interface Props {
  findings: FindingView[];
  active: FindingView | null;
  onHold: (finding: FindingView | null) => void;
}

export function Findings({ findings, active, onHold }: Props): React.ReactElement {
  return (
    <div role="group" aria-label="Findings">
      {findings.length === 0 ? <p className="plp-faint plp-small">No findings.</p> : null}
      <ul className="plp-findings">
        {findings.map((finding, index) => (
          <li key={index}>
            <button
              type="button"
              className={`plp-finding plp-${finding.severity}`}
              aria-pressed={finding === active}
              title={finding.about}
              onClick={() => onHold(finding === active ? null : finding)}
            >
              <span className="plp-finding-head">
                <span className="plp-severity">{finding.severity}</span>
                <span className="plp-check">{finding.check.replaceAll("_", " ")}</span>
                {finding.score === null ? null : (
                  <span className="plp-faint">score {finding.score.toFixed(2)}</span>
                )}
              </span>
              <span className="plp-note">{finding.note}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
