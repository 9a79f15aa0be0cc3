// The editor of one mask: the tool that is taken, what is seen, and what is begun.

import type { Part } from "../pair/zoom";
import type { MaskRuns } from "../types";
import type { Painting } from "./painting";
import { component, type Point, polygon } from "./pixels";
import { encode } from "./rle";
import { resized, type Tool, usualSize } from "./tools";
import { WHOLE, zoomed } from "./view";

interface State {
  tool: Tool;
  /** Of the brush, in pixels of the mask. */
  size: number;
  /** Of the polygon that is begun. */
  corners: Point[];
  part: Part;
  bare: boolean;
  /** Whether it is asked if what is painted may go. */
  asking: boolean;
  notice: string | null;
}

const CENTRE: Point = { x: 0.5, y: 0.5 };

export class Easel {
  state: State;
  private listeners = new Set<() => void>();

  /** `longest` is how many characters the runs of a mask may have that is saved. */
  constructor(
    readonly painting: Painting,
    private readonly longest: number,
  ) {
    const size = usualSize(Math.min(painting.width, painting.height));
    const none = { corners: [], bare: false, asking: false, notice: null };
    this.state = { tool: "brush", size, part: WHOLE, ...none };
    painting.listen(() => this.tell());
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  /** What the last step changed, as one value. */
  snapshot = (): State => this.state;

  private set(change: Partial<State>): void {
    this.state = { ...this.state, ...change };
    this.listeners.forEach((listener) => listener());
  }

  private tell(): void {
    if (!this.painting.busy) this.set({});
  }

  say(notice: string | null): void {
    this.set({ notice });
  }

  take(tool: Tool): void {
    this.set({ tool, corners: [], notice: null });
  }

  resize(up: boolean): void {
    const most = Math.max(this.painting.width, this.painting.height);
    this.set({ size: resized(this.state.size, up, most) });
  }

  look(change: (part: Part) => Part): void {
    this.set({ part: change(this.state.part) });
  }

  zoom(factor: number): void {
    this.look((part) => zoomed(part, CENTRE, factor));
  }

  /** Between the whole image and a part of it. */
  flip(close: Part | null): void {
    this.look((part) => (part.w < 1 ? WHOLE : (close ?? WHOLE)));
  }

  hide(): void {
    this.set({ bare: !this.state.bare });
  }

  ask(asking: boolean): void {
    this.set({ asking });
  }

  corner(point: Point): void {
    this.set({ corners: [...this.state.corners, point], notice: null });
  }

  /** Takes back the last corner, or the last step. */
  back(): void {
    const { corners } = this.state;
    if (corners.length) this.set({ corners: corners.slice(0, -1) });
    else this.painting.undo();
  }

  forth(): void {
    this.painting.redo();
  }

  /** Fills or erases the polygon that is begun; false where there is none. */
  close(erase: boolean): boolean {
    const { corners } = this.state;
    if (!corners.length) return false;
    if (corners.length < 3) this.say("A polygon has three corners or more.");
    else {
      this.set({ corners: [], notice: null });
      this.painting.edit((bitmap) => polygon(bitmap, corners, erase ? 0 : 1));
    }
    return true;
  }

  /** The mask as it is sent; null, which is told, where it cannot be kept. */
  finished(): MaskRuns | null {
    const { painting } = this;
    if (!painting.values.includes(1)) {
      this.say("The mask is empty. To remove the pair, leave and give the verdict drop.");
      return null;
    }
    const runs = encode(painting);
    if (runs.counts.length <= this.longest) return runs;
    this.say("The mask has too many edges to be kept: it looks like noise.");
    return null;
  }

  /** Gives up the polygon that is begun; false where there is none. */
  giveUp(): boolean {
    const begun = this.state.corners.length > 0;
    if (begun) this.set({ corners: [] });
    return begun;
  }

  /** Keeps of the target what is connected with a point. */
  pick(at: Point): void {
    const kept = component(this.painting, at);
    this.say(kept ? null : "There is no target.");
    if (kept) this.painting.replace(kept);
  }
}
