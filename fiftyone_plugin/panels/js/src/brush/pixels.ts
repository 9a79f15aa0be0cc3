// What the tools do to the pixels of a mask. A pixel (x, y) has its centre at (x + 0.5, y + 0.5).

export interface Point {
  x: number;
  y: number;
}

/** Whole pixels, the last ones excluded. */
export interface Rect {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** A mask of 0 and 1, row by row. */
export interface Bitmap {
  readonly width: number;
  readonly height: number;
  readonly values: Uint8Array;
}

export type Value = 0 | 1;

export function whole({ width, height }: Bitmap): Rect {
  return { x0: 0, y0: 0, x1: width, y1: height };
}

/** The smallest rectangle that holds both. */
export function union(a: Rect | null, b: Rect): Rect {
  if (a === null) return b;
  return {
    x0: Math.min(a.x0, b.x0),
    y0: Math.min(a.y0, b.y0),
    x1: Math.max(a.x1, b.x1),
    y1: Math.max(a.y1, b.y1),
  };
}

/** The pixels of a bitmap that a rectangle touches. */
export function clip({ width, height }: Bitmap, { x0, y0, x1, y1 }: Rect): Rect {
  const within = (value: number, most: number) => Math.min(most, Math.max(0, value));
  return {
    x0: within(Math.floor(x0), width),
    y0: within(Math.floor(y0), height),
    x1: within(Math.ceil(x1), width),
    y1: within(Math.ceil(y1), height),
  };
}

/** The smallest rectangle that holds some points, with a margin. */
function around(points: Point[], margin: number): Rect {
  const xs = points.map((one) => one.x);
  const ys = points.map((one) => one.y);
  return {
    x0: Math.min(...xs) - margin,
    y0: Math.min(...ys) - margin,
    x1: Math.max(...xs) + margin,
    y1: Math.max(...ys) + margin,
  };
}

/** The centre of the pixel that a point lies in: a brush goes from pixel to pixel. */
export function centre({ x, y }: Point): Point {
  return { x: Math.floor(x) + 0.5, y: Math.floor(y) + 0.5 };
}

/** Sets the pixels whose centre is at most half the size away from a line; tells where. */
export function stroke(bitmap: Bitmap, from: Point, to: Point, size: number, value: Value): Rect {
  const radius = size / 2;
  const rect = clip(bitmap, around([from, to], radius));
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  for (let y = rect.y0; y < rect.y1; y++) {
    for (let x = rect.x0; x < rect.x1; x++) {
      const [px, py] = [x + 0.5 - from.x, y + 0.5 - from.y];
      const along = length ? Math.min(1, Math.max(0, (px * dx + py * dy) / length)) : 0;
      const [ex, ey] = [px - along * dx, py - along * dy];
      if (ex * ex + ey * ey <= radius * radius) bitmap.values[y * bitmap.width + x] = value;
    }
  }
  return rect;
}

/** Sets the pixels whose centre lies inside of a polygon, by the even-odd rule; tells where. */
export function polygon(bitmap: Bitmap, points: Point[], value: Value): Rect {
  const rect = clip(bitmap, around(points, 0));
  for (let y = rect.y0; y < rect.y1; y++) {
    const cuts = crossings(points, y + 0.5);
    for (let i = 0; i + 1 < cuts.length; i += 2) {
      const start = Math.max(0, Math.ceil(cuts[i]! - 0.5));
      const end = Math.min(bitmap.width, Math.ceil(cuts[i + 1]! - 0.5));
      if (start < end) bitmap.values.fill(value, y * bitmap.width + start, y * bitmap.width + end);
    }
  }
  return rect;
}

/** Where the sides of a polygon cross a row, from left to right. */
function crossings(points: Point[], y: number): number[] {
  const found: number[] = [];
  points.forEach((a, i) => {
    const b = points[(i + 1) % points.length]!;
    if (a.y <= y !== b.y <= y) found.push(a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x));
  });
  return found.sort((one, other) => one - other);
}

/** The part of the target that is connected with a pixel, by sides or corners; null beside it. */
export function component(bitmap: Bitmap, at: Point): Uint8Array | null {
  const { width, height, values } = bitmap;
  const [x, y] = [Math.floor(at.x), Math.floor(at.y)];
  const inside = x >= 0 && y >= 0 && x < width && y < height;
  if (!inside || !values[y * width + x]) return null;
  const found = new Uint8Array(values.length);
  const open = [y * width + x];
  found[y * width + x] = 1;
  for (let i = open.pop(); i !== undefined; i = open.pop()) {
    const [column, row] = [i % width, Math.floor(i / width)];
    for (let v = Math.max(0, row - 1); v <= Math.min(height - 1, row + 1); v++) {
      for (let u = Math.max(0, column - 1); u <= Math.min(width - 1, column + 1); u++) {
        const j = v * width + u;
        if (!values[j] || found[j]) continue;
        found[j] = 1;
        open.push(j);
      }
    }
  }
  return found;
}
