// The panel's looks. Colours come from FiftyOne's theme; its own are tried on dark and light.

import * as React from "react";
import { BRUSH } from "../brush/style";

const ID = "pairlens-pair-style";

const CSS = `
.plp-root {
  --plp-error: #e5484d; --plp-warning: #f0a020; --plp-info: #4c9be8;
  /* White is read on these; as text they are mixed with the theme's. */
  --plp-keep: #1e7a46; --plp-drop: #b92b4f; --plp-fix: #2f5fc4; --plp-unsure: #7a4fb0;
  --plp-text: var(--fo-palette-text-primary); --plp-faint: var(--fo-palette-text-secondary);
  --plp-line: var(--fo-palette-divider);
  --plp-card: var(--fo-palette-background-level1);
  --plp-page: var(--fo-palette-background-mediaSpace);
  --plp-accent: var(--fo-palette-primary-plainColor);
  container: pair / inline-size;
  box-sizing: border-box; height: 100%; overflow-y: auto; padding: 14px 18px 0;
  display: flex; flex-direction: column; gap: 12px;
  color: var(--plp-text); font-size: 14px; line-height: 1.45; text-align: left;
}
.plp-root *, .plp-root *::before { box-sizing: border-box; }
.plp-root h3 { margin: 0 0 6px; font-size: 12px; font-weight: 600; letter-spacing: .04em;
  text-transform: uppercase; color: var(--plp-faint); }
.plp-root p, .plp-root ul, .plp-root ol { margin: 0; padding: 0; }
.plp-root ul { list-style: none; }
.plp-faint { color: var(--plp-faint); }
.plp-small { font-size: 13px; }
.plp-cut { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 0; }
.plp-row { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; min-width: 0; }
.plp-spread { justify-content: space-between; align-items: flex-start; flex-wrap: nowrap; }
.plp-root kbd { font: 11px/1 ui-monospace, monospace; padding: 2px 5px; border-radius: 4px;
  border: 1px solid var(--plp-line); color: var(--plp-faint); background: transparent; }
.plp-button, .plp-verdict { font: inherit; color: inherit; cursor: pointer; border-radius: 6px;
  border: 1px solid var(--plp-line); background: var(--plp-card); padding: 5px 10px;
  max-width: 100%; white-space: nowrap; }
.plp-button { font-size: 13px; }
.plp-button:hover:not(:disabled), .plp-sibling:hover, .plp-finding:hover, .plp-tile:hover {
  border-color: var(--plp-accent); }
.plp-root button:disabled { opacity: .45; cursor: default; }
.plp-root :focus-visible { outline: 2px solid var(--plp-text); outline-offset: 2px; }
.plp-button[aria-pressed="true"] { border-color: var(--plp-accent); }
.plp-primary { border-color: var(--plp-fix); background: var(--plp-fix); color: #fff; }
.plp-primary kbd { color: #fff; border-color: rgba(255,255,255,.5); }
.plp-danger { border-color: var(--plp-drop); --plp-tone: var(--plp-drop); }
.plp-danger, .plp-good, .plp-bad, .plp-failure, .plp-chip, .plp-severity, .plp-diff del, .plp-diff ins {
  color: color-mix(in srgb, var(--plp-tone) 45%, var(--plp-text)); }
.plp-root ::placeholder { color: var(--plp-faint); opacity: 1; }

.plp-header { display: flex; flex-wrap: wrap; gap: 8px 14px; align-items: center;
  justify-content: space-between; padding-bottom: 10px; border-bottom: 1px solid var(--plp-line); }
.plp-place { display: flex; flex-wrap: wrap; gap: 6px 12px; align-items: center; flex: 1 1 300px;
  min-width: 0; font-size: 13px; }
.plp-place strong { font-size: 15px; font-variant-numeric: tabular-nums; }
.plp-progress { flex: 1 1 80px; max-width: 180px; height: 6px; border-radius: 3px;
  overflow: hidden; background: var(--plp-line); }
.plp-progress span { display: block; height: 100%; background: var(--plp-keep); }
.plp-reviewer { display: flex; gap: 6px; align-items: center; }
.plp-reviewer input { font: inherit; color: inherit; width: 8em; padding: 3px 6px;
  border: 1px solid transparent; border-bottom-color: var(--plp-line); background: transparent; }

.plp-pair { display: flex; flex-direction: column; gap: 14px; flex: 1 0 auto; }
.plp-query { min-width: 0; flex: 1; }
.plp-root .plp-phrase { font-size: 22px; line-height: 1.35; font-weight: 500;
  overflow-wrap: anywhere; }
.plp-root .plp-phrase-small { font-size: 15px; }
.plp-members { list-style: none; display: flex; flex-direction: column; gap: 10px; }
.plp-member { display: flex; flex-direction: column; gap: 6px; padding: 8px 10px;
  border: 1px solid var(--plp-line); border-radius: 8px; }
.plp-member[aria-current="true"] { border-color: var(--plp-accent); }
.plp-member[data-ticked="false"]:not(:only-child) { border-style: dashed; }
.plp-member:only-child { border: none; padding: 0; }
.plp-member-text { flex: 1; min-width: 0; cursor: pointer; }
.plp-suggested { display: flex; gap: 8px; align-items: flex-start; justify-content: space-between;
  padding: 6px 8px; border-radius: 6px; font-size: 13px;
  background: color-mix(in srgb, var(--plp-fix) 12%, transparent); }
.plp-diff { min-width: 0; overflow-wrap: anywhere; }
.plp-diff del { --plp-tone: var(--plp-drop); }
.plp-diff ins { --plp-tone: var(--plp-keep); font-weight: 600; }
.plp-beside { display: grid; grid-template-columns: 1fr 1fr; gap: 10px; align-items: start; }
.plp-counterpart { align-self: start; }
.plp-mark { color: inherit; border-radius: 3px; padding: 0 2px; margin: 0 -2px;
  background: color-mix(in srgb, var(--plp-tone) 24%, transparent);
  box-shadow: inset 0 -2px var(--plp-tone); }
.plp-dimmed { background: transparent; box-shadow: inset 0 -1px var(--plp-tone); }
.plp-error { --plp-tone: var(--plp-error); } .plp-warning { --plp-tone: var(--plp-warning); }
.plp-info { --plp-tone: var(--plp-info); }
.plp-keep { --plp-tone: var(--plp-keep); } .plp-drop { --plp-tone: var(--plp-drop); }
.plp-fix { --plp-tone: var(--plp-fix); } .plp-unsure { --plp-tone: var(--plp-unsure); }
.plp-tag { font-size: 11px; padding: 1px 6px; border-radius: 8px; color: #fff;
  background: var(--plp-fix); }
.plp-editor { display: flex; flex-direction: column; gap: 8px; }
.plp-input { font: inherit; color: inherit; width: 100%; padding: 7px 10px; border-radius: 6px;
  border: 1px solid var(--plp-line); background: var(--plp-card); resize: vertical; }

.plp-columns { display: grid; gap: 18px; grid-template-columns: minmax(0, 1fr); }
.plp-column { display: flex; flex-direction: column; gap: 16px; min-width: 0; }
.plp-column > div > .plp-picture { width: min(100%, 60vh * var(--plp-ratio)); margin: 0 auto; }
.plp-still > div > .plp-picture { width: min(100%, 36vh * var(--plp-ratio)); }
.plp-legend:empty { display: none; }
@container pair (min-width: 560px) {
  .plp-columns { grid-template-columns: minmax(0, 1.15fr) minmax(260px, 1fr); }
}
@container pair (max-width: 559px) {
  .plp-column > div > .plp-picture { width: min(100%, 32vh * var(--plp-ratio)); }
}
.plp-picture { position: relative; overflow: hidden; width: 100%; border-radius: 6px;
  background: var(--plp-page); }
.plp-stretched { position: absolute; }
.plp-stretched > img, .plp-stretched > canvas, .plp-stretched > svg { position: absolute;
  inset: 0; width: 100%; height: 100%; display: block; }
.plp-stretched > canvas { image-rendering: pixelated; }
.plp-missing { position: absolute; inset: 40% 10% auto; text-align: center; color: #fff;
  background: rgba(0,0,0,.65); border-radius: 6px; padding: 6px; }
.plp-shape { fill: none; stroke-width: 2px; vector-effect: non-scaling-stroke; }
.plp-shape * { vector-effect: non-scaling-stroke; fill: none; stroke-width: 2px; }
.plp-mask_box { stroke: #fff; stroke-dasharray: none; stroke-width: 1.5px; }
.plp-mask_center { stroke: #fff; filter: drop-shadow(0 0 1px #000); }
.plp-named_region { stroke: #2fd3e6; stroke-dasharray: 7 5; }
.plp-shape .plp-soft { fill: #2fd3e6; fill-opacity: .22; stroke: none; }
.plp-leaked_box, .plp-leaked_point { stroke: #ff4fb0; stroke-dasharray: 3 3; }
.plp-text_box { stroke: #ffd23f; filter: drop-shadow(0 0 1px #000); }
.plp-texts { list-style: none; display: flex; flex-direction: column; gap: 6px; }
.plp-text { display: flex; flex-direction: column; gap: 4px; padding: 6px 10px; cursor: pointer;
  border: 1px solid var(--plp-line); border-radius: 8px; scroll-margin: 60px 0 170px; }
.plp-text[aria-current="true"] { border-color: var(--plp-accent); cursor: default; }
.plp-about { box-shadow: inset 4px 0 var(--plp-tone); }
.plp-text[data-removed="true"] .plp-said { text-decoration: line-through; }
.plp-root .plp-text-head { display: flex; flex-wrap: wrap; gap: 2px 8px; font-size: 12px; }
.plp-text-state { display: inline-flex; gap: 6px; margin-left: auto; }
.plp-tag-drop { background: #b23148; }
.plp-root .plp-said { overflow-wrap: anywhere; white-space: pre-wrap; }
.plp-who { display: inline-block; min-width: 1.6em; font-weight: 700; color: var(--plp-faint); }
.plp-was { display: block; }
.plp-field { display: flex; flex-direction: column; gap: 2px; font-size: 13px; flex: 1; }
.plp-short { max-width: 6em; }
@container pair (min-width: 760px) { .plp-still { position: sticky; top: 0; align-self: start; } }
.plp-tools { margin-top: -8px; }
.plp-tools .plp-legend { margin: 0 0 0 auto !important; }
.plp-key { font-size: 12px; margin-top: -8px !important; }
.plp-line { height: 0 !important; width: 16px !important; vertical-align: middle;
  border-top: 2px solid; background: none !important; }
.plp-line.plp-named_region { color: #2fd3e6; border-top-style: dashed; }
.plp-line.plp-mask_box, .plp-line.plp-mask_center { color: currentColor; }
.plp-line.plp-mask_center { border-top-style: double; border-top-width: 3px; }
.plp-line.plp-leaked_box, .plp-line.plp-leaked_point { color: #ff4fb0; border-top-style: dotted; }

.plp-findings, .plp-siblings { display: flex; flex-direction: column; gap: 6px; }
.plp-finding, .plp-sibling, .plp-tile { font: inherit; color: inherit; text-align: left;
  width: 100%; cursor: pointer; border: 1px solid var(--plp-line); border-radius: 6px;
  background: var(--plp-card); }
.plp-finding { display: block; padding: 8px 10px; border-left: 4px solid var(--plp-tone); }
.plp-finding[aria-pressed="true"] { border-color: var(--plp-tone); }
.plp-finding-head { display: flex; gap: 8px; align-items: baseline; font-size: 12px; }
.plp-severity { font-weight: 700; text-transform: uppercase; font-size: 11px; letter-spacing: .04em; }
.plp-check { font-weight: 600; font-size: 13px; flex: 1; }
.plp-note { display: block; margin-top: 2px; overflow-wrap: anywhere; }

.plp-masks { display: grid; gap: 10px; grid-template-columns: repeat(auto-fill, minmax(130px, 1fr)); }
.plp-masks li { display: flex; flex-direction: column; gap: 6px; min-width: 0; }
.plp-tile { padding: 0; overflow: hidden; }
.plp-tile[aria-pressed="true"] { border-color: var(--plp-accent); }
.plp-tile .plp-picture { border-radius: 0; }
.plp-tile-text { display: flex; gap: 6px; justify-content: space-between; padding: 5px 8px;
  font-size: 12px; }
.plp-tile-text strong { white-space: nowrap; font-variant-numeric: tabular-nums; }
.plp-legend { display: flex; flex-wrap: wrap; gap: 4px 14px; margin-top: 6px !important;
  font-size: 12px; color: var(--plp-faint); }
.plp-legend i { display: inline-block; width: 10px; height: 10px; border-radius: 2px; }

.plp-siblings { max-height: 240px; overflow-y: auto; padding: 2px; }
.plp-sibling { display: flex; gap: 8px; align-items: baseline; padding: 5px 10px; font-size: 13px; }
.plp-sibling[aria-current="true"] { border-color: var(--plp-accent); }
.plp-sibling-phrase { flex: 1; min-width: 0; overflow-wrap: anywhere; }
.plp-chip { font-size: 11px; font-weight: 600; }
.plp-unmended { margin-top: -6px; }
.plp-mend { border: 1px solid var(--plp-fix); border-radius: 8px; padding: 10px 12px; }
.plp-mend ol, .plp-history ol { padding-left: 20px; margin: 4px 0 10px; }
.plp-mend ol, .plp-history ol { list-style: decimal; }
.plp-mend li { margin: 4px 0; }
.plp-root summary { cursor: pointer; font-size: 12px; color: var(--plp-faint); }
.plp-history { font-size: 13px; }

.plp-decide { position: sticky; bottom: 0; z-index: 2; display: flex; flex-direction: column;
  gap: 8px; margin: auto -18px 0; padding: 12px 18px; border-top: 1px solid var(--plp-line);
  background: var(--plp-page); }
.plp-verdicts { display: grid; grid-template-columns: repeat(4, minmax(max-content, 1fr)); gap: 6px; }
.plp-verdict { padding: 9px 3px; font-weight: 600; text-align: center;
  border-color: var(--plp-tone);
  background: color-mix(in srgb, var(--plp-tone) 16%, transparent); }
.plp-verdict kbd { color: inherit; }
.plp-verdict:hover:not(:disabled) { background: color-mix(in srgb, var(--plp-tone) 32%, transparent); }
.plp-verdict[aria-pressed="true"] { background: var(--plp-tone); color: #fff; }
.plp-verdict[aria-pressed="true"] kbd { color: #fff; border-color: rgba(255,255,255,.5); }
.plp-status { display: flex; flex-wrap: wrap; min-height: 1.45em; font-size: 13px; overflow-wrap: anywhere; }
@container pair (min-width: 560px) {
  .plp-decide { display: grid; grid-template-columns: minmax(0, 1.15fr) minmax(260px, 1fr);
    gap: 8px 18px; }
  .plp-decide > .plp-conflict, .plp-decide > .plp-status { grid-column: 1 / -1; }
}
.plp-status > :first-child:not(:empty) { margin-right: 12px; }
.plp-good { --plp-tone: var(--plp-keep); } .plp-bad, .plp-failure { --plp-tone: var(--plp-error); }
.plp-conflict { display: flex; flex-direction: column; gap: 6px; padding: 10px 12px;
  border: 1px solid var(--plp-warning); border-radius: 8px; overflow-wrap: anywhere;
  background: color-mix(in srgb, var(--plp-warning) 12%, transparent); }
.plp-help { margin: auto; width: min(760px, 92vw); max-height: 90vh; padding: 18px 22px; border-radius: 10px;
  border: 1px solid var(--plp-line); color: var(--plp-text); background: var(--plp-page);
  font-size: 14px; }
.plp-help::backdrop { background: rgba(0,0,0,.5); }
.plp-help h2 { margin: 0; font-size: 18px; }
.plp-help-groups { columns: 3 200px; margin: 12px 0; }
.plp-help-groups section { break-inside: avoid; margin-bottom: 12px; }
.plp-help-groups li { padding: 2px 0; flex-wrap: nowrap; }
.plp-keycap { font: 13px/1 ui-monospace, monospace; color: inherit; min-width: 30px; flex: none;
  padding: 5px 7px; cursor: pointer; border-radius: 4px; border: 1px solid var(--plp-line);
  background: var(--plp-card); }
.plp-keycap:hover, .plp-keycap[aria-pressed="true"] { border-color: var(--plp-accent); }
.plp-opinions { display: flex; flex-wrap: wrap; gap: 8px; list-style: none; margin: 0; padding: 0; }
.plp-opinion { display: flex; flex-direction: column; gap: 4px; align-items: flex-start; flex: 1 1 12em;
  padding: 8px; border: 1px solid var(--fo-palette-divider); border-radius: 6px; overflow-wrap: anywhere; }
.plp-note { white-space: pre-wrap; }
`;

/** Puts the style sheet on the page, once. */
export function useStyle(): void {
  React.useLayoutEffect(() => {
    if (document.getElementById(ID)) return;
    const sheet = document.createElement("style");
    sheet.id = ID;
    sheet.textContent = CSS + BRUSH;
    document.head.append(sheet);
  }, []);
}
