// The panel's questions to the server: one function each, over the operators of PairLens.

import { run } from "../host";
import { reviewer, takeServerReviewer } from "../reviewing";
import type { TextEdit } from "../texts/edits";
import type {
  ConflictFacts,
  Judged,
  MaskRuns,
  MaskToPaint,
  PairView,
  QueueItem,
  SessionView,
  VerdictName,
  VersionMoved,
} from "../types";

/** What goes with a verdict. */
export interface Extra {
  phrase?: string;
  mask_from?: string;
  mask_of?: string;
  use_edit?: boolean;
  painted?: MaskRuns;
  texts?: TextEdit[];
}

/**
 * A verdict on a pair, which is named by id and key, in the version that was seen; null is what
 * follows from edited texts.
 */
export interface Decision extends Extra {
  sample_id: string;
  key: string;
  seen: string;
  verdict: VerdictName | null;
  note?: string;
}

type Answer<T> =
  | ({ ok: true; reviewer: string | null } & T)
  | { ok: false; kind: "conflict" | "usage" | "state"; message: string; conflict?: ConflictFacts };

/** The server's refusal, in a sentence for the reviewer. */
export class Refused extends Error {}

/** Somebody else decided on the pair meanwhile. */
export class Conflicting extends Refused {
  constructor(
    message: string,
    readonly facts: ConflictFacts,
  ) {
    super(message);
  }
}

async function ask<T>(operator: string, params: object): Promise<T> {
  const who = reviewer();
  const answer = await run<Answer<T> | null>(operator, who ? { ...params, reviewer: who } : params);
  if (!answer) throw new Refused("The server gave no answer.");
  if (answer.ok) {
    takeServerReviewer(answer.reviewer);
    return answer;
  }
  if (answer.kind === "conflict" && answer.conflict) {
    throw new Conflicting(answer.message, answer.conflict);
  }
  throw new Refused(answer.message);
}

/** Leaves out what is null: operators tell "absent" from "empty". */
function given(params: object): object {
  return Object.fromEntries(Object.entries(params).filter(([, v]) => v != null));
}

export async function fetchPair(sampleId: string, session: string | null): Promise<PairView> {
  const params = given({ sample_id: sampleId, session });
  return (await ask<{ pair: PairView }>("pair_view", params)).pair;
}

/** The next groups behind a sample, without those that are as good as judged. */
export async function fetchAhead(
  session: string,
  after: string,
  skip: string[],
  most: number,
): Promise<PairView[]> {
  const params = { session, after, skip, most };
  return (await ask<{ ahead: PairView[] }>("pairs_ahead", params)).ahead;
}

export interface JudgedAnswer {
  judged: Judged[];
  moved: VersionMoved[];
  progress: QueueItem | null;
}

/** Writes verdicts as one step; `at` is the sample that the reviewer sees by now. */
export function judge(
  decisions: Decision[],
  session: string | null,
  at: string | null,
  force: boolean,
): Promise<JudgedAnswer> {
  return ask("judge_pairs", given({ decisions, session, at, force: force || null }));
}

export function move(
  session: string,
  to: "next" | "previous" | "resume",
  judged: boolean,
  from: string | null,
): Promise<{ item: QueueItem; pair: PairView | null }> {
  return ask("move_pair", given({ session, to, judged, sample_id: from }));
}

export interface UndoneAnswer {
  undone: { pairs: number; sample_ids: string[] };
  pair: PairView | null;
}

/** Takes back, or with `redo` makes again, the newest step of this reviewer. */
export function undo(session: string | null, redo: boolean, force: boolean): Promise<UndoneAnswer> {
  return ask("undo_pair", given({ session, redo, force, only_mine: true }));
}

/** Lets the verdict of one of several reviewers stand. */
export function takeOpinion(sample: string, of: string, session: string | null): Promise<object> {
  return ask("take_opinion", given({ sample_id: sample, of, session }));
}

/** Asks a reviewer, or anybody, for a second opinion. */
export async function askOpinion(sample: string, of: string, note: string): Promise<SessionView> {
  const params = given({ sample_id: sample, of: of || null, note: note || null });
  return (await ask<{ session: SessionView }>("ask_opinion", params)).session;
}

export function editMask(sampleId: string, what: "make" | "clear"): Promise<{ field: string }> {
  return ask("edit_mask", { sample_id: sampleId, do: what });
}

/** The pixels of a pair's mask: of the ground truth, or of another field. */
export async function maskToPaint(sampleId: string, source?: string): Promise<MaskToPaint> {
  const params = given({ sample_id: sampleId, source });
  return (await ask<{ mask: MaskToPaint }>("mask_to_paint", params)).mask;
}

export async function openSessions(): Promise<SessionView[]> {
  const { sessions } = await ask<{ sessions: SessionView[] }>("curation_session", { do: "list" });
  return sessions.filter((one) => !one.finished);
}

export async function startSession(): Promise<SessionView> {
  return (await ask<{ session: SessionView }>("curation_session", { do: "start" })).session;
}
