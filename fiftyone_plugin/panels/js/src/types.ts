// Made from fiftyone_plugin/curation/panel_types.py by tools/panel_types.py; do not edit.

export type VerdictName = "keep" | "drop" | "fix" | "unsure";

export type Severity = "error" | "warning" | "info";

export type ShapeRole = "mask_box" | "mask_center" | "named_region" | "leaked_box" | "leaked_point" | "text_box";

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

/** A closed polygon over the image, by its points (x, y). */
export interface Outline {
  type: "outline";
  role: ShapeRole;
  label: string;
  soft: number;
  points: number[][];
}

export type Shape = Rect | Point | Outline;

/**
 * A finding; `words` are positions in the list of words of the pair, and `units` the names
 * of the captions or turns that it is about.
 */
export interface FindingView {
  check: string;
  severity: Severity;
  score: number | null;
  note: string;
  about: string;
  words: number[];
  units: string[];
  evidence: Shape[];
}

/** An edit of a caption or turn: other texts, whether it is removed, the verdict on it alone. */
export interface TextEdit {
  unit: string;
  texts?: string[];
  removed?: boolean;
  verdict?: string | null;
}

/**
 * A caption, a question or an answer, with the words that findings are about.
 *
 * `published` is `null` where it is as published.
 */
export interface TextPart {
  name: "caption" | "question" | "answer";
  text: string;
  published: string | null;
  words: Word[];
}

/**
 * A caption, or a turn of a conversation.
 *
 * `unit` is its name in edits, and `shapes` the boxes in its texts. A turn has a category and
 * the record that it stands in, a caption a task and an annotator.
 */
