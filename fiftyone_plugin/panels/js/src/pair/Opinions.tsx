// What other reviewers decided on a pair: their notes, what they disagree on, and questions.

import * as React from "react";
import { Key } from "../keys";
import { reviewer } from "../reviewing";
import { when } from "./Decide";
import type { Desk } from "./desk";
import type { Review } from "./review";
import type { MemberView, OpinionView } from "../types";

/** The keys that let the first, the second and the third of the verdicts stand. */
export const TAKE = ["first", "second", "third"] as const;

interface Props {
  member: MemberView;
  review: Review;
  asking: boolean;
  onLeave: () => void;
}

export function Opinions({ member, review, asking, onLeave }: Props): React.ReactElement | null {
  const { desk } = review;
  const told = member.disagree ? member.opinions : ofOthers(member);
  if (!told.length && !member.blind && !member.asked && !asking) return null;
  return (
    <section aria-label="Other reviewers" data-testid="opinions">
      {member.asked ? (
        <p className="plp-faint">
          {member.asked.by} asks for a second opinion
          {member.asked.note ? `: ${member.asked.note}` : "."}
        </p>
      ) : null}
      {member.blind ? (
        <p className="plp-faint">Others judge this pair as well; their verdicts come after yours.</p>
      ) : null}
      {member.disagree ? <h3>Reviewers disagree</h3> : null}
      {told.length ? (
        <ul className="plp-opinions">
          {told.map((one, number) => (
            <Told
              key={one.reviewer}
              told={one}
              take={member.disagree ? () => desk.take(number) : null}
              shortcut={TAKE[number]}
              ready={review.ready}
            />
          ))}
        </ul>
      ) : null}
      {asking ? <AskWhom desk={desk} onLeave={onLeave} /> : null}
    </section>
  );
}

/** The last verdicts of others, and that which the sample has where the log does not know it. */
function ofOthers(member: MemberView): OpinionView[] {
  const { reviewer: last, verdict, note, reviewed_at } = member.review;
  const known = member.opinions.some((one) => one.reviewer === last);
  const unlogged = !known && last && verdict && last !== reviewer();
  const others = member.opinions.filter((one) => one.reviewer !== reviewer());
  if (!unlogged) return others;
  const stored = { phrase: null, texts_changed: false, mask_changed: false, settles: false };
  return [...others, { reviewer: last, verdict, note, time: reviewed_at ?? "", ...stored }];
}

interface ToldProps {
  told: OpinionView;
  take: (() => void) | null;
  shortcut: (typeof TAKE)[number] | undefined;
  ready: boolean;
}

function Told({ told, take, shortcut, ready }: ToldProps): React.ReactElement {
  return (
    <li className="plp-opinion" data-reviewer={told.reviewer}>
      <span>
        <strong>{told.reviewer || "Somebody"}</strong>{" "}
        <span className={`plp-chip plp-${told.verdict}`}>{told.verdict}</span>
      </span>
      {told.phrase === null ? null : <span>as: {told.phrase}</span>}
      {told.texts_changed ? <span>with other texts</span> : null}
      {told.mask_changed ? <span>with another mask</span> : null}
      {told.note ? <span className="plp-note">{told.note}</span> : null}
      <span className="plp-faint">{when(told.time)}</span>
      {take ? (
        <button type="button" className="plp-button" disabled={!ready} onClick={take}>
          Let it stand {shortcut ? <Key of={shortcut} /> : null}
        </button>
      ) : null}
    </li>
  );
}

function AskWhom({ desk, onLeave }: { desk: Desk; onLeave: () => void }): React.ReactElement {
  const submit = (of: string) => {
    onLeave();
    desk.askOpinion(of.trim());
  };
  return (
    <Line
      label="Whose opinion; blank for anybody's"
      action="Ask"
      onDone={submit}
      onLeave={onLeave}
    />
  );
}

/** Who reviews, asked before anything is done under a name. */
export function WhoAreYou({ desk }: { desk: Desk }): React.ReactElement {
  return (
    <div className="plp-conflict" role="alert">
      <strong>Verdicts are given under a name: who are you?</strong>
      <Line
        label="Your name"
        action="Go on"
        onDone={(name) => desk.name(name.trim() || null)}
        onLeave={() => desk.name(null)}
      />
    </div>
  );
}

interface LineProps {
  label: string;
  action: string;
  onDone: (text: string) => void;
  onLeave: () => void;
}

/** One line of text: Enter takes it, Escape leaves it. */
function Line({ label, action, onDone, onLeave }: LineProps): React.ReactElement {
  const [text, setText] = React.useState("");
  return (
    <div className="plp-row">
      <input
        autoFocus
        className="plp-input"
        aria-label={label}
        placeholder={label}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") onDone(text);
          else if (event.key === "Escape") onLeave();
          else return;
          event.preventDefault();
        }}
      />
      <button type="button" className="plp-button" onClick={() => onDone(text)}>
        {action}
      </button>
    </div>
  );
}
