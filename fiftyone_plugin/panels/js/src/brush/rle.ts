// COCO's compressed run-length encoding: runs down the columns, background first, each but the
// first three told as the difference to the last but one. As `importers/rle.py` has it.

import type { MaskRuns } from "../types";
import type { Bitmap } from "./pixels";

const FIRST = 48;
const MORE = 0x20;
const SIGN = 0x10;

export function encode({ width, height, values }: Bitmap): MaskRuns {
  const runs: number[] = [];
  let [value, run] = [0, 0];
  for (let x = 0; x < width; x++) {
    for (let i = x; i < values.length; i += width) {
      if (values[i] === value) run++;
      else {
        runs.push(run);
        [value, run] = [values[i]!, 1];
      }
    }
  }
  runs.push(run);
  const told = runs.map((one, i) => text(i > 2 ? one - runs[i - 2]! : one));
  return { size: [height, width], counts: told.join("") };
}

/** A signed number in groups of five bits, the lowest first. */
function text(number: number): string {
  let found = "";
  for (let rest = number, more = true; more; ) {
    const bits = rest & 0x1f;
    rest >>= 5;
    more = rest !== (bits & SIGN ? -1 : 0);
    found += String.fromCharCode(FIRST + bits + (more ? MORE : 0));
  }
  return found;
}

export function decode({ size, counts }: MaskRuns): Bitmap {
  const [height = 0, width = 0] = size;
  const values = new Uint8Array(width * height);
  let at = 0;
  numbers(counts).forEach((run, i) => {
    for (const end = at + run; at < end; at++) {
      if (i % 2) values[(at % height) * width + Math.floor(at / height)] = 1;
    }
  });
  return { width, height, values };
}

function numbers(counts: string): number[] {
  const runs: number[] = [];
  let [number, shift] = [0, 0];
  for (const letter of counts) {
    const code = letter.charCodeAt(0) - FIRST;
    number |= (code & 0x1f) << shift;
    shift += 5;
    if (code & MORE) continue;
    if (code & SIGN) number |= -1 << shift;
    runs.push(runs.length > 2 ? number + runs[runs.length - 2]! : number);
    [number, shift] = [0, 0];
  }
  return runs;
}