export interface TextView {
  unit: string;
  kind: "caption" | "turn";
  task: number | null;
  annotator: string | null;
  category: string;
  record: string;
  parts: TextPart[];
  shapes: Shape[];
  removed: boolean;
  added: boolean;
  verdict: string | null;
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

/** COCO's compressed RLE of a mask; `size` is height and width in pixels. */
export interface MaskRuns {
  size: number[];
  counts: string;
}

/**
 * What the brush starts from.
 *
 * `ignored` is what counts neither way, where there is any; `longest` is how many characters
 * the runs of a mask may have that is sent back.
 */
export interface MaskToPaint {
  target: MaskRuns;
  ignored: MaskRuns | null;
  longest: number;
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

/** A piece of a text that stays, is cut or is new. */
export interface DiffPart {
  text: string;
  kind: "same" | "cut" | "new";
}

/**
 * What would mend a pair; `text` says so for people.
 *
 * `phrase` is the corrected query and `diff` its difference, `mask_of` the key of the pair
 * whose mask it takes, `mask_from` a field of predictions, `removes` names the captions or
 * turns that go. A pair has one of these; of others, `unit` is the one that `phrase` is of,
 * and `edits` does it all.
 */
export interface SuggestionView {
  checks: string[];
  text: string;
  phrase: string | null;
  diff: DiffPart[];
  mask_of: string | null;
  mask_from: string | null;
  unit: string | null;
  removes: string[];
  edits: TextEdit[];
}

/**
 * What a reviewer decided on a pair last.
 *
 * `phrase` is the query or caption that the reviewer made of it, `null` where it was left;
 * `texts_changed` says that others of its texts were changed;
 * `settles` says that it was given in sight of a disagreement.
 */
export interface OpinionView {
  reviewer: string;
  verdict: string;
  note: string | null;
  time: string;
  phrase: string | null;
  texts_changed: boolean;
  mask_changed: boolean;
  settles: boolean;
}

/** A question for a second opinion: whose, and what it is. */
export interface AskedView {
  by: string;
  note: string | null;
  time: string;
}

/**
 * A pair of a group.
 *
 * Findings come worst first. `meant` says that the verdict on the group is meant for it too.
 * An image with captions or conversations has `texts` instead of a query and masks.
 * `opinions` are what each reviewer decided, oldest first, and `disagree` says that it is not
 * settled. Where it is `blind`, the pair is to be judged without the verdicts of others, which
 * are left out of opinions, review and history. `asked` is who wants a second opinion.
 */
export interface MemberView {
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
  review: ReviewView;
  version: string;
  suggestion: SuggestionView | null;
  meant: boolean;
  texts: TextView[];
  opinions: OpinionView[];
  disagree: boolean;
  blind: boolean;
  asked: AskedView | null;
}

/** What is judged together; `text` names it for people, members come in published order. */
export interface GroupView {
  id: string;
  text: string;
  members: MemberView[];
}

/**
 * Everything about a pair that a reviewer needs, with the group that it is judged in.
 *
 * The history comes newest first.
 */
export interface PairView extends MemberView {
  siblings: Sibling[];
  history: HistoryEntry[];
  session: PairSession | null;
  can_undo: boolean;
  can_redo: boolean;
  group: GroupView;
}

/**
 * How fast a reviewer judges.
 *
 * `minutes` is the time between verdicts without longer pauses, `per_hour` `null` where
 * there is too little of it.
 */
export interface Pace {
  reviewer: string;
  verdicts: number;
  minutes: number;
  per_hour: number | null;
}

/**
 * Agreement of two reviewers on the `common` pairs that both judged as they were.
 *
 * `edited` more were changed by one before the other saw them, and are not counted.
 */
export interface ReviewerAgreement {
  first: string;
  second: string;
  common: number;
  edited: number;
  same: number;
  share: number | null;
  kappa: number | null;
  why: string;
}

/** The work of several reviewers; `pause` is the minutes after which time does not count. */
export interface Team {
  paces: Pace[];
  agreement: ReviewerAgreement[];
  disagreements: number;
  pause: number;
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

/** A pair whose mask a verdict replaced: what it was, but for the mask, and what it is. */
export interface VersionMoved {
  sample_id: string;
  was: string;
  version: string;
}

/**
 * One verdict on many pairs: how many were written, and how many left alone.
 *
 * `others` had a verdict of another reviewer.
 */
export interface Alike {
  written: number;
  others: number;
  left: number;
  step: number | null;
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

/** A decisions file of suggestions: the number of its lines, and of these by check. */
export interface Suggested {
  out: string;
  suggested: number;
  checks: Record<string, number>;
}

/** What a session is over, in `text` for people. */
export interface SessionOver {
  kind: "flagged" | "warnings" | "check" | "severity" | "view" | "saved_view" | "disagreements" | "opinions" | "sample";
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

/**
 * A session with its progress.
 *
 * `reviewer` is whom it was made for, `null` where anybody may go through it; `shared`
 * counts the pairs that others judge as well.
 */
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
  reviewer: string | null;
  shared: number;
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

/**
 * Judged pairs with a chance to be bad from `low` to `high`: their number, the mean chance,
 * by models that did not see their verdicts, and the share that was bad.
 */
export interface ReliabilityRow {
  low: number;
  high: number;
  pairs: number;
  expected: number;
  found: number;
}

/** When `p_bad` was estimated, from how many verdicts, and how good the chances were. */
export interface RankingView {
  time: string;
  verdicts: number;
  bad: number;
  reliability: ReliabilityRow[];
}

/** What is to be done next, and the step of the work that does it. */
export interface Advice {
  text: string;
  step: string | null;
}

/**
 * What the curation panel shows; all but `state` and `advice` where it is `ready`.
 *
 * `whole` says that the figures are of the whole dataset, `known` that checks ever ran,
 * `groups` is the number of groups with a warning or an error that nobody has judged.
 * `reviewer` is who the server was started for; `steps` are those that can be done; `notes`
 * say what else has to be known. `ranking` is there where a model of the verdicts was fitted.
 */
export interface Facts {
  state: "none" | "foreign" | "empty" | "refused" | "ready";
  advice: Advice[];
  overview?: Overview;
  whole?: boolean;
  saved_views?: string[];
  reviewer?: string | null;
  known?: boolean;
  groups?: number;
  steps?: string[];
  notes?: string[];
  ranking?: RankingView | null;
}
