// Who reviews: known to this browser, or asked for before anything is done under a name.

import * as React from "react";

import { onReviewing, reviewer, setReviewer } from "../reviewing";

/** The name that verdicts are given under, as it changes; null where it is not known. */
export function useReviewer(): string | null {
  return React.useSyncExternalStore(onReviewing, reviewer);
}

type Act = (who: string) => void;

/**
 * Does something under a name: at once where the name is known, else when it was typed.
 *
 * The second value is the question while it stands, to be drawn beside what asks it. With `anew`
 * it is asked all the same, as where the work of another is gone on with.
 */
export function useNamed(): [(act: Act, anew?: boolean) => void, React.ReactElement | null] {
  const who = useReviewer();
  const [act, setAct] = React.useState<Act | null>(null);
  const named = (next: Act, anew = false) => (who && !anew ? next(who) : setAct(() => next));
  const done = (name: string) => {
    setAct(null);
    setReviewer(name);
    act?.(name);
  };
  const asking = act && <Ask label="Your name" action="Go on" value={who ?? ""} done={done} />;
  return [named, asking];
}

/** Who this browser reviews as, to be changed. */
export function You() {
  const who = useReviewer();
  const [asking, setAsking] = React.useState(false);
  if (asking || !who) {
    if (!asking) return null;
    const done = (name: string) => {
      setAsking(false);
      setReviewer(name);
    };
    return <Ask label="Your name" action="Change" value={who ?? ""} done={done} />;
  }
  return (
    <span className="plc-dim" data-cy="plc-you">
      You review as <b>{who}</b>{" "}
      <button type="button" className="plc-link" onClick={() => setAsking(true)}>
        Change
      </button>
    </span>
  );
}

interface AskProps {
  label: string;
  action: string;
  value: string;
  done: (value: string) => void;
}

/** One line of text that is asked for in place. */
export function Ask({ label, action, value, done }: AskProps) {
  const [text, setText] = React.useState(value);
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (text.trim()) done(text.trim());
  };
  return (
    <form className="plc-inline" onSubmit={submit}>
      <input
        autoFocus
        aria-label={label}
        placeholder={label}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" className="plc-button" disabled={!text.trim()}>
        {action}
      </button>
    </form>
  );
}
