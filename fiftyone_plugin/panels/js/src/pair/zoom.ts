// The part of an image around a target.

import type * as React from "react";

import type { Shape } from "../types";

export interface Part {
  x: number;
  y: number;
  w: number;
  h: number;
}

/** Margin around the box, as a share of it, and the smallest part shown. */
const MARGIN = 0.75;
const SMALLEST = 0.12;

/** A part as wide as it is high (in shares of the image) that holds the mask's box, or null. */
export function around(shapes: Shape[]): Part | null {
  const box = shapes.find((shape) => shape.role === "mask_box");
  if (!box || box.type !== "rect") return null;
  const side = Math.min(1, Math.max(SMALLEST, (1 + 2 * MARGIN) * Math.max(box.w, box.h)));
  const within = (center: number) => Math.min(1 - side, Math.max(0, center - side / 2));
  return { x: within(box.x + box.w / 2), y: within(box.y + box.h / 2), w: side, h: side };
}

/** How the whole image lies in a frame that shows a part of it. */
export function stretched(part: Part): React.CSSProperties {
  return {
    width: `${100 / part.w}%`,
    height: `${100 / part.h}%`,
    left: `${(-100 * part.x) / part.w}%`,
    top: `${(-100 * part.y) / part.h}%`,
  };
}
