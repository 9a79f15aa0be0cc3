// A mask that is being painted, on a canvas of its size.

import { IGNORED, isEdge, TRUTH } from "../pair/masks";
import type { Painting } from "./painting";
import { clip, type Rect } from "./pixels";

/** Draws a part of a mask, with the line around the target. */
export function draw(canvas: HTMLCanvasElement, painting: Painting, touched: Rect): void {
  const { width, values, ignored } = painting;
  const { x0, y0, x1, y1 } = clip(painting, {
    x0: touched.x0 - 1,
    y0: touched.y0 - 1,
    x1: touched.x1 + 1,
    y1: touched.y1 + 1,
  });
  const context = canvas.getContext("2d");
  if (!context || x0 >= x1 || y0 >= y1) return;
  const picture = context.createImageData(x1 - x0, y1 - y0);
  const { data } = picture;
  let to = 0;
  for (let y = y0; y < y1; y++) {
    for (let x = x0; x < x1; x++, to += 4) {
      const i = y * width + x;
      const color = values[i] ? TRUTH : ignored?.values[i] ? IGNORED : null;
      if (color === null) continue;
      data[to] = color[0];
      data[to + 1] = color[1];
      data[to + 2] = color[2];
      data[to + 3] = color === TRUTH && isEdge(painting, i) ? 255 : color[3];
    }
  }
  context.putImageData(picture, x0, y0);
}
