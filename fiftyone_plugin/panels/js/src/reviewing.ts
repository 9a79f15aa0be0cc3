// Who reviews in this browser, and in which session of a dataset: what the panels share.

import { read, write } from "./stored";

const CHANGED = "pairlens-session";
const REVIEWER = "pairlens.reviewer";
const SERVER = "pairlens.server";

function keep(name: string, value: string | null): void {
  write(name, value);
  window.dispatchEvent(new Event(CHANGED));
}

/** The name that verdicts of this browser are given under; null until one is known. */
export function reviewer(): string | null {
  return read(REVIEWER);
}

/** Takes the name that the server was started for; a name typed since stays. */
export function takeServerReviewer(name: string | null): void {
  if (read(SERVER) === name) return;
  if (name) keep(REVIEWER, name);
  keep(SERVER, name);
}

/** Sets or, with null, forgets the reviewer. */
export function setReviewer(name: string | null): void {
  keep(REVIEWER, name);
}

/** The id of the session that this browser is in, of a dataset. */
export function currentSession(dataset: string): string | null {
  return read(`${CHANGED}.${dataset}`);
}

/** Enters a session of a dataset or, with null, leaves it. */
export function setCurrentSession(dataset: string, session: string | null): void {
  keep(`${CHANGED}.${dataset}`, session);
}

/** Calls back when reviewer or session change; gives what ends that. */
export function onReviewing(changed: () => void): () => void {
  window.addEventListener(CHANGED, changed);
  return () => window.removeEventListener(CHANGED, changed);
}
