// What the operators behind the panel give; see fiftyone_plugin/curation/evidence.py.

export type Verdict = "keep" | "drop" | "fix" | "unsure";

export interface Word {
  /** UTF-16 code units of the phrase, as `String.slice` counts. */
  start: number;
  end: number;
  text: string;
  kind: string;
  checks: string[];
}

export type ShapeRole =
  | "mask_box"
  | "mask_center"
  | "named_region"
  | "leaked_box"
  | "leaked_point";

/** Something drawn over the image; all lengths in fractions of its sides. */
export type Shape = { role: ShapeRole; label: string; soft?: number } & (
  | { type: "rect"; x: number; y: number; w: number; h: number }
  | { type: "point"; x: number; y: number }
  | { type: "polygon"; points: [number, number][] }
);

export interface Finding {
  check: string;
  severity: "error" | "warning" | "info";
  score: number;
  note: string;
  about: string;
  words: number[];
  evidence: Shape[];
}

export interface MaskFile {
  field: string;
  label: string;
  role: "truth" | "original" | "prediction";
  path: string | null;
  iou: number | null;
  eval_key: string | null;
  area: number | null;
  usable: boolean;
}

export interface Sibling {
  sample_id: string;
  key: string;
  phrase: string;
  verdict: Verdict | null;
  current: boolean;
  findings: number;
}

export interface Item {
  session: string;
  position: number | null;
  of: number;
  judged: number;
  left: number;
  sample_id: string | null;
  key: string | null;
  end: boolean;
}

export interface Event {
  time: string;
  reviewer: string | null;
  kind: string;
  verdict: Verdict | null;
  was: Verdict | null;
  phrase_changed: boolean;
  mask_changed: boolean;
  session: string | null;
}

export interface Pair {
  sample_id: string;
  key: string;
  image_id: string;
  split: string | null;
  phrase: string;
  original_phrase: string | null;
  no_target: boolean;
  image_missing: boolean;
  image: { path: string; width: number | null; height: number | null };
  words: Word[];
  findings: Finding[];
  shapes: Shape[];
  masks: MaskFile[];
  siblings: Sibling[];
  review: {
    verdict: Verdict | null;
    reviewer: string | null;
    reviewed_at: string | null;
    note: string | null;
    mask_edited: boolean;
    editable: boolean;
  };
  history: Event[];
  version: string;
  session: (Item & { name: string; finished: boolean; in_queue: boolean }) | null;
  /** Files of the pairs that come next, to load before they are asked for. */
  ahead?: string[];
  can_undo: boolean;
  can_redo: boolean;
}

export interface Session {
  id: string;
  name: string;
  finished: string | null;
  pairs: number;
  judged: number;
  left: number;
}

/** How a pair is now that somebody else has decided on. */
export interface ConflictFacts {
  key: string;
  verdict: Verdict | null;
  reviewer: string | null;
  reviewed_at: string | null;
  note: string | null;
  phrase: string;
  mask_changed: boolean;
  version: string;
}

/** What goes with a verdict. */
export interface Decision {
  verdict: Verdict;
  phrase?: string;
  note?: string;
  mask_from?: string;
  use_edit?: boolean;
}
