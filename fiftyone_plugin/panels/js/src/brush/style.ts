// The looks of the editor of a mask, with the variables of the panel's style.

export const BRUSH = `
.plp-brush { display: flex; flex-direction: column; gap: 10px; }
.plp-stage { align-self: center; touch-action: none; cursor: crosshair; user-select: none; }
.plp-stage[data-panning="true"] { cursor: grab; }
.plp-stage img { image-rendering: pixelated; }
.plp-size { display: inline-flex; gap: 6px; align-items: center; font-size: 13px; }
.plp-size output { min-width: 4.5em; text-align: center; font-variant-numeric: tabular-nums; }
.plp-cursor circle, .plp-corners * { fill: none; vector-effect: non-scaling-stroke; }
.plp-cursor circle { stroke: #000; stroke-width: 3px; }
.plp-cursor circle + circle { stroke: #fff; stroke-width: 1.5px; }
.plp-corners polygon { stroke: #fff; stroke-width: 2px; fill: rgba(255, 255, 255, .2);
  filter: drop-shadow(0 0 1px #000); }
.plp-corners circle { stroke: #000; fill: #fff; stroke-width: 1px; }
`;
