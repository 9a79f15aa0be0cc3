// What was painted and not saved yet: it waits for the reviewer to come back to the pair.

import type { Easel } from "./easel";

const drafts = new Map<string, Easel>();

window.addEventListener("beforeunload", (event) => {
  if ([...drafts.values()].some((one) => one.painting.changed)) event.preventDefault();
});

/** What was begun on a sample's mask in this page, if anything was. */
export function draftOf(sample: string): Easel | null {
  return drafts.get(sample) ?? null;
}

export function keepDraft(sample: string, easel: Easel): void {
  drafts.set(sample, easel);
}

export function dropDraft(sample: string): void {
  drafts.delete(sample);
}
