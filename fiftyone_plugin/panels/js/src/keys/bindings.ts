// Which key does what in this browser: the table's keys, and those that were changed.

import * as React from "react";
import { read, write } from "../stored";
import { ACTIONS, NAMES, SHIFTABLE, WHERE, type Name } from "./table";

const STORED = "pairlens.keys";
const TAKEN = /^(Escape|Enter|Tab| |Dead|Unidentified|Arrow.*|Page.*|Home|End|F\d+)$/;

type Changed = Partial<Record<Name, string>>;

let changed: Changed = load();
const listeners = new Set<() => void>();

/** Reads what was changed; the table's keys hold where that is damaged or two actions share a key. */
function load(): Changed {
  try {
    const stored = JSON.parse(read(STORED) ?? "{}") as Record<string, unknown>;
    const found: Changed = {};
    for (const name of NAMES) {
      const key = stored[name];
      if (typeof key === "string" && key.length > 0) found[name] = key;
    }
    const sound = NAMES.every((name) => refusal(name, keyOf(name, found), found) === null);
    return sound ? found : {};
  } catch {
    return {};
  }
}

function keep(now: Changed): void {
  changed = now;
  write(STORED, Object.keys(now).length ? JSON.stringify(now) : null);
  listeners.forEach((listener) => listener());
}

function onChanged(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The keys that differ from the table's; renders anew when they change. */
export function useChanged(): Changed {
  return React.useSyncExternalStore(onChanged, () => changed);
}

/** The key of an action. */
export function keyOf(name: Name, among: Changed = changed): string {
  return among[name] ?? ACTIONS[name].key;
}

/** Actions of one layer are at hand together; what is in none is so with everything else in none. */
function layerOf(name: Name): string {
  const { where } = ACTIONS[name];
  return WHERE[where].layer ? where : "";
}

/** Why a key cannot be that of an action, in a sentence; null where it can. */
export function refusal(name: Name, key: string, among: Changed = changed): string | null {
  if (TAKEN.test(key)) return "Take another key: the browser and FiftyOne need this one.";
  if (ACTIONS[name].alone && !SHIFTABLE.test(key)) {
    return "Take a letter or a digit: Shift with it means the one query or text alone.";
  }
  const clashes = (one: Name) => layerOf(one) === layerOf(name) && keyOf(one, among) === key;
  const other = NAMES.find((one) => one !== name && clashes(one));
  return other ? `Take another key: ${key} is for "${ACTIONS[other].label}".` : null;
}

/** Gives an action another key; tells why not where that is refused. */
export function bind(name: Name, key: string): string | null {
  const why = refusal(name, key);
  if (why !== null) return why;
  const now = { ...changed };
  if (key === ACTIONS[name].key) delete now[name];
  else now[name] = key;
  keep(now);
  return null;
}

/** Gives all actions the table's keys again. */
export function unbind(): void {
  keep({});
}
