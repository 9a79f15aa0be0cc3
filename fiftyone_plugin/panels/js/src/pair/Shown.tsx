// The group that is open: pictures, queries with their findings, masks, verdict.

import * as React from "react";
import { Brush } from "../brush/Brush";
import { draftOf } from "../brush/drafts";
import { Key, useKeys } from "../keys";
import { Compare } from "./Compare";
import { Decide, VERDICTS } from "./Decide";
import { Group } from "./Group";
import { History } from "./History";
import { Mend } from "./Mend";
import { Opinions, TAKE } from "./Opinions";
import { Picture, ShapeLegend } from "./Picture";
import { PhraseEditor } from "./PhraseEditor";
import type { Review } from "./review";
import { Siblings } from "./Siblings";
import type { FindingView, MaskView, MemberView, PairView, Shape } from "../types";
import { around } from "./zoom";

export function Shown({ pair, review }: { pair: PairView; review: Review }): React.ReactElement {
  const { desk } = review;
  const [editing, setEditing] = React.useState(false);
  const [active, setActive] = React.useState<FindingView | null>(null);
  const [chosen, setChosen] = React.useState<string | null>(null);
  const [bare, setBare] = React.useState(false);
  const [close, setClose] = React.useState(false);
  const [painted, setPainted] = React.useState(() => begun(pair.group.members));
  const [asking, setAsking] = React.useState(false);
  const noteBox = React.useRef<HTMLTextAreaElement>(null);

  const { members } = pair.group;
  const member = members.find((one) => one.sample_id === review.focus) ?? pair;
  const canvas = members.find((one) => one.sample_id === painted) ?? null;
  const other = counterpart(member, members);
  const masked = member.masks.length > 0;
  const truth = truthOf(member);
  const mask = member.masks.find((one) => one.field + one.role === chosen) ?? truth;
  const zoom = close ? around(member.shapes) : null;
  const shapes = bare ? [] : drawn(member, active);

  useKeys({
    ...Object.fromEntries(
      VERDICTS.map(({ verdict }) => [verdict, (alone: boolean) => desk.decide(verdict, alone)]),
    ),
    ...Object.fromEntries(TAKE.map((name, number) => [name, () => desk.take(number)])),
    opinion: () => setAsking(true),
    accept: (alone) => desk.accept(alone),
    earlier: () => desk.step(-1),
    later: () => desk.step(1),
    edit: () => setEditing(true),
    note: () => noteBox.current?.focus(),
    tick: () => desk.tick(member.sample_id),
    overlays: () => setBare((is) => !is),
    zoom: () => setClose((is) => !is),
    ...(masked && !member.no_target ? { paint: () => setPainted(member.sample_id) } : {}),
    ...(masked ? { mend: () => desk.mend("make"), mask: () => setChosen(after(mask, member)) } : {}),
  });

  return (
    <div className="plp-pair" data-sample={pair.sample_id} data-ready={review.ready}>
      <div className="plp-columns">
        <div className="plp-column">
          {canvas ? (
            <Brush
              key={canvas.sample_id}
              pair={canvas}
              ready={review.ready}
              onSave={(runs) => {
                setPainted(null);
                desk.focus(canvas.sample_id);
                desk.decide("fix", true, { painted: runs });
              }}
              onLeave={() => setPainted(null)}
            />
          ) : (
            <>
              <div className={other ? "plp-beside" : undefined}>
                <Picture
                  pair={member}
                  mask={bare ? null : mask}
                  truth={truth}
                  shapes={shapes}
                  zoom={zoom}
                  label={`The image, with ${mask?.label ?? "no mask"} and the evidence drawn over it`}
                />
                {other ? (
                  <button
                    type="button"
                    className="plp-tile plp-counterpart"
                    title={`Go to ${other.key}`}
                    onClick={() => desk.focus(other.sample_id)}
                  >
                    <Picture
                      pair={other}
                      mask={bare ? null : truthOf(other)}
                      truth={null}
                      shapes={bare ? [] : other.shapes}
                      zoom={zoom}
                      label={`The counterpart ${other.key}`}
                    />
                  </button>
                ) : null}
              </div>
              <div className="plp-row plp-tools">
                <Toggle on={!bare} label="Overlays" of="overlays" flip={() => setBare(!bare)} />
                <Toggle on={close} label="Close up" of="zoom" flip={() => setClose(!close)} />
                <ShapeLegend shapes={shapes} />
              </div>
              <p className="plp-faint plp-cut plp-key" title={member.key}>
                {member.key}
              </p>
            </>
          )}
          {masked ? (
            <Compare
              pair={member}
              chosen={mask}
              ready={review.ready}
              onChoose={(one: MaskView) => setChosen(one.field + one.role)}
              onUse={(one: MaskView) => desk.decide("fix", true, { mask_from: one.field })}
            />
          ) : null}
        </div>
        <div className="plp-column">
          {editing ? (
            <PhraseEditor
              key={member.sample_id}
              pair={member}
              ready={review.ready}
              onSave={(phrase) => desk.decide("fix", true, { phrase })}
              onLeave={() => setEditing(false)}
            />
          ) : (
            <div className="plp-row">
              <button type="button" className="plp-button" onClick={() => setEditing(true)}>
                Edit the {masked ? "query" : "text"} <Key of="edit" />
              </button>
              <button type="button" className="plp-button" onClick={() => setAsking(true)}>
                Second opinion <Key of="opinion" />
              </button>
            </div>
          )}
          <Opinions
            member={member}
            review={review}
            asking={asking}
            onLeave={() => setAsking(false)}
          />
          <Group review={review} active={active} onHold={setActive} />
          {masked ? (
            <Mend
              pair={member}
              ready={review.ready}
              onPaint={() => setPainted(member.sample_id)}
              onMake={() => desk.mend("make")}
              onTake={() => desk.decide("fix", true, { use_edit: true })}
              onClear={() => desk.mend("clear")}
            />
          ) : null}
          <Siblings siblings={pair.siblings} onOpen={(id) => desk.goTo(id)} />
          <History history={pair.history} />
        </div>
      </div>
      <Decide pair={member} review={review} noteRef={noteBox} />
    </div>
  );
}

