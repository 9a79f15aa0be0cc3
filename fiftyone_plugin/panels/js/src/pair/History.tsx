// What was decided on the pair before.

import * as React from "react";
import { when } from "./Decide";
import type { HistoryEntry } from "../types";

export function History({ history }: { history: HistoryEntry[] }): React.ReactElement | null {
  if (history.length === 0) return null;
  return (
    <details className="plp-history">
      <summary>History ({history.length})</summary>
      <ol>
        {history.map((event, index) => (
          <li key={index}>
            <strong>{told(event)}</strong>{" "}
            <span className="plp-faint">
              {event.reviewer ?? "unknown"}, {when(event.time)}
              {event.session ? `, ${event.session}` : ""}
            </span>
          </li>
        ))}
      </ol>
    </details>
  );
}

function told(event: HistoryEntry): string {
  const verdicts = `${event.was ?? "pending"} → ${event.verdict ?? "pending"}`;
  const more = [
    event.kind === "set" ? "" : event.kind,
    event.phrase_changed ? "query edited" : "",
    event.mask_changed ? "mask changed" : "",
  ].filter(Boolean);
  return [verdicts, ...more].join(", ");
}
