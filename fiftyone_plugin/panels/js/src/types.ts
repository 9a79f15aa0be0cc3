// Made from fiftyone_plugin/curation/panel_types.py by tools/panel_types.py; do not edit.

export type VerdictName = "keep" | "drop" | "fix" | "unsure";

export type Severity = "error" | "warning" | "info";

export type ShapeRole = "mask_box" | "mask_center" | "named_region" | "leaked_box" | "leaked_point";

/**
 * A part of the phrase that findings are about.
 *
 * `start` and `end` are UTF-16 code units of the phrase, as `String.slice` counts.
 */
export interface Word {
  start: number;
  end: number;
  text: string;
  kind: string;
  value: string;
  checks: string[];
}

/** A rectangle over the image; `soft` is how far its edge fades. */
export interface Rect {
  type: "rect";
  role: ShapeRole;
  label: string;
  soft: number;
  x: number;
  y: number;
  w: number;
  h: number;
}

/** A point over the image. */
export interface Point {
  type: "point";
  role: ShapeRole;
  label: string;
  soft: number;
  x: number;
  y: number;
}

export type Shape = Rect | Point;

/** A finding; `words` are positions in the list of words of the pair. */
export interface FindingView {
  check: string;
  severity: Severity;
  score: number | null;
  note: string;
  about: string;
  words: number[];
  evidence: Shape[];
}

/**
 * A mask of the pair.
 *
 * `path` is `null` where the mask is no file, `iou` where the field was not scored, and
 * `usable` says that it can become the ground truth.
 */
export interface MaskView {
  field: string;
  label: string;
  role: "truth" | "original" | "prediction";
  path: string | null;
  iou: number | null;
  eval_key: string | null;
  area: number | null;
  usable: boolean;
}

/** A query of the same image in the same split; `findings` is their number. */
export interface Sibling {
  sample_id: string;
  key: string | null;
  phrase: string;
  verdict: string | null;
  current: boolean;
  findings: number;
}

/**
 * A place in a session's queue, from 0, and how far the session is.
 *
 * At the end of the queue there is no pair and no position.
 */
export interface QueueItem {
  session: string;
  position: number | null;
  of: number;
  judged: number;
  left: number;
  sample_id: string | null;
  key: string | null;
  end: boolean;
}

/** The session in which a pair is shown; the position is `null` outside of its queue. */
export interface PairSession extends QueueItem {
  name: string;
  finished: boolean;
  in_queue: boolean;
}

/** An earlier change of the pair; `was` is the verdict before. */
export interface HistoryEntry {
  time: string;
  reviewer: string | null;
  kind: string;
  verdict: string | null;
  was: string | null;
  phrase_changed: boolean;
  mask_changed: boolean;
  session: string | null;
}

/** The image that is shown; sizes in pixels. */
export interface ImageView {
  path: string;
  width: number | null;
  height: number | null;
}

/** The verdict that stands; `editable` where the App has a mask to edit. */
export interface ReviewView {
  verdict: string | null;
  reviewer: string | null;
  reviewed_at: string | null;
  note: string | null;
  mask_edited: boolean;
  editable: boolean;
}

/**
 * Everything about a pair that a reviewer needs.
 *
 * Findings come worst first, the history newest first. `ahead` names the images and masks of
 * the pairs that come next in the session, to be loaded before they are asked for.
 */
export interface PairView {
  sample_id: string;
  key: string;
  image_id: string | null;
  split: string | null;
  phrase: string;
  original_phrase: string | null;
  no_target: boolean;
  image_missing: boolean;
  image: ImageView;
  words: Word[];
  findings: FindingView[];
  shapes: Shape[];
  masks: MaskView[];
  siblings: Sibling[];
  review: ReviewView;
  history: HistoryEntry[];
  version: string;
  session: PairSession | null;
  ahead: string[];
  can_undo: boolean;
  can_redo: boolean;
}

/** A pair as it is after another reviewer's decision. */
export interface ConflictFacts {
  key: string;
  verdict: string | null;
  reviewer: string | null;
  reviewed_at: string | null;
  note: string | null;
  phrase: string | null;
  mask_changed: boolean;
  version: string;
}

/** A verdict as it was stored, and the number of its step in the log. */
export interface Judged {
  key: string;
  sample_id: string;
  verdict: string;
  reviewer: string;
  reviewed_at: string | null;
  version: string;
  step: number;
}

/**
 * What an undo or a redo restored.
 *
 * `pairs` is 0 where there was nothing; the first twenty pairs are named; `verdict` is what
 * the first of them has now.
 */
export interface Undone {
  pairs: number;
  step: number | null;
  keys: string[];
  sample_ids: string[];
  verdict: string | null;
}

/** What a session is over, in `text` for people. */
export interface SessionOver {
  kind: "flagged" | "check" | "severity" | "view" | "saved_view";
  text: string;
  check?: string;
  severity?: string;
  view?: string;
  stages?: string[];
}

/** A reviewer of a session: pairs judged, and the position that was open last. */
export interface Participant {
  reviewer: string;
  judged: number;
  position: number | null;
  at: string | null;
}

/** A session with its progress. */
export interface SessionView {
  id: string;
  name: string;
  dataset: string;
  creator: string;
  created: string;
  finished: string | null;
  last_change: string | null;
  over: SessionOver;
  pairs: number;
  judged: number;
  left: number;
  verdicts: Record<string, number>;
  reviewers: Participant[];
}

/** A count of pairs; `bar` is the name under which they can be shown. */
export interface Bar {
  bar: string;
  pairs: number;
}

/** Pairs with a finding of a severity. */
export interface SeverityBar extends Bar {
  severity: Severity;
}

/** Pairs with a finding of a check. */
export interface CheckBar extends Bar {
  check: string;
  severity: Severity;
  about: string;
}

/** Pairs with a verdict, or `pending` ones. */
export interface VerdictBar extends Bar {
  verdict: string;
}

/** Pairs that a reviewer judged, and how. */
export interface ReviewerBar extends Bar {
  reviewer: string;
  keep: number;
  drop: number;
  fix: number;
  unsure: number;
}

/** Pairs of a split. */
export interface SplitBar extends Bar {
  split: string;
}

/** Pairs with a number from `low` to `high`. */
export interface RangeBar extends Bar {
  low: number;
  high: number;
}

/** Counts of a number over [0, 1]; `none` counts the pairs without it. */
export interface Histogram {
  field: string;
  title: string;
  edges: number[];
  bars: RangeBar[];
  none: number;
}

/** A scoring of predictions. */
export interface EvaluationView {
  key: string;
  pred: string;
  gt: string;
  convention: string;
}

/** A dataset or a view of it, counted; `seconds` is how long that took. */
export interface Overview {
  dataset: string;
  pairs: number;
  images: number;
  flagged: number;
  severities: SeverityBar[];
  findings: CheckBar[];
  evaluations: EvaluationView[];
  histogram: Histogram;
  verdicts: VerdictBar[];
  reviewers: ReviewerBar[];
  splits: SplitBar[];
  sessions: SessionView[];
  seconds: number;
}

/** What is to be done next, and the step of the work that does it. */
export interface Advice {
  text: string;
  step: string | null;
}

/**
 * What the curation panel shows; all but `state` and `advice` where it is `ready`.
 *
 * `whole` says that the figures are of the whole dataset.
 */
export interface Facts {
  state: "none" | "foreign" | "empty" | "refused" | "ready";
  advice: Advice[];
  overview?: Overview;
  whole?: boolean;
  saved_views?: string[];
  reviewer?: string;
}
