// The state of the panel: the pair that is open, and what the reviewer does with it.

import * as React from "react";
import { mediaUrl, openSample, runInApp, useDatasetName, useOpenSample } from "../host";
import { currentSession, onReviewing, setCurrentSession } from "../reviewing";
import * as api from "./api";
import { loadImage } from "./masks";
import type { ConflictFacts, PairView, QueueItem } from "../types";
import type { Decision } from "./api";

export interface Notice {
  tone: "good" | "bad" | "plain";
  text: string;
}

/** Something that was refused since somebody else decided meanwhile, and how to do it anyway. */
export interface Conflict {
  message: string;
  facts: ConflictFacts;
  again: () => void;
}

export interface Review {
  pair: PairView | null;
  /** Whether the pair that is shown is the one that is open, and nothing is under way. */
  ready: boolean;
  failure: string | null;
  notice: Notice | null;
  conflict: Conflict | null;
  session: string | null;
  judge: (decision: Decision) => void;
  move: (to: "next" | "previous" | "resume", judged?: boolean) => void;
  undo: (redo?: boolean) => void;
  open: (sampleId: string) => void;
  mend: (what: "make" | "clear") => void;
  enter: (session: string) => void;
  reload: () => void;
}

const DONE: Record<string, string> = {
  keep: "kept",
  drop: "dropped",
  fix: "fixed",
  unsure: "marked unsure",
};

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The session of this browser; changes when another panel starts or leaves one. */
function useSession(dataset: string): string | null {
  const [session, setSession] = React.useState(() => currentSession(dataset));
  React.useEffect(() => {
    const read = () => setSession(currentSession(dataset));
    read();
    return onReviewing(read);
  }, [dataset]);
  return session;
}

export function useReview(): Review {
  const open = useOpenSample();
  const dataset = useDatasetName();
  const session = useSession(dataset);
  const [pair, setPair] = React.useState<PairView | null>(null);
  const [failure, setFailure] = React.useState<string | null>(null);
  const [notice, setNotice] = React.useState<Notice | null>(null);
  const [conflict, setConflict] = React.useState<Conflict | null>(null);
  const [busy, setBusy] = React.useState(false);
  const [asked, setAsked] = React.useState(0);
  const answered = React.useRef(new Map<string, PairView>());
  const changed = useReloadAtEnd();

  React.useEffect(() => {
    if (open === null) return undefined;
    let wanted = true;
    setConflict(null);
    const known = answered.current.get(open);
    answered.current.clear();
    if (known) {
      setPair(known);
      setFailure(null);
      return undefined;
    }
    setNotice(null);
    api.fetchPair(open, session).then(
      (found) => {
        if (!wanted) return;
        setPair(found);
        setFailure(null);
      },
      (error: unknown) => {
        if (!wanted) return;
        setPair(null);
        setFailure(sentence(error));
      },
    );
    return () => {
      wanted = false;
    };
  }, [open, session, asked]);

  React.useEffect(() => {
    for (const path of pair?.ahead ?? []) loadImage(mediaUrl(path)).catch(() => undefined);
  }, [pair]);

  /** Shows a pair that came with an answer: at once if it is open, else by opening it. */
  const show = (shown: PairView) => {
    answered.current.set(shown.sample_id, shown);
    if (shown.sample_id === open) setPair(shown);
    else void openSample(shown.sample_id);
  };

  /** Does one thing at a time, and tells what came of it. */
  const act = (work: () => Promise<Notice | null>, again: () => void) => {
    if (busy) return;
    setBusy(true);
    setNotice(null);
    setConflict(null);
    work()
      .then(setNotice, (error: unknown) => {
        if (error instanceof api.Conflicting) {
          setConflict({ message: error.message, facts: error.facts, again });
        } else {
          setNotice({ tone: "bad", text: sentence(error) });
        }
      })
      .finally(() => setBusy(false));
  };

  const judge = (decision: Decision, force = false) => {
    if (!pair || pair.sample_id !== open) return;
    act(
      async () => {
        const answer = await api.judge(pair, decision, session, force);
        changed.current = true;
        show(answer.pair);
        if (decision.mask_from || decision.use_edit) void runInApp("reload_samples");
        const moved = answer.pair.sample_id !== pair.sample_id;
        return {
          tone: "good",
          text: `${moved ? "The pair before" : "This pair"}: ${DONE[decision.verdict]}.${ended(answer.next)}`,
        };
      },
      () => judge(decision, true),
    );
  };

  const undo = (redo = false, force = false) =>
    act(
      async () => {
        const answer = await api.undo(session, redo, force);
        if (answer.undone.pairs === 0) {
          return { tone: "plain", text: redo ? "Nothing to make again." : "Nothing to take back." };
        }
        if (answer.pair) show(answer.pair);
        void runInApp("reload_samples");
        return { tone: "good", text: redo ? "Made again." : "Taken back." };
      },
      () => undo(redo, true),
    );

  const move = (to: "next" | "previous" | "resume", judged = to === "previous") => {
    if (session === null) return;
    act(
      async () => {
        const answer = await api.move(session, to, judged, pair?.sample_id ?? null);
        if (answer.pair) show(answer.pair);
        return answer.item.end ? { tone: "plain", text: END[to] } : null;
      },
      () => undefined,
    );
  };

  const mend = (what: "make" | "clear") => {
    if (!pair) return;
    act(
      async () => {
        await api.editMask(pair, what);
        await runInApp("reload_dataset");
        await runInApp("reload_samples");
        setAsked((n) => n + 1);
        return null;
      },
      () => undefined,
    );
  };

  return {
    pair,
    ready: !busy && pair !== null && pair.sample_id === open,
    failure,
    notice,
    conflict,
    session,
    judge,
    move,
    undo,
    mend,
    open: (id) => void openSample(id),
    enter: (id) => {
      setCurrentSession(dataset, id);
      act(
        async () => {
          const answer = await api.move(id, "resume", false, null);
          if (answer.pair) show(answer.pair);
          return null;
        },
        () => undefined,
      );
    },
    reload: () => {
      setConflict(null);
      setAsked((n) => n + 1);
    },
  };
}

const END = {
  next: "There is no further pair in the queue.",
  previous: "This is the first pair of the queue.",
  resume: "All pairs of the queue have a verdict.",
};

function ended(next: QueueItem | null): string {
  return next?.end ? " That was the last open pair of the queue." : "";
}

/** Has the grid read its samples anew when the panel goes, if the mark was set. */
function useReloadAtEnd(): React.MutableRefObject<boolean> {
  const changed = React.useRef(false);
  React.useEffect(
    () => () => {
      if (changed.current) void runInApp("reload_samples");
    },
    [],
  );
  return changed;
}
