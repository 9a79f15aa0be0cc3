// Every action that has a key of its own: one table, from which keys are read, listed and changed.
//
// Of FiftyOne's keys for images only f is taken: those are the arrows, Esc, Shift, the backtick,
// + - = _ / ? and c f j p r s x z, and its annotation mode has more. ? lists keys there as here.
// What a panel takes, FiftyOne does not get.

/**
 * Where an action is at hand. Those of a layer go before all others while the layer is open, and
 * those of a sole one have all others rest, but for the list of keys.
 */
export const WHERE = {
  verdict: { title: "Verdict", layer: false },
  group: { title: "Group", layer: false },
  queue: { title: "Queue", layer: false },
  picture: { title: "Picture and mask", layer: false },
  brush: { title: "While a mask is painted", layer: true, sole: true },
  help: { title: "Keys", layer: false },
} satisfies Record<string, { title: string; layer: boolean; sole?: true }>;

export type Where = keyof typeof WHERE;

/** The keys with which Shift can mean something of its own. */
export const SHIFTABLE = /^[a-z0-9]$/;

interface Declared {
  key: string;
  label: string;
  where: Where;
  /** Whether Shift with the key does it for the query alone whose picture is shown, or the text. */
  alone?: true;
}

const TABLE = {
  keep: { key: "1", label: "keep", where: "verdict", alone: true },
  drop: { key: "2", label: "drop", where: "verdict", alone: true },
  fix: { key: "3", label: "to be fixed", where: "verdict", alone: true },
  unsure: { key: "4", label: "unsure", where: "verdict", alone: true },
  accept: { key: "f", label: "accept what is suggested", where: "verdict", alone: true },
  edit: { key: "e", label: "edit the query or text", where: "verdict" },
  add: { key: "a", label: "add a caption or turn", where: "verdict" },
  note: { key: "n", label: "write a note", where: "verdict" },
  opinion: { key: "q", label: "ask for a second opinion", where: "verdict" },
  first: { key: "7", label: "let the first of two verdicts stand", where: "verdict" },
  second: { key: "8", label: "let the second of them stand", where: "verdict" },
  third: { key: "9", label: "let the third of them stand", where: "verdict" },
  undo: { key: "u", label: "undo", where: "verdict" },
  redo: { key: "y", label: "redo", where: "verdict" },
  earlier: { key: "[", label: "query or text before, in the group", where: "group" },
  later: { key: "]", label: "query or text after, in the group", where: "group" },
  tick: { key: "t", label: "tick or untick the query", where: "group" },
  previous: { key: ",", label: "previous group", where: "queue" },
  next: { key: ".", label: "next group", where: "queue" },
  overlays: { key: "o", label: "show or hide what is drawn", where: "picture" },
  zoom: { key: "w", label: "whole image or target", where: "picture" },
  mask: { key: "v", label: "show the next mask", where: "picture" },
  paint: { key: "b", label: "paint the mask", where: "picture" },
  mend: { key: "m", label: "mend the mask in FiftyOne's annotation mode", where: "picture" },
  brush: { key: "b", label: "brush", where: "brush" },
  eraser: { key: "e", label: "eraser", where: "brush" },
  polygon: { key: "p", label: "polygon", where: "brush" },
  part: { key: "c", label: "only this part", where: "brush" },
  smaller: { key: "[", label: "smaller brush", where: "brush" },
  larger: { key: "]", label: "larger brush", where: "brush" },
  back: { key: "u", label: "undo, or take back a corner", where: "brush" },
  forth: { key: "y", label: "redo", where: "brush" },
  bare: { key: "o", label: "show or hide the mask", where: "brush" },
  close: { key: "w", label: "whole image or target", where: "brush" },
  closer: { key: "+", label: "closer", where: "brush" },
  farther: { key: "-", label: "farther", where: "brush" },
  help: { key: "?", label: "list and change the keys", where: "help" },
} satisfies Record<string, Declared>;

export type Name = keyof typeof TABLE;

export const ACTIONS: Record<Name, Declared> = TABLE;

export const NAMES = Object.keys(TABLE) as Name[];
