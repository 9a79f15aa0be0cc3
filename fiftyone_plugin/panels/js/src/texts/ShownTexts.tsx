// The image that is open with its captions or its conversation: picture, findings, texts, verdict.

import * as React from "react";
import { Key, useKeys } from "../keys";
import { Decide } from "../pair/Decide";
import { Findings } from "../pair/Findings";
import { History } from "../pair/History";
import { Picture } from "../pair/Picture";
import type { Review } from "../pair/review";
import type { FindingView, MemberView, PairView, VerdictName } from "../types";
import type { TextEdit } from "./edits";
import { TextCard, type Doing } from "./TextCard";
import { TextEditor } from "./TextEditor";

export function ShownTexts({ pair, review }: { pair: PairView; review: Review }): React.ReactElement {
  const { members } = pair.group;
  const member = members.find((one) => one.sample_id === review.focus) ?? pair;
  return <Image key={member.sample_id} pair={pair} member={member} review={review} />;
}

/** The first text of the worst finding that is about one. */
function firstOf(member: MemberView): number {
  const unit = member.findings.flatMap((one) => one.units)[0];
  return Math.max(0, member.texts.findIndex((one) => one.unit === unit));
}

function Image(props: { pair: PairView; member: MemberView; review: Review }): React.ReactElement {
  const { pair, member, review } = props;
  const { desk } = review;
  const { texts, findings } = member;
  const [at, setAt] = React.useState(() => firstOf(member));
  const [mode, setMode] = React.useState<"edit" | "add" | null>(null);
  const [active, setActive] = React.useState<FindingView | null>(null);
  const [bare, setBare] = React.useState(false);
  const noteBox = React.useRef<HTMLTextAreaElement>(null);
  const text = texts[Math.min(at, texts.length - 1)]!;
  const several = pair.group.members.length > 1;

  const write = (edit: TextEdit, told: string) => desk.editTexts([edit], told);
  const say = (verdict: VerdictName, told: string) => () => {
    write({ unit: text.unit, verdict }, `${text.unit}: ${told}.`);
    setAt(Math.min(at + 1, texts.length - 1));
  };
  const doing: Doing = {
    keep: say("keep", "kept"),
    fix: say("fix", "to be fixed"),
    unsure: say("unsure", "marked unsure"),
    drop: () =>
      write(
        { unit: text.unit, removed: !text.removed },
        `${text.unit}: ${text.removed ? "put back" : "removed"}.`,
      ),
    edit: () => setMode(text.removed ? null : "edit"),
  };
  const step = (by: 1 | -1) => {
    if (several && !texts[at + by]) desk.step(by);
    else setAt((at + by + texts.length) % texts.length);
  };
  const hold = (finding: FindingView | null) => {
    setActive(finding);
    const place = texts.findIndex((one) => one.unit === finding?.units[0]);
    if (place >= 0) setAt(place);
  };
  const judge = (verdict: VerdictName) => (alone: boolean) => {
    if (alone) doing[verdict]();
    else desk.decide(verdict);
  };
  useKeys({
    keep: judge("keep"),
    drop: judge("drop"),
    fix: judge("fix"),
    unsure: judge("unsure"),
    accept: () => desk.accept(),
    earlier: () => step(-1),
    later: () => step(1),
    ...(several ? { tick: () => desk.tick(member.sample_id) } : {}),
    edit: doing.edit,
    add: () => setMode("add"),
    note: () => noteBox.current?.focus(),
    overlays: () => setBare((is) => !is),
  });

  return (
    <main className="plp-pair" data-sample={pair.sample_id} data-ready={review.ready}>
      <div className="plp-columns">
        <div className="plp-column plp-still">
          <div className={several ? "plp-beside" : undefined}>
            <Picture
              pair={member}
              mask={null}
              truth={null}
              shapes={bare ? [] : text.shapes}
              label={`The image, with the boxes of ${text.unit}`}
            />
            {several ? <Counterpart pair={pair} member={member} review={review} /> : null}
          </div>
          <p className="plp-faint plp-cut plp-key" title={member.key}>
            {member.key}
          </p>
          <p className="plp-small plp-legend" data-testid="boxes">
            {text.shapes.length ? `Boxes of ${text.unit}: ${labels(text.shapes)}` : ""}
          </p>
          <Findings findings={findings} active={active} onHold={hold} />
          <Suggested member={member} review={review} />
          {several ? <Images pair={pair} review={review} /> : null}
        </div>
        <div className="plp-column">
          <section aria-label={text.kind === "turn" ? "Conversation" : "Captions"}>
            <div className="plp-row plp-spread">
              <h3>
                {count(member)}
              </h3>
              <button type="button" className="plp-button" onClick={() => setMode("add")}>
                Add a {text.kind} <Key of="add" />
              </button>
            </div>
            {mode === "add" ? (
              <TextEditor
                text={text}
                adding
                ready={review.ready}
                onSave={(edit) => write(edit, `A ${text.kind} was added.`)}
                onLeave={() => setMode(null)}
              />
            ) : null}
            <ol className="plp-texts">
              {texts.map((one, place) =>
                mode === "edit" && one === text ? (
                  <li key={one.unit} className="plp-text" data-unit={one.unit}>
                    <TextEditor
                      text={one}
                      adding={false}
                      ready={review.ready}
                      onSave={(edit) => write(edit, `${one.unit}: edited.`)}
                      onLeave={() => setMode(null)}
                    />
                  </li>
                ) : (
                  <TextCard
                    key={one.unit}
                    text={one}
                    findings={findings}
                    active={active}
                    focused={one === text}
                    ready={review.ready}
                    doing={doing}
                    onFocus={() => setAt(place)}
                  />
                ),
              )}
            </ol>
          </section>
          <History history={pair.history} />
        </div>
      </div>
      <Decide pair={member} review={review} noteRef={noteBox} />
    </main>
  );
}

