// What this browser remembers of PairLens; where storage is switched off, as long as the page lasts.

const memory = new Map<string, string | null>();

/** A value by its name, or null where there is none. */
export function read(name: string): string | null {
  try {
    return window.localStorage.getItem(name) || null;
  } catch {
    return memory.get(name) ?? null;
  }
}

/** Remembers a value or, with null, forgets it. */
export function write(name: string, value: string | null): void {
  try {
    if (value) window.localStorage.setItem(name, value);
    else window.localStorage.removeItem(name);
  } catch {
    memory.set(name, value);
  }
}
