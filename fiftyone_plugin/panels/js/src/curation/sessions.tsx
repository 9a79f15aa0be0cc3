// The sessions of a dataset: start one, go on with one, hand it over, finish it.

import * as React from "react";

import type { Call } from "../panel";
import { currentSession, reviewer, setCurrentSession, setReviewer } from "../reviewing";
import type { Facts, Overview, QueueItem, SessionView } from "../types";
import { JUDGED, VERDICT_COLORS, count, pairs } from "./format";

interface Opened {
  ok: boolean;
  item?: QueueItem;
}

interface Props {
  facts: Facts;
  bar: string | null;
  overview: Overview;
  call: Call;
  open: (item: QueueItem) => void;
}

/** The sessions that are open, the form for a new one, and those that are finished. */
export function Sessions({ facts, bar, overview, call, open }: Props) {
  const [starting, setStarting] = React.useState(false);
  const [past, setPast] = React.useState(false);
  const running = overview.sessions.filter((one) => !one.finished);
  const finished = overview.sessions.filter((one) => one.finished);
  const enter = async (method: string, params: object) => {
    const answer = await call<Opened>(method, params);
    if (!answer?.ok || !answer.item) return;
    setCurrentSession(overview.dataset, answer.item.session);
    setStarting(false);
    open(answer.item);
  };
  return (
    <section className="plc-section" style={{ gridArea: "sessions" }} data-cy="plc-sessions">
      <header>
        <h3>Sessions</h3>
        <button
          type="button"
          className={running.length || starting ? "plc-button" : "plc-button plc-main"}
          aria-expanded={starting}
          onClick={() => setStarting(!starting)}
        >
          {starting ? "Cancel" : "Start a session"}
        </button>
      </header>
      {starting && <StartForm facts={facts} bar={bar} overview={overview} enter={enter} />}
      {!running.length && !starting && (
        <div className="plc-empty">
          A session takes you through the pairs of a view, a check or a saved view, worst first.
        </div>
      )}
      {running.map((one) => (
        <Running key={one.id} session={one} facts={facts} overview={overview} call={call} enter={enter} />
      ))}
      {finished.length > 0 && (
        <button type="button" className="plc-link" aria-expanded={past} onClick={() => setPast(!past)}>
          {past ? "Hide" : "Show"} {count(finished.length)} finished
        </button>
      )}
      {past && finished.map((one) => <Finished key={one.id} session={one} call={call} />)}
    </section>
  );
}

type Enter = (method: string, params: object) => Promise<void>;

/** What a new session would be over: what the grid shows, by its name where it has one. */
function suggested(facts: Facts, bar: string | null): string {
  if (!bar || bar === "flagged") return facts.whole ? "flagged" : "use_view";
  return facts.whole && /^(check|severity):/.test(bar) ? bar : "use_view";
}

interface StartProps {
  facts: Facts;
  bar: string | null;
  overview: Overview;
  enter: Enter;
}

function StartForm({ facts, bar, overview, enter }: StartProps) {
  const [over, setOver] = React.useState(suggested(facts, bar));
  const [name, setName] = React.useState("");
  const [who, setWho] = React.useState(reviewer() ?? facts.reviewer ?? "");
  const [again, setAgain] = React.useState(false);
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    setReviewer(who.trim() || null);
    const params: Record<string, unknown> = { name, reviewer: who, include_judged: again };
    const at = over.indexOf(":");
    if (over === "use_view") params.use_view = true;
    else if (at > 0) params[over.slice(0, at)] = over.slice(at + 1);
    void enter("start", params);
  };
  return (
    <form className="plc-form" onSubmit={submit}>
      <label htmlFor="plc-over">Over</label>
      <select id="plc-over" value={over} onChange={(event) => setOver(event.target.value)}>
        <option value="flagged">All pairs with findings ({count(overview.flagged)})</option>
        <option value="use_view">The pairs that the grid shows</option>
        <optgroup label="A check's findings">
          {overview.findings.map((one) => (
            <option key={one.check} value={`check:${one.check}`}>
              {one.check} ({count(one.pairs)})
            </option>
          ))}
        </optgroup>
        <optgroup label="Findings of a severity">
          {overview.severities.map((one) => (
            <option key={one.severity} value={`severity:${one.severity}`}>
              {one.severity} ({count(one.pairs)})
            </option>
          ))}
        </optgroup>
        <optgroup label="A saved view">
          {(facts.saved_views ?? []).map((view) => (
            <option key={view} value={`saved_view:${view}`}>
              {view}
            </option>
          ))}
        </optgroup>
      </select>
      <label htmlFor="plc-name">Name</label>
      <input
        id="plc-name"
        value={name}
        placeholder="made from what it is over"
        onChange={(event) => setName(event.target.value)}
      />
      <label htmlFor="plc-reviewer">Reviewer</label>
      <input id="plc-reviewer" value={who} onChange={(event) => setWho(event.target.value)} />
      <label className="plc-wide">
        <input type="checkbox" checked={again} onChange={(event) => setAgain(event.target.checked)} />{" "}
        also pairs that have a verdict already
      </label>
      <div className="plc-line">
        <button type="submit" className="plc-button plc-main">
          Start and open the first pair
        </button>
      </div>
    </form>
  );
}