/** Another image of the group, such as the same one in another split; a click goes there. */
function Counterpart(props: { pair: PairView; member: MemberView; review: Review }) {
  const { members } = props.pair.group;
  const at = members.indexOf(props.member);
  const other = members[(at + 1) % members.length]!;
  return (
    <button
      type="button"
      className="plp-tile plp-counterpart"
      title={`Go to ${other.key}`}
      onClick={() => props.review.desk.focus(other.sample_id)}
    >
      <Picture pair={other} mask={null} truth={null} shapes={[]} label={`The image ${other.key}`} />
    </button>
  );
}

/** The images that one key judges. */
function Images({ pair, review }: { pair: PairView; review: Review }): React.ReactElement {
  const { desk, ticked } = review;
  return (
    <section aria-label="Images of this group">
      <h3>{pair.group.text}</h3>
      <ul className="plp-siblings">
        {pair.group.members.map((one) => (
          <li key={one.sample_id} className="plp-row">
            <input
              type="checkbox"
              aria-label={`Judge ${one.key} with the group`}
              checked={ticked.has(one.sample_id)}
              onChange={() => desk.tick(one.sample_id)}
            />
            <button
              type="button"
              className="plp-button plp-cut"
              aria-pressed={one.sample_id === review.focus}
              onClick={() => desk.focus(one.sample_id)}
            >
              {one.key}
            </button>
            {one.review.verdict ? (
              <span className={`plp-chip plp-${one.review.verdict}`}>{one.review.verdict}</span>
            ) : null}
          </li>
        ))}
      </ul>
    </section>
  );
}

function labels(shapes: MemberView["shapes"]): string {
  const named = [...new Set(shapes.map((shape) => shape.label).filter(Boolean))];
  return named.length ? named.join(", ") : String(shapes.length);
}

function count(member: MemberView): string {
  const there = member.texts.filter((one) => !one.removed).length;
  const kind = member.texts[0]?.kind === "turn" ? "turn" : "caption";
  return `${there} ${kind}${there === 1 ? "" : "s"}`;
}

function Suggested(props: { member: MemberView; review: Review }): React.ReactElement | null {
  const { suggestion } = props.member;
  if (!suggestion) return null;
  return (
    <div className="plp-suggested" data-testid="suggestion">
      <span className="plp-diff">
        {suggestion.phrase === null ? null : (
          <>
            <strong>{suggestion.unit}</strong>:{" "}
            {suggestion.diff.map((part, index) => {
              if (part.kind === "same") return <span key={index}>{part.text}</span>;
              return part.kind === "cut" ? (
                <del key={index}>{part.text}</del>
              ) : (
                <ins key={index}>{part.text}</ins>
              );
            })}{" "}
          </>
        )}
        {suggestion.removes.length ? `Remove ${suggestion.removes.join(" and ")}.` : null}
      </span>
      <button
        type="button"
        className="plp-button"
        disabled={!props.review.ready}
        onClick={() => props.review.desk.accept()}
      >
        Accept <Key of="accept" />
      </button>
    </div>
  );
}
