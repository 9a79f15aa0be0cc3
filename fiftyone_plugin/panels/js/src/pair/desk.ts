// The reviewer's desk: the group that is shown, the next ones, and the verdicts that are on
// their way to the server.
//
// A key acts on what is shown at that moment. It is shown at once and written behind; what the
// server refuses is taken back and told. Keys that come before the next group does wait for it.

import { mediaUrl, openSample, runInApp } from "../host";
import { reviewer, setReviewer } from "../reviewing";
import type { ConflictFacts, MemberView, PairView, VerdictName } from "../types";
import * as api from "./api";
import type { Decision, Extra } from "./api";
import { type TextEdit, withEdits } from "../texts/edits";
import { loadImage } from "./masks";

export interface Notice {
  tone: "good" | "bad" | "plain";
  text: string;
}

/** Something that was not written, and how to do it anyway. */
export interface Refusal {
  message: string;
  facts: ConflictFacts | null;
  sample: string | null;
  again: () => void;
}

export interface Desktop {
  pair: PairView | null;
  /** The member whose picture is shown. */
  focus: string | null;
  /** The members that one key judges. */
  ticked: ReadonlySet<string>;
  note: string;
  /** Whether the next group, or an undo, is being waited for. */
  waiting: boolean;
  /** The sample that was opened from outside, by another browser on this server. */
  outside: string | null;
  failure: string | null;
  notice: Notice | null;
  refusals: Refusal[];
  session: string | null;
  /** What waits for the reviewer's name. */
  nameless: (() => void) | null;
  /** How far the session is, with the verdicts that are on their way. */
  judged: number;
  pending: number;
}

const AHEAD = 5;
const SETTLED = 150; // ms without a key until FiftyOne is told which sample is shown
const LOCAL = 3000; // ms that a click or key of this page explains another sample
const ASKED = 4; // samples that FiftyOne was asked to open and may tell of yet

const DONE: Record<VerdictName, string> = {
  keep: "kept",
  drop: "dropped",
  fix: "fixed",
  unsure: "marked unsure",
};

const END = {
  next: "There is no further pair in the queue.",
  previous: "This is the first pair of the queue.",
  resume: "All pairs of the queue have a verdict.",
};

const EMPTY: Desktop = {
  pair: null,
  focus: null,
  ticked: new Set(),
  note: "",
  waiting: false,
  outside: null,
  failure: null,
  notice: null,
  refusals: [],
  session: null,
  nameless: null,
  judged: 0,
  pending: 0,
};

