// The panel's keys. None of them is one of FiftyOne's for images: those are the arrows, Esc,
// Shift, the backtick, + - = _ / ? and c f j p r s x z; its annotation mode has more.

import * as React from "react";
import { useAnnotating } from "../host";

export const KEYS: [string, string][] = [
  ["1", "keep"],
  ["2", "drop"],
  ["3", "fix"],
  ["4", "unsure"],
  ["e", "edit the query"],
  ["n", "write a note"],
  ["u", "undo"],
  ["y", "redo"],
  [",", "previous pair"],
  [".", "next pair"],
  ["o", "show or hide the overlays"],
  ["w", "whole image or target"],
  ["m", "mend the mask"],
];

export function Key({ name }: { name: string }): React.ReactElement {
  return <kbd aria-hidden="true">{name}</kbd>;
}

function isTyping(): boolean {
  const focused = document.activeElement;
  if (!(focused instanceof HTMLElement)) return false;
  return focused.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(focused.tagName);
}

/** Listens for keys while nobody types and no other dialog of the App lies over the panel. */
export function useKeys(actions: Record<string, () => void>): void {
  const annotating = useAnnotating();
  const latest = React.useRef(actions);
  latest.current = actions;
  React.useEffect(() => {
    if (annotating) return undefined;
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
      // FiftyOne marks Escape as dealt with also where it does nothing with it.
      if (event.defaultPrevented && event.key !== "Escape") return;
      if (isTyping() || isCovered()) return;
      const action = latest.current[event.key];
      if (!action) return;
      event.preventDefault();
      action();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [annotating]);
}

/** Whether one of the App's own dialogs is open, such as an operator's form. */
function isCovered(): boolean {
  return document.querySelector(".MuiDialog-root, .MuiPopover-root") !== null;
}

export function Shortcuts(): React.ReactElement {
  return (
    <details className="plp-keys">
      <summary>Keys</summary>
      <dl>
        {KEYS.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <Key name={key} />
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p className="plp-faint">
        Keys rest while you type and in FiftyOne's annotation mode. Tab goes from one control to
        the next.
      </p>
    </details>
  );
}
