// The panel's looks, in the App's own colours, dark and light.

export const STYLE = `
.plc { height: 100%; overflow-y: auto; box-sizing: border-box; padding: 14px 16px 32px;
  font-size: 13px; line-height: 1.45; color: var(--fo-palette-text-primary); container-type: inline-size; }
.plc *, .plc *::before { box-sizing: border-box; }
.plc button, .plc input, .plc select { font: inherit; color: inherit; }
.plc button { cursor: pointer; background: none; border: 0; padding: 0; text-align: left; }
.plc button:disabled { cursor: default; }
.plc :focus-visible { outline: 2px solid var(--fo-palette-text-primary); outline-offset: 1px; }
.plc ::placeholder { color: var(--fo-palette-text-secondary); opacity: 1; }
.plc small, .plc .plc-dim { color: var(--fo-palette-text-secondary); font-size: 12px; }
.plc-head { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: baseline; margin-bottom: 10px; }
.plc-head h2 { font-size: 16px; font-weight: 600; margin: 0; overflow-wrap: anywhere; }
.plc-head .plc-dim { flex: 1; min-width: 12em; }
.plc-bulk { display: flex; flex-wrap: wrap; gap: 6px 10px; align-items: center; margin: 6px 0; }
.plc-begin { display: flex; flex-wrap: wrap; gap: 6px 12px; align-items: center; margin: 10px 0; }
.plc-begin .plc-main { font-size: 15px; padding: 8px 16px; }
.plc-steps { display: flex; flex-wrap: wrap; gap: 6px; margin-bottom: 12px; }
.plc .plc-button { border: 1px solid var(--fo-palette-divider); border-radius: 6px; padding: 4px 11px;
  background: var(--fo-palette-background-level2); white-space: nowrap; }
.plc .plc-button:hover:not(:disabled) { border-color: var(--fo-palette-text-tertiary, #888); }
.plc .plc-button:disabled { opacity: .45; }
.plc .plc-main { background: var(--fo-palette-primary-main, #ff6d04); border-color: transparent; color: #1a0d00; font-weight: 600; }
.plc .plc-link { color: var(--fo-palette-text-secondary); padding: 2px 4px; border-radius: 4px; }
.plc .plc-link:hover { color: var(--fo-palette-text-primary); background: var(--fo-palette-background-level2); }
.plc-advice { display: flex; gap: 12px; align-items: center; padding: 9px 12px; margin-bottom: 8px; border-radius: 8px;
  background: var(--fo-palette-background-level1); border-left: 3px solid var(--fo-palette-primary-main, #ff6d04); }
.plc-advice span { flex: 1; overflow-wrap: anywhere; }
.plc-shown { display: flex; gap: 10px; align-items: center; padding: 6px 12px; margin-bottom: 12px; border-radius: 8px;
  background: var(--fo-palette-background-level1); position: sticky; top: -6px; z-index: 2; box-shadow: 0 2px 8px #0005; }
.plc-shown b { font-weight: 600; overflow-wrap: anywhere; }
.plc-shown span { flex: 1; min-width: 0; }
.plc-cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(112px, 1fr)); gap: 8px; margin-bottom: 12px; }
.plc .plc-card { border: 1px solid transparent; background: var(--fo-palette-background-level1); border-radius: 8px; padding: 8px 12px; min-width: 0; }
.plc .plc-card:hover { border-color: var(--fo-palette-text-tertiary, #888); }
.plc-card b { font-size: 20px; margin-right: 7px; line-height: 1.25; font-weight: 600; font-variant-numeric: tabular-nums; }
.plc-card span { color: var(--fo-palette-text-secondary); font-size: 12px; display: flex; gap: 6px; align-items: center; white-space: nowrap; }
.plc-card i, .plc-key i { width: 9px; height: 9px; border-radius: 2px; flex: none; display: inline-block; }
.plc-on, .plc .plc-card.plc-on { background: var(--fo-palette-background-level3, #333); box-shadow: inset 0 0 0 1px var(--fo-palette-primary-main, #ff6d04); }
.plc-grid { display: grid; grid-template: "sessions" "findings" "rest" / minmax(0, 1fr); gap: 12px; align-items: start; }
.plc-rest { grid-area: rest; display: grid; gap: 12px; }
@container (min-width: 760px) { .plc-grid { grid-template: "findings sessions" auto "findings rest" 1fr / minmax(0, 1fr) minmax(0, 1fr); } }
.plc-section { background: var(--fo-palette-background-level1); border: 1px solid var(--fo-palette-divider); border-radius: 10px; padding: 11px 12px 10px; min-width: 0; }
.plc-section > header { display: flex; align-items: center; gap: 8px; margin-bottom: 7px; }
.plc-section h3 { font-size: 13px; font-weight: 600; margin: 0; flex: 1; }
.plc-section h4 { font-size: 12px; font-weight: 500; margin: 12px 0 4px; color: var(--fo-palette-text-secondary); }
.plc .plc-row { display: grid; grid-template-columns: minmax(96px, 38%) 1fr minmax(3.4em, auto); gap: 10px; align-items: center;
  width: 100%; padding: 1px 6px; border-radius: 5px; }
.plc .plc-row:hover { background: var(--fo-palette-background-level2); }
.plc-label { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.plc-track { height: 11px; border-radius: 3px; background: var(--fo-palette-background-level3, #2a2a2a); overflow: hidden; display: block; }
.plc-track > span { display: flex; height: 100%; border-radius: 3px; overflow: hidden; }
.plc-track > span > span { flex-basis: 0; }
.plc-reliability { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; margin-bottom: 4px; }
.plc-reliability svg { flex: none; }
.plc-reliability rect { fill: none; stroke: var(--fo-palette-divider); }
.plc-reliability line { stroke: var(--fo-palette-text-secondary); stroke-dasharray: 3 3; }
.plc-reliability polyline { fill: none; stroke: #8a7fd6; stroke-width: 1.5; }
.plc-reliability circle { fill: #8a7fd6; }
.plc-reliability table { border-collapse: collapse; color: inherit; font: inherit; font-variant-numeric: tabular-nums; }
.plc-reliability th { font-weight: 500; font-size: 12px; color: var(--fo-palette-text-secondary); }
.plc-reliability th, .plc-reliability td { text-align: right; padding: 0 0 0 12px; white-space: nowrap; }
.plc-number { text-align: right; font-variant-numeric: tabular-nums; }
.plc-stack { display: flex; height: 16px; border-radius: 4px; overflow: hidden; gap: 1px; background: var(--fo-palette-background-level3, #2a2a2a); }
.plc-stack button { flex-basis: 0; min-width: 3px; height: 100%; }
.plc-stack button[hidden] { display: none; }
.plc-legend { display: flex; flex-wrap: wrap; gap: 2px 4px; margin-top: 6px; }
.plc .plc-key { display: inline-flex; gap: 6px; align-items: center; padding: 2px 7px; border-radius: 5px; }
.plc .plc-key:hover { background: var(--fo-palette-background-level2); }
.plc-key b { font-weight: 600; font-variant-numeric: tabular-nums; }
.plc-columns { display: flex; align-items: flex-end; gap: 1px; position: relative; border-bottom: 1px solid var(--fo-palette-divider); margin-top: 14px; }
.plc-most { position: absolute; top: -15px; left: 0; font-size: 11px; color: var(--fo-palette-text-secondary); }
.plc .plc-column { flex: 1; height: 100%; display: flex; align-items: flex-end; min-width: 0; border-radius: 2px 2px 0 0; }
.plc .plc-column:hover:not(:disabled) { background: var(--fo-palette-background-level2); }
.plc-column span { display: block; width: 100%; border-radius: 2px 2px 0 0; }
.plc-axis { display: flex; justify-content: space-between; font-size: 11px; color: var(--fo-palette-text-secondary); margin-top: 3px; font-variant-numeric: tabular-nums; }
.plc-read { font-size: 12px; color: var(--fo-palette-text-secondary); margin-top: 4px; }
.plc-session { padding: 9px 0 8px; border-top: 1px solid var(--fo-palette-divider); }
.plc-session:first-of-type { border-top: 0; padding-top: 2px; }
.plc-line { display: flex; flex-wrap: wrap; gap: 6px 8px; align-items: center; }
.plc-line > .plc-name { flex: 1; min-width: 10em; font-weight: 600; overflow-wrap: anywhere; }
.plc-session .plc-track { margin: 6px 0 5px; }
.plc-tools { display: flex; flex-wrap: wrap; gap: 2px 6px; margin: 4px -4px 0; }
.plc-form { display: grid; grid-template-columns: auto 1fr; gap: 7px 10px; align-items: center; padding: 4px 0 10px; }
.plc-form label.plc-wide, .plc-form .plc-line { grid-column: 1 / -1; }
.plc-form input:not([type=checkbox]), .plc select, .plc-inline input { min-width: 0; width: 100%; padding: 4px 8px; border-radius: 6px;
  border: 1px solid var(--fo-palette-divider); background: var(--fo-palette-background-level2); }
.plc select option, .plc select optgroup { background: var(--fo-palette-background-level2, #222); color: var(--fo-palette-text-primary); }
.plc-section > header select { width: auto; max-width: 60%; padding: 2px 6px; font-size: 12px; }
.plc-inline { display: flex; gap: 6px; margin-top: 6px; }
.plc-table { border-collapse: collapse; width: 100%; margin-bottom: 6px; font-variant-numeric: tabular-nums; }
.plc-table th { font-weight: 400; text-align: left; overflow-wrap: anywhere; }
.plc-table td, .plc-table thead th:not(:first-child) { text-align: right; padding: 1px 0 1px 10px; }
.plc-section p { margin: 2px 0; overflow-wrap: anywhere; }
.plc-empty { color: var(--fo-palette-text-secondary); padding: 2px 0; }
`;