export class Desk {
  state: Desktop = EMPTY;
  private listeners = new Set<() => void>();
  private ahead: PairView[] = [];
  private reading = false;
  private over = false; // nothing is left ahead
  private forgotten = 0; // how often what was read ahead was of no use, and what is on its way is
  private hungry = false; // the next group is to be shown as soon as it is there
  private jobs: (() => Promise<void>)[] = [];
  private working = false;
  private keys: (() => void)[] = [];
  private done = new Set<string>(); // judged here, or as good as
  private versions = new Map<string, string>();
  private moved = new Map<string, string>(); // versions that a mask of ours changed, by what they were
  private asked: string[] = [];
  private settling: ReturnType<typeof setTimeout> | null = null;
  private input = 0;
  private changed = false;
  private away = true; // nobody looks at the panel
  private wanted: string | null = null; // what is being read to be shown

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
      if (!this.listeners.size) this.left();
    };
  };

  private set(change: Partial<Desktop>): void {
    this.state = { ...this.state, ...change };
    this.listeners.forEach((listener) => listener());
  }

  // ------------------------------------------------------------------ what is shown

  /** Whether something outside the panel was clicked or pressed just now, in this page. */
  touched(inside: boolean): void {
    this.input = inside ? 0 : Date.now();
  }

  setSession(session: string | null): void {
    if (session === this.state.session) return;
    this.forget();
    this.set({ session });
    const shown = this.state.pair?.sample_id;
    if (shown) this.fetch(shown);
  }

  /** FiftyOne tells which sample is open. */
  opened(sample: string | null): void {
    if (sample === null) {
      this.forget();
      this.set({ pair: null, outside: null, waiting: false, notice: null });
      return;
    }
    const { pair } = this.state;
    const { away } = this;
    this.away = false;
    if (pair && away && sample !== pair.sample_id) {
      this.follow(sample); // another was opened while the panel was closed: no key is meant for it yet
    } else if (pair && (sample === pair.sample_id || this.settling !== null)) {
      this.set({ outside: null });
    } else if (pair && this.asked.includes(sample)) {
      return; // an earlier one of our own, told of late
    } else if (pair && Date.now() - this.input > LOCAL) {
      this.set({ outside: sample });
    } else {
      this.follow(sample);
    }
  }

  /** Shows the sample that is open in FiftyOne. */
  follow(sample = this.state.outside): void {
    if (sample === null) return;
    this.set({ outside: null, notice: null });
    this.fetch(sample);
  }

  /** Has FiftyOne open what is shown here. */
  insist(): void {
    this.set({ outside: null });
    if (this.state.pair) this.open(this.state.pair.sample_id);
  }

  reload(): void {
    if (this.state.pair) this.fetch(this.state.pair.sample_id);
  }

  goTo(sample: string): void {
    this.open(sample);
    this.fetch(sample);
  }

  focus(sample: string): void {
    this.set({ focus: sample });
  }

  /** The next or the previous member of the group. */
  step(by: 1 | -1): void {
    const members = this.state.pair?.group.members ?? [];
    const at = members.findIndex((one) => one.sample_id === this.state.focus);
    const next = members[(at + by + members.length) % members.length];
    if (next) this.focus(next.sample_id);
  }

  tick(sample: string): void {
    const ticked = new Set(this.state.ticked);
    if (!ticked.delete(sample)) ticked.add(sample);
    this.set({ ticked });
  }

  setNote(note: string): void {
    this.set({ note });
  }

  private forget(): void {
    this.ahead = [];
    this.over = false;
    this.hungry = false;
    this.keys = [];
    this.done.clear();
  }

  private fetch(sample: string): void {
    const { session } = this.state;
    this.set({ waiting: true });
    this.wanted = sample;
    api.fetchPair(sample, session).then(
      (pair) => {
        if (this.wanted !== sample) return;
        this.ahead = [];
        this.show(pair);
      },
      (error: unknown) => {
        if (this.wanted !== sample) return;
        this.set({ pair: null, waiting: false, failure: sentence(error) });
      },
    );
  }

  private show(pair: PairView): void {
    this.set({
      pair,
      focus: pair.sample_id,
      ticked: meant(pair),
      note: ownNote(pair),
      waiting: false,
      failure: null,
      judged: Math.max(this.state.judged, pair.session?.judged ?? 0),
    });
    this.readAhead();
    const keys = this.keys.splice(0);
    keys.forEach((press) => press());
  }

  private settle(): void {
    if (this.settling !== null) clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      this.settling = null;
      if (this.state.pair && !this.state.waiting) this.open(this.state.pair.sample_id);
    }, SETTLED);
  }

  private open(sample: string): void {
    this.asked = [...this.asked, sample].slice(-ASKED);
    void openSample(sample);
  }

  // ------------------------------------------------------------------ the next groups

  private readAhead(): void {
    const { session, pair } = this.state;
    if (session === null || pair === null || this.reading || this.over) return;
    if (this.ahead.length >= AHEAD || pair.session?.position == null) return;
    this.reading = true;
    const { forgotten } = this;
    const after = this.ahead[this.ahead.length - 1] ?? pair;
    const skip = [...this.done, ...shownIn(pair), ...this.ahead.flatMap(shownIn)];
    api.fetchAhead(session, after.sample_id, skip, AHEAD - this.ahead.length).then(
      (found) => {
        this.reading = false;
        if (forgotten !== this.forgotten) return this.hungry ? this.next() : this.readAhead();
        if (session !== this.state.session) return;
        this.over = found.length === 0;
        found.forEach(preload);
        this.ahead.push(...found.filter((one) => !this.done.has(one.sample_id)));
        if (this.hungry) this.next();
        else this.readAhead();
      },
      (error: unknown) => {
        this.reading = false;
        if (this.hungry) this.set({ waiting: false });
        this.hungry = false;
        this.keys = [];
        this.set({ notice: { tone: "bad", text: sentence(error) } });
      },
    );
  }

  private next(): void {
    const next = this.ahead.shift();
    this.hungry = !next && !this.over;
    if (next) {
      this.show(next);
      this.settle();
    } else if (this.over) {
      this.keys = [];
      const text = `${this.state.notice?.text ?? ""} That was the last open pair of the queue.`;
      this.set({ waiting: false, notice: { tone: "good", text: text.trim() } });
    } else {
      this.set({ waiting: true });
      this.readAhead();
    }
  }

  // ------------------------------------------------------------------ verdicts

  /** Judges the ticked members, or the focused one alone. */
  decide(verdict: VerdictName, alone = false, extra: Extra = {}): void {
    this.press(() => {
      const members = this.targets(alone);
      this.write(members.map((one) => this.decision(one, verdict, extra)));
    });
  }

  /** Accepts the suggestions for the ticked members, or for the focused one alone. */
  accept(alone = false): void {
    this.press(() => {
      const members = this.targets(alone).filter((one) => one.suggestion !== null);
      if (members.length) this.write(members.map((one) => this.decision(one, "fix", fixOf(one))));
      else this.set({ notice: { tone: "plain", text: "Nothing is suggested here." } });
    });
  }

  /** Does something under the reviewer's name, which is asked for where it is not known. */
  asNamed(act: () => void): void {
    if (reviewer() === null) this.set({ nameless: act });
    else act();
  }

  /** The reviewer's name, or null where it is not given: then nothing is done. */
  name(who: string | null): void {
    const act = this.state.nameless;
    if (who) setReviewer(who);
    this.set({ nameless: null });
    if (who) act?.();
  }

  /** Edits single captions or turns of the image that is shown, which stays. */
  editTexts(texts: TextEdit[], told: string): void {
    this.press(() => {
      const members = this.targets(true);
      this.write(members.map((one) => this.decision(one, null, { texts })), false, told);
    });
  }

  private press(act: () => void): void {
    if (reviewer() === null) this.asNamed(() => this.press(act));
    else if (this.state.outside !== null) {
      const text = "Another pair was opened from outside; your key was not taken.";
      this.set({ notice: { tone: "bad", text } });
    } else if (this.state.waiting) this.keys.push(act);
    else if (this.state.pair) act();
  }

  private targets(alone: boolean): MemberView[] {
    const { pair, ticked, focus } = this.state;
    const members = pair?.group.members ?? [];
    const chosen = members.filter((one) => (alone ? one.sample_id === focus : ticked.has(one.sample_id)));
    return chosen.length ? chosen : members.filter((one) => one.sample_id === focus);
  }

  private decision(member: MemberView, verdict: VerdictName | null, extra: Extra): Decision {
    const { sample_id, key, version } = member;
    const note = this.state.note.trim();
    return { sample_id, key, seen: version, verdict, ...(note ? { note } : {}), ...extra };
  }

  /** Shows decisions as made and sends them; with `told`, which says what was done, nothing moves on. */
  private write(decisions: Decision[], force = false, told: string | null = null): void {
    const { pair, session } = this.state;
    if (!pair) return;
    const ids = new Set(decisions.map((one) => one.sample_id));
    ids.forEach((id) => this.done.add(id));
    const left = new Set([...this.state.ticked].filter((id) => !ids.has(id)));
    const many = decisions.length > 1 ? `${decisions.length} pairs` : "This pair";
    const moves = told === null && session !== null && left.size === 0 && pair.session?.in_queue === true;
    const before = decisions.length > 1 ? many : "The pair before";
    const done = decisions[0]!.verdict;
    this.set({
      pair: withVerdicts(pair, decisions),
      ticked: told === null && left.size ? left : this.state.ticked,
      pending: this.state.pending + decisions.length,
      notice: {
        tone: "good",
        text: told ?? `${moves ? before : many}: ${done === null ? "edited" : DONE[done]}.`,
      },
      refusals: [],
    });
    if (moves) this.next();
    else if (told === null && left.size) this.focus([...left][0]!);
    this.send(decisions, session, force);
  }

  private send(decisions: Decision[], session: string | null, force: boolean): void {
    this.work(async () => {
      const at = this.state.pair?.session?.in_queue ? this.state.pair.sample_id : null;
      const named = decisions.map((one) => ({
        ...one,
        seen: this.now(one.sample_id, one.seen),
      }));
      try {
        const answer = await api.judge(named, session, session === null ? null : at, force);
        this.confirm(answer, decisions);
      } catch (error) {
        this.takeBack(decisions, session, error);
      }
      this.set({ pending: this.state.pending - decisions.length });
    });
  }

  private confirm(answer: api.JudgedAnswer, decisions: Decision[]): void {
    const { judged, moved, progress } = answer;
    this.changed = true;
    moved.forEach(({ sample_id, was, version }) => {
      this.moved.delete(sample_id + version); // back to what it was: no round without an end
      this.moved.set(sample_id + was, version);
    });
    judged.forEach((one) => this.versions.set(one.sample_id, one.version));
    const { pair } = this.state;
    if (pair) this.set({ pair: { ...pair, can_undo: true } });
    if (progress) this.set({ judged: progress.judged });
    if (decisions.some(changesMask)) {
      void runInApp("reload_samples");
    }
    // What stays on show has a new text, mask or history.
    const members = new Set(pair?.group.members.map((one) => one.sample_id));
    if (pair && judged.some((one) => members.has(one.sample_id))) this.refresh(pair.sample_id);
  }

  /** The version of a pair by now, of which a version was seen. */
  private now(sample: string, seen: string): string {
    let now = this.versions.get(sample) ?? seen;
    for (let next = this.moved.get(sample + now); next; next = this.moved.get(sample + now)) {
      now = next;
    }
    return now;
  }

  /** Reads again what is shown, unless something else is shown by then. */
  private refresh(sample: string): void {
    api.fetchPair(sample, this.state.session).then(
      (pair) => {
        const { pair: shown, waiting } = this.state;
        if (shown?.sample_id === sample && !waiting && this.jobs.length === 0) this.set({ pair });
      },
      () => undefined,
    );
  }

  private takeBack(decisions: Decision[], session: string | null, error: unknown): void {
    decisions.forEach((one) => this.done.delete(one.sample_id));
    this.over = false;
    const { pair } = this.state;
    const ids = new Set(decisions.map((one) => one.sample_id));
    const refused = pair?.group.members.find((one) => ids.has(one.sample_id));
    if (pair && refused) {
      this.focus(refused.sample_id);
      this.refreshNow(pair.sample_id);
    }
    const facts = error instanceof api.Conflicting ? error.facts : null;
    const refusal: Refusal = {
      message: sentence(error),
      facts,
      sample: decisions[0]?.sample_id ?? null,
      again: () => {
        this.settleRefusal(refusal);
        decisions.forEach((one) => this.done.add(one.sample_id));
        this.set({ pending: this.state.pending + decisions.length });
        this.send(decisions, session, facts !== null);
      },
    };
    this.set({ refusals: [...this.state.refusals, refusal], notice: null });
  }

  settleRefusal(refusal: Refusal): void {
    this.set({ refusals: this.state.refusals.filter((one) => one !== refusal) });
  }

  private refreshNow(sample: string): void {
    api.fetchPair(sample, this.state.session).then(
      (pair) => {
        if (this.state.pair?.sample_id !== sample) return;
        pair.group.members.forEach((one) => this.versions.delete(one.sample_id));
        this.set({ pair, ticked: meant(pair) });
      },
      () => undefined,
    );
  }

  // ------------------------------------------------------------------ one after the other

  /** Does one thing after the other, in the order of the keys. */
  private work(job: () => Promise<void>): void {
    this.jobs.push(job);
    if (this.working) return;
    this.working = true;
    void (async () => {
      for (let next = this.jobs[0]; next; next = this.jobs[0]) {
        await next();
        this.jobs.shift();
      }
      this.working = false;
      if (!this.listeners.size) this.left();
      else this.readAhead();
    })();
  }

  /** Something that the next keys wait for; it gives the pair to be shown. */
  private stop(act: () => Promise<[PairView | null, Notice | null]>, again: () => void): void {
    if (this.state.waiting) {
      this.keys.push(() => this.stop(act, again));
      return;
    }
    this.set({ waiting: true, notice: null, refusals: [] });
    this.work(async () => {
      try {
        const [pair, notice] = await act();
        this.forgetAhead();
        this.set({ waiting: false, notice });
        if (pair) {
          this.show(pair);
          this.open(pair.sample_id);
        }
      } catch (error) {
        const facts = error instanceof api.Conflicting ? error.facts : null;
        if (facts === null) this.set({ notice: { tone: "bad", text: sentence(error) } });
        else {
          const refusal: Refusal = { message: sentence(error), facts, sample: null, again };
          this.set({ refusals: [refusal] });
        }
        this.set({ waiting: false });
      }
    });
  }

  private forgetAhead(): void {
    this.ahead = [];
    this.forgotten += 1;
    this.over = false;
    this.done.clear();
    this.versions.clear();
    this.moved.clear();
  }

  /** Settles a disagreement over the focused member: one of the verdicts stands again. */
  take(number: number): void {
    const { pair, focus, session } = this.state;
    const member = pair?.group.members.find((one) => one.sample_id === focus);
    const of = member?.disagree ? member.opinions[number]?.reviewer : undefined;
    if (!pair || !member || of === undefined) return;
    this.press(() =>
      this.stop(
        async () => {
          await api.takeOpinion(member.sample_id, of, session);
          this.changed = true;
          const notice: Notice = { tone: "good", text: `The verdict of ${of} stands.` };
          if (session !== null && pair.session?.in_queue) {
            const answer = await api.move(session, "next", false, pair.sample_id);
            if (answer.pair) return [answer.pair, notice];
          }
          return [await api.fetchPair(pair.sample_id, session), notice];
        },
        () => undefined,
      ),
    );
  }

  /** Asks for a second opinion on the focused member; what the note says is the question. */
  askOpinion(of: string): void {
    const { pair, focus, session, note } = this.state;
    if (!pair || focus === null) return;
    this.press(() =>
      this.stop(
        async () => {
          await api.askOpinion(focus, of, note.trim());
          const text = `${of || "Anybody"} is asked for a second opinion.`;
          return [await api.fetchPair(pair.sample_id, session), { tone: "good", text }];
        },
        () => undefined,
      ),
    );
  }

  undo(redo = false, force = false): void {
    if (reviewer() === null) {
      this.asNamed(() => this.undo(redo, force));
      return;
    }
    const { session } = this.state;
    this.stop(
      async () => {
        const answer = await api.undo(session, redo, force);
        if (answer.undone.pairs === 0) {
          const text = redo ? "Nothing to make again." : "Nothing to take back.";
          return [null, { tone: "plain", text }];
        }
        void runInApp("reload_samples");
        this.set({ judged: answer.pair?.session?.judged ?? this.state.judged });
        return [answer.pair, { tone: "good", text: redo ? "Redone." : "Undone." }];
      },
      () => this.undo(redo, true),
    );
  }

  move(to: "next" | "previous" | "resume", judged = to === "previous"): void {
    const { session } = this.state;
    if (session === null) return;
    this.stop(
      async () => {
        const answer = await api.move(session, to, judged, this.state.pair?.sample_id ?? null);
        return [answer.pair, answer.item.end ? { tone: "plain", text: END[to] } : null];
      },
      () => undefined,
    );
  }

  /** Enters a session at the pair that was open last. */
  enter(session: string): void {
    this.set({ session });
    this.forget();
    this.move("resume");
  }

  mend(what: "make" | "clear"): void {
    const { focus, session } = this.state;
    if (focus === null) return;
    this.stop(
      async () => {
        await api.editMask(focus, what);
        await runInApp("reload_dataset");
        await runInApp("reload_samples");
        return [await api.fetchPair(focus, session), null];
      },
      () => undefined,
    );
  }

  /** The panel is gone: the grid is to show what was decided. */
  private left(): void {
    this.away = true;
    if (this.changed && !this.working) {
      this.changed = false;
      void runInApp("reload_samples");
    }
  }
}

