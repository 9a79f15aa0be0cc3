// A mask that is being painted, and the way back through what was done to it.

import type { MemberView } from "../types";
import { type Bitmap, type Rect, union, whole } from "./pixels";

/** What some pixels were before, or will be again. */
interface Patch {
  rect: Rect;
  values: Uint8Array;
}

/** Bytes of what can be undone; the oldest steps go first. */
const KEPT = 1 << 28;

export class Painting implements Bitmap {
  readonly width: number;
  readonly height: number;
  readonly values: Uint8Array;
  /** Whether it differs from what it began with. */
  changed = false;
  private readonly start: Uint8Array;
  private before: Uint8Array | null = null;
  private touched: Rect | null = null;
  private past: Patch[] = [];
  private future: Patch[] = [];
  private listeners = new Set<(rect: Rect) => void>();

  /** `ignored` counts neither way; `on` is the file of the mask that it began with. */
  constructor(
    begun: Bitmap,
    readonly ignored: Bitmap | null,
    readonly on: string | null,
  ) {
    this.width = begun.width;
    this.height = begun.height;
    this.values = begun.values.slice();
    this.start = begun.values;
  }

  /** Whether a step is under way. */
  get busy(): boolean {
    return this.before !== null;
  }

  /** Calls back with what has to be drawn again. */
  listen = (listener: (rect: Rect) => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  /** Begins a step, which lasts until `end`. */
  begin(): void {
    this.before = this.values.slice();
    this.touched = null;
  }

  /** Does something within a step; `change` tells which pixels it touched. */
  change(change: (bitmap: Bitmap) => Rect): void {
    const rect = change(this);
    this.touched = union(this.touched, rect);
    this.tell(rect);
  }

  end(): void {
    const { before, touched } = this;
    this.before = null;
    if (before === null || touched === null) return;
    const values = cut(before, this.width, touched);
    if (same(values, cut(this.values, this.width, touched))) return;
    this.past.push({ rect: touched, values });
    this.future = [];
    this.forgetOldest();
    this.done(touched);
  }

  /** Does something as one step. */
  edit(change: (bitmap: Bitmap) => Rect): void {
    this.begin();
    this.change(change);
    this.end();
  }

  replace(values: Uint8Array): void {
    this.edit(() => {
      this.values.set(values);
      return whole(this);
    });
  }

  clear(): void {
    this.replace(new Uint8Array(this.values.length));
  }

  undo(): void {
    this.swap(this.past, this.future);
  }

  redo(): void {
    this.swap(this.future, this.past);
  }

  private swap(from: Patch[], to: Patch[]): void {
    const patch = this.before === null ? from.pop() : undefined;
    if (!patch) return;
    const { rect, values } = patch;
    to.push({ rect, values: cut(this.values, this.width, rect) });
    const columns = rect.x1 - rect.x0;
    for (let y = rect.y0; y < rect.y1; y++) {
      const row = values.subarray((y - rect.y0) * columns, (y - rect.y0 + 1) * columns);
      this.values.set(row, y * this.width + rect.x0);
    }
    this.done(rect);
  }

  private done(rect: Rect): void {
    this.changed = !same(this.values, this.start);
    this.tell(rect);
  }

  private tell(rect: Rect): void {
    this.listeners.forEach((listener) => listener(rect));
  }

  private forgetOldest(): void {
    let bytes = this.past.reduce((sum, one) => sum + one.values.length, 0);
    while (bytes > KEPT && this.past.length > 1) bytes -= this.past.shift()!.values.length;
  }
}

function cut(values: Uint8Array, width: number, { x0, y0, x1, y1 }: Rect): Uint8Array {
  const found = new Uint8Array(Math.max(0, x1 - x0) * Math.max(0, y1 - y0));
  for (let y = y0; y < y1; y++) {
    found.set(values.subarray(y * width + x0, y * width + x1), (y - y0) * (x1 - x0));
  }
  return found;
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  return one.every((value, i) => value === other[i]);
}

/** The file of the mask that a pair has now. */
export function fileOf(pair: MemberView): string | null {
  return pair.masks.find((mask) => mask.role === "truth")?.path ?? null;
}
