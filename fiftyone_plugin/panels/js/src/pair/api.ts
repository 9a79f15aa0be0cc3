// The panel's questions to the server: one function each, over the operators of PairLens.

import { run } from "../host";
import { reviewer } from "../reviewing";
import type { ConflictFacts, PairView, QueueItem, SessionView, VerdictName } from "../types";

/** What goes with a verdict. */
export interface Decision {
  verdict: VerdictName;
  phrase?: string;
  note?: string;
  mask_from?: string;
  use_edit?: boolean;
}

type Answer<T> =
  | ({ ok: true } & T)
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
  if (answer.ok) return answer;
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

export interface JudgedAnswer {
  judged: { sample_id: string; verdict: string };
  next: QueueItem | null;
  pair: PairView;
}

export function judge(
  pair: PairView,
  decision: Decision,
  session: string | null,
  force: boolean,
): Promise<JudgedAnswer> {
  const params = { sample_id: pair.sample_id, session, seen: pair.version, ...decision };
  return ask<JudgedAnswer>("judge_pair", given(force ? { ...params, force } : params));
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

export function editMask(pair: PairView, what: "make" | "clear"): Promise<{ field: string }> {
  return ask("edit_mask", { sample_id: pair.sample_id, do: what });
}

export async function openSessions(): Promise<SessionView[]> {
  const { sessions } = await ask<{ sessions: SessionView[] }>("curation_session", { do: "list" });
  return sessions.filter((one) => !one.finished);
}

export async function startSession(): Promise<SessionView> {
  return (await ask<{ session: SessionView }>("curation_session", { do: "start" })).session;
}