/** The reviewer's own note; that of another is shown, and not signed over. */
function ownNote(pair: PairView): string {
  return pair.review.reviewer === reviewer() ? (pair.review.note ?? "") : "";
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The members that one key judges: those that are meant and that nobody has judged. */
function meant(pair: PairView): ReadonlySet<string> {
  const { members } = pair.group;
  const open = members.filter((one) => one.meant && one.review.verdict === null);
  const chosen = open.length ? open : members.filter((one) => one.sample_id === pair.sample_id);
  return new Set(chosen.map((one) => one.sample_id));
}

function shownIn(pair: PairView): string[] {
  return pair.group.members.filter((one) => one.meant).map((one) => one.sample_id);
}

function changesMask({ mask_from, mask_of, use_edit, painted }: Decision): boolean {
  return Boolean(mask_from || mask_of || use_edit || painted);
}

function fixOf(member: MemberView): Extra {
  const { phrase, mask_of, mask_from, edits } = member.suggestion ?? {};
  if (edits?.length) return { texts: edits };
  if (phrase) return { phrase };
  return mask_of ? { mask_of } : mask_from ? { mask_from } : {};
}

function withVerdicts(pair: PairView, decisions: Decision[]): PairView {
  const given = new Map(decisions.map((one) => [one.sample_id, one]));
  const judged = <M extends MemberView>(one: M): M => {
    const decision = given.get(one.sample_id);
    if (!decision) return one;
    const shown = withEdits(one, decision.texts);
    if (decision.verdict === null) return shown;
    const now = { verdict: decision.verdict, reviewer: reviewer(), reviewed_at: null };
    return { ...shown, review: { ...one.review, ...now } };
  };
  return { ...judged(pair), group: { ...pair.group, members: pair.group.members.map(judged) } };
}

/** Loads images and masks before they are shown. */
function preload(pair: PairView): void {
  const files = pair.group.members.flatMap((one) => [
    one.image.path,
    ...one.masks.filter((mask) => mask.role === "truth").map((mask) => mask.path),
  ]);
  for (const file of new Set(files)) {
    if (file) loadImage(mediaUrl(file)).catch(() => undefined);
  }
}
