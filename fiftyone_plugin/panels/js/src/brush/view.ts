// The part of the image that is seen, in fractions of it; it is as wide as it is high.

import type { Part } from "../pair/zoom";
import type { Point } from "./pixels";

export const WHOLE: Part = { x: 0, y: 0, w: 1, h: 1 };
const SMALLEST = 1 / 64;

/** Another part of the same size or, with a side, of another one. */
function at(x: number, y: number, side: number): Part {
  const within = (start: number) => Math.min(1 - side, Math.max(0, start));
  return { x: within(x), y: within(y), w: side, h: side };
}

/** Closer by a factor around a point of the part, which stays where it is. */
export function zoomed(part: Part, around: Point, factor: number): Part {
  const side = Math.min(1, Math.max(SMALLEST, part.w / factor));
  const [gainX, gainY] = [part.w - side, part.h - side];
  return at(part.x + around.x * gainX, part.y + around.y * gainY, side);
}

/** Moved by fractions of the part. */
export function moved(part: Part, dx: number, dy: number): Part {
  return at(part.x + dx * part.w, part.y + dy * part.h, part.w);
}
