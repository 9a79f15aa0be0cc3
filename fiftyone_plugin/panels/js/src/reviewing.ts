// Who reviews in this browser, and in which session of a dataset: what the panels share.

const CHANGED = "pairlens-session";
const REVIEWER = "pairlens.reviewer";

function read(name: string): string | null {
  try {
    return window.localStorage.getItem(name) || null;
  } catch {
    return null; // storage is switched off in this browser
  }
}

function write(name: string, value: string | null): void {
  try {
    if (value) window.localStorage.setItem(name, value);
    else window.localStorage.removeItem(name);
  } catch {
    // then it lasts as long as the page
  }
  window.dispatchEvent(new Event(CHANGED));
}

/** The name that verdicts of this browser are given under; null for the server's own user. */
export function reviewer(): string | null {
  return read(REVIEWER);
}

/** Sets or, with null, forgets the reviewer. */
export function setReviewer(name: string | null): void {
  write(REVIEWER, name);
}

/** The id of the session that this browser is in, of a dataset. */
export function currentSession(dataset: string): string | null {
  return read(`${CHANGED}.${dataset}`);
}

/** Enters a session of a dataset or, with null, leaves it. */
export function setCurrentSession(dataset: string, session: string | null): void {
  write(`${CHANGED}.${dataset}`, session);
}

/** Calls back when reviewer or session change; gives what ends that. */
export function onReviewing(changed: () => void): () => void {
  window.addEventListener(CHANGED, changed);
  return () => window.removeEventListener(CHANGED, changed);
}
