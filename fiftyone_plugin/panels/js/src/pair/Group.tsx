// The pairs that are judged together, side by side: words, findings, suggestions, verdicts.

import * as React from "react";
import { Key } from "../keys";
import type { FindingView, MemberView } from "../types";
import { Findings } from "./Findings";
import { Query } from "./Query";
import type { Review } from "./review";

interface Props {
  review: Review;
  active: FindingView | null;
  onHold: (finding: FindingView | null) => void;
}

export function Group({ review, active, onHold }: Props): React.ReactElement | null {
  const { pair } = review;
  if (!pair) return null;
  const { members, text } = pair.group;
  return (
    <section aria-label="Group" data-testid="group" data-group={pair.group.id}>
      {members.length > 1 ? <h3>{text}</h3> : null}
      <ol className="plp-members">
        {members.map((one) => (
          <Member
            key={one.sample_id}
            member={one}
            alone={members.length === 1}
            review={review}
            active={active}
            onHold={onHold}
          />
        ))}
      </ol>
    </section>
  );
}

function Member(props: Props & { member: MemberView; alone: boolean }): React.ReactElement {
  const { member, alone, review, active, onHold } = props;
  const { desk, ticked, focus } = review;
  const id = member.sample_id;
  const { verdict, reviewer } = member.review;
  return (
    <li
      className="plp-member"
      data-sample={id}
      data-ticked={ticked.has(id)}
      aria-current={!alone && id === focus}
    >
      <div className="plp-row plp-spread">
        {alone ? null : (
          <input
            type="checkbox"
            aria-label={`Judge ${member.key} with the group`}
            checked={ticked.has(id)}
            onChange={() => desk.tick(id)}
          />
        )}
        <div className="plp-member-text" onClick={() => desk.focus(id)}>
          <Query pair={member} active={active} small={!alone} />
        </div>
        {verdict && !alone ? (
          <span className={`plp-chip plp-${verdict}`} title={reviewer ?? ""}>
            {verdict}
          </span>
        ) : null}
      </div>
      {member.suggestion ? <Suggested member={member} review={review} /> : null}
      <Findings findings={member.findings} active={active} onHold={onHold} />
    </li>
  );
}

function Suggested({ member, review }: { member: MemberView; review: Review }) {
  const { suggestion } = member;
  if (!suggestion) return null;
  const accept = () => {
    review.desk.focus(member.sample_id);
    review.desk.accept(true);
  };
  return (
    <div className="plp-suggested" data-testid="suggestion">
      <span className="plp-diff">
        {suggestion.phrase === null
          ? suggestion.text
          : suggestion.diff.map((part, index) => {
              if (part.kind === "same") return <span key={index}>{part.text}</span>;
              return part.kind === "cut" ? (
                <del key={index}>{part.text}</del>
              ) : (
                <ins key={index}>{part.text}</ins>
              );
            })}
      </span>
      <button type="button" className="plp-button" disabled={!review.ready} onClick={accept}>
        Accept <Key of="accept" />
      </button>
    </div>
  );
}