/** The mask that is listed after one of a member's; after the last comes the first. */
function after(mask: MaskView | null, { masks }: MemberView): string | null {
  const next = masks[(masks.findIndex((one) => one === mask) + 1) % masks.length];
  return next ? next.field + next.role : null;
}

/** The member whose mask was being painted when the group was left. */
function begun(members: MemberView[]): string | null {
  return members.find((one) => draftOf(one.sample_id) !== null)?.sample_id ?? null;
}

function truthOf(member: MemberView): MaskView | null {
  return member.masks.find((mask) => mask.role === "truth") ?? null;
}

/** The member to compare with: the first with another mask or image, as in a swap or a leak. */
function counterpart(member: MemberView, members: MemberView[]): MemberView | null {
  const shown = (one: MemberView) => `${one.image.path} ${truthOf(one)?.path}`;
  const others = members.filter((one) => shown(one) !== shown(member));
  return others.find((one) => one.meant) ?? others[0] ?? null;
}

/** What is drawn: all evidence, or that of one finding. */
function drawn(pair: MemberView, active: FindingView | null): Shape[] {
  if (active) return [...pair.shapes, ...active.evidence];
  const seen = new Set<string>();
  const all = [...pair.shapes, ...pair.findings.flatMap((finding) => finding.evidence)];
  return all.filter((shape) => {
    const text = JSON.stringify(shape);
    return !seen.has(text) && seen.add(text);
  });
}

function Toggle(props: {
  on: boolean;
  label: string;
  of: "overlays" | "zoom";
  flip: () => void;
}): React.ReactElement {
  return (
    <button type="button" className="plp-button" aria-pressed={props.on} onClick={props.flip}>
      {props.label} <Key of={props.of} />
    </button>
  );
}