interface RunningProps {
  session: SessionView;
  facts: Facts;
  overview: Overview;
  call: Call;
  enter: Enter;
}

function Running({ session, facts, overview, call, enter }: RunningProps) {
  const [asking, setAsking] = React.useState<"hand" | "rename" | null>(null);
  const mine = currentSession(overview.dataset) === session.id;
  const resume = (who: string | null) => enter("resume", { session: session.id, reviewer: who });
  const finish = async () => {
    if (mine) setCurrentSession(overview.dataset, null);
    await call("change", { do: "finish", session: session.id });
  };
  const answer = (value: string) => {
    setAsking(null);
    if (asking === "rename") void call("change", { do: "rename", session: session.id, name: value });
    else {
      setReviewer(value);
      void resume(value);
    }
  };
  const toggle = (what: "hand" | "rename") => setAsking(asking === what ? null : what);
  return (
    <div className="plc-session" data-cy={`plc-session-${session.id}`}>
      <div className="plc-line">
        <span className="plc-name">{session.name}</span>
        <button type="button" className="plc-button plc-main" onClick={() => void resume(reviewer())}>
          {session.judged ? "Resume" : "Open the first pair"}
        </button>
      </div>
      <Progress session={session} />
      <div className="plc-tools">
        <Tool on={asking === "hand"} label="Hand over" act={() => toggle("hand")} />
        <Tool on={asking === "rename"} label="Rename" act={() => toggle("rename")} />
        <Tool label="Finish" act={() => void finish()} />
      </div>
      {asking === "hand" && <Ask label="To whom" action="Go on as" value="" done={answer} />}
      {asking === "rename" && <Ask label="New name" action="Rename" value={session.name} done={answer} />}
      {mine && asking === null && (
        <small>You are in this session as {reviewer() ?? facts.reviewer}.</small>
      )}
    </div>
  );
}

function Progress({ session }: { session: SessionView }) {
  const who = session.reviewers
    .filter((one) => one.judged)
    .map((one) => `${one.reviewer} ${count(one.judged)}`)
    .join(", ");
  return (
    <>
      <div className="plc-track" style={{ display: "flex" }}>
        {JUDGED.map((verdict) => (
          <span
            key={verdict}
            title={`${verdict} ${count(session.verdicts[verdict] ?? 0)}`}
            style={{
              width: `${(100 * (session.verdicts[verdict] ?? 0)) / Math.max(1, session.pairs)}%`,
              background: VERDICT_COLORS[verdict],
              borderRadius: 0,
            }}
          />
        ))}
      </div>
      <small>
        {count(session.judged)} of {pairs(session.pairs)} judged; {session.over.text}
        {who && `; by ${who}`}
      </small>
    </>
  );
}

function Finished({ session, call }: { session: SessionView; call: Call }) {
  const [sure, setSure] = React.useState(false);
  const change = (what: string) => void call("change", { do: what, session: session.id });
  return (
    <div className="plc-session" data-cy={`plc-session-${session.id}`}>
      <div className="plc-line">
        <span className="plc-name">{session.name}</span>
      </div>
      <Progress session={session} />
      <div className="plc-tools">
        <Tool label="Show its pairs" act={() => void call("show", { bar: `session:${session.id}` })} />
        <Tool label="Reopen" act={() => change("reopen")} />
        <Tool
          label={sure ? "Delete the session; its verdicts stay" : "Delete"}
          act={() => (sure ? change("delete") : setSure(true))}
        />
      </div>
    </div>
  );
}

function Tool({ label, act, on }: { label: string; act: () => void; on?: boolean }) {
  return (
    <button type="button" className="plc-link" aria-expanded={on} onClick={act}>
      {label}
    </button>
  );
}

interface AskProps {
  label: string;
  action: string;
  value: string;
  done: (value: string) => void;
}

/** One line of text that is asked for in place. */
function Ask({ label, action, value, done }: AskProps) {
  const [text, setText] = React.useState(value);
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (text.trim()) done(text.trim());
  };
  return (
    <form className="plc-inline" onSubmit={submit}>
      <input autoFocus aria-label={label} placeholder={label} value={text} onChange={(e) => setText(e.target.value)} />
      <button type="submit" className="plc-button" disabled={!text.trim()}>
        {action}
      </button>
    </form>
  );
}
