// The sessions of a dataset: start one, go on with one, hand it over, finish it.

import * as React from "react";

import type { Call } from "../panel";
import { currentSession, setCurrentSession, setReviewer } from "../reviewing";
import type { Facts, Overview, QueueItem, SessionView } from "../types";
import { JUDGED, VERDICT_COLORS, count, pairs } from "./format";
import { StartForm } from "./start";
import { Ask, useNamed, useReviewer } from "./named";

export interface Opened {
  ok: boolean;
  item?: QueueItem;
}

interface Props {
  facts: Facts;
  bar: string | null;
  overview: Overview;
  call: Call;
  enter: Enter;
}

/** The sessions that are open, the form for a new one, and those that are finished. */
export function Sessions({ facts, bar, overview, call, enter: begin }: Props) {
  const [starting, setStarting] = React.useState(false);
  const [past, setPast] = React.useState(false);
  const who = useReviewer();
  const open = overview.sessions.filter((one) => !one.finished);
  const running = [
    ...open.filter((one) => one.reviewer !== null && one.reviewer === who),
    ...open.filter((one) => one.reviewer === null || one.reviewer !== who),
  ];
  const finished = overview.sessions.filter((one) => one.finished);
  const enter = async (method: string, params: object) => {
    const begun = await begin(method, params);
    if (begun) setStarting(false);
    return begun;
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
      {starting && (
        <StartForm
          facts={facts}
          bar={bar}
          overview={overview}
          call={call}
          enter={enter}
          close={() => setStarting(false)}
        />
      )}
      {!running.length && !starting && (
        <div className="plc-empty">
          A session takes you through the pairs of a view, a check or a saved view, worst first.
        </div>
      )}
      {running.map((one) => (
        <Running key={one.id} session={one} overview={overview} call={call} enter={enter} />
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

/** Starts or resumes a session and opens its pair; whether that could be done. */
export type Enter = (method: string, params: object) => Promise<boolean>;

interface RunningProps {
  session: SessionView;
  overview: Overview;
  call: Call;
  enter: Enter;
}

/** Whether others than this reviewer were in a session, or it was made for another. */
function isOfOthers(session: SessionView, who: string | null): boolean {
  if (session.reviewer !== null) return session.reviewer !== who;
  const seen = session.reviewers.map((one) => one.reviewer);
  return seen.length > 0 && (who === null || !seen.includes(who));
}

function Running({ session, overview, call, enter }: RunningProps) {
  const [changing, setChanging] = React.useState<"hand" | "rename" | null>(null);
  const mine = currentSession(overview.dataset) === session.id;
  const who = useReviewer();
  const [named, asking] = useNamed();
  const [sure, setSure] = React.useState(false);
  const theirs = isOfOthers(session, who);
  const resume = (name: string) => {
    setReviewer(name);
    return enter("resume", { session: session.id, reviewer: name });
  };
  const finish = async () => {
    if (session.left && !sure) {
      setSure(true);
      return;
    }
    if (mine) setCurrentSession(overview.dataset, null);
    await call("change", { do: "finish", session: session.id });
  };
  const answer = (value: string) => {
    setChanging(null);
    if (changing === "hand") void resume(value);
    else void call("change", { do: "rename", session: session.id, name: value });
  };
  const toggle = (what: "hand" | "rename") => setChanging(changing === what ? null : what);
  return (
    <div className="plc-session" data-cy={`plc-session-${session.id}`}>
      <div className="plc-line">
        <span className="plc-name">{session.name}</span>
        <button
          type="button"
          className="plc-button plc-main"
          onClick={() => named((name) => void resume(name), theirs)}
        >
          {session.judged ? "Resume" : "Open the first pair"}
          {who && !theirs ? ` as ${who}` : ""}
        </button>
      </div>
      {asking}
      <Progress session={session} />
      <div className="plc-tools">
        <Tool on={changing === "hand"} label="Hand over" act={() => toggle("hand")} />
        <Tool on={changing === "rename"} label="Rename" act={() => toggle("rename")} />
        <Tool
          label={sure ? `Finish with ${pairs(session.left)} open` : "Finish"}
          act={() => void finish()}
        />
      </div>
      {changing === "hand" && <Ask label="To whom" action="Go on as" value="" done={answer} />}
      {changing === "rename" && (
        <Ask label="New name" action="Rename" value={session.name} done={answer} />
      )}
      {mine && changing === null && <small>You are in this session as {who ?? "nobody yet"}.</small>}
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
        {session.shared > 0 && `, ${count(session.shared)} of them by others as well`}
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
