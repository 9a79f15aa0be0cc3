// The thumbnails' chips: readable in both themes, whole when pointed at, information on demand, and
// not in the way of a click, which opens the sample. And
// the reports of operators, whose lines are not cut.
//
// FiftyOne colours chips by the dataset's colour scheme, which PairLens sets to colour findings by
// severity. A style sheet does what no setting does.

import { read, write } from "./stored";

const STORED = "pairlens.info_chips";
const SHOWN = "pairlens-info";
const CHANGED = "pairlens-grid";
const INFO = "rgb(42, 106, 150)"; // that of importers/app_view.py, as it stands in the page

const CHIP = '[data-cy="looker"] [data-cy^="tag-"]';
const FINDING = '[data-cy="tag-findings"]';
const TEXT = ':is([data-cy="tag-phrase"], [data-cy="tag-caption"])';

const CSS = `
${CHIP} { color: #fff; pointer-events: none; }
${CHIP}:is(${TEXT}) { white-space: normal; text-align: left; padding: 2px 5px;
  display: -webkit-inline-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; }
[data-cy="looker"]:hover ${TEXT} { -webkit-line-clamp: none; }
${CHIP}[title="findings: image_missing"] { display: none; }
.MuiDialog-root pre, .MuiDialog-root pre > code { white-space: pre-wrap !important;
  overflow-wrap: anywhere; }
:root:not(.${SHOWN}) ${FINDING}[style*="${INFO}"] { display: none; }
`;

/** Whether chips of severity info are on the thumbnails of this browser. */
export function showsInfo(): boolean {
  return read(STORED) !== null;
}

/** Shows or hides the chips of severity info. */
export function showInfo(shown: boolean): void {
  write(STORED, shown ? "shown" : null);
  document.documentElement.classList.toggle(SHOWN, shown);
  window.dispatchEvent(new Event(CHANGED));
}

/** Calls back when that changes; gives what ends it. */
export function onShownInfo(changed: () => void): () => void {
  window.addEventListener(CHANGED, changed);
  return () => window.removeEventListener(CHANGED, changed);
}

/** Puts the style sheet on the page. */
export function styleGrid(): void {
  const sheet = document.createElement("style");
  sheet.textContent = CSS;
  document.head.append(sheet);
  document.documentElement.classList.toggle(SHOWN, showsInfo());
}
