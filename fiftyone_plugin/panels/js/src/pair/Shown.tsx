// The pair that is open: query, picture, findings, masks, verdict.

import * as React from "react";
import { Compare } from "./Compare";
import { Decide, VERDICTS } from "./Decide";
import { Findings } from "./Findings";
import { History } from "./History";
import { Shortcuts, useKeys } from "./keys";
import { Mend } from "./Mend";
import { Picture, ShapeLegend } from "./Picture";
import { PhraseEditor } from "./PhraseEditor";
import { Query } from "./Query";
import type { Review } from "./review";
import { Siblings } from "./Siblings";
import type { FindingView, MaskView, PairView, Shape, VerdictName } from "../types";
import { around } from "./zoom";

export function Shown({ pair, review }: { pair: PairView; review: Review }): React.ReactElement {
  const [note, setNote] = React.useState(pair.review.note ?? "");
  const [editing, setEditing] = React.useState(false);
  const [active, setActive] = React.useState<FindingView | null>(null);
  const [chosen, setChosen] = React.useState<string | null>(null);
  const [bare, setBare] = React.useState(false);
  const [close, setClose] = React.useState(false);
  const noteBox = React.useRef<HTMLTextAreaElement>(null);

  const truth = pair.masks.find((mask) => mask.role === "truth") ?? null;
  const mask = pair.masks.find((one) => one.field + one.role === chosen) ?? truth;
  const zoom = close ? around(pair.shapes) : null;
  const shapes = bare ? [] : drawn(pair, active);
  const decide = (verdict: VerdictName, more: object = {}) =>
    review.judge({ verdict, note: note.trim(), ...more });

  useKeys({
    ...Object.fromEntries(VERDICTS.map(({ verdict, key }) => [key, () => decide(verdict)])),
    e: () => setEditing(true),
    n: () => noteBox.current?.focus(),
    o: () => setBare((is) => !is),
    w: () => setClose((is) => !is),
    m: () => review.mend("make"),
  });

  return (
    <main className="plp-pair" data-sample={pair.sample_id} data-ready={review.ready}>
      <div className="plp-top">
        {editing ? (
          <PhraseEditor
            pair={pair}
            ready={review.ready}
            onSave={(phrase) => decide("fix", { phrase })}
            onLeave={() => setEditing(false)}
          />
        ) : (
          <div className="plp-row plp-spread">
            <Query pair={pair} active={active} />
            <button type="button" className="plp-button" onClick={() => setEditing(true)}>
              Edit <kbd aria-hidden="true">e</kbd>
            </button>
          </div>
        )}
      </div>
      <div className="plp-columns">
        <div className="plp-column">
          <Picture
            pair={pair}
            mask={bare ? null : mask}
            truth={truth}
            shapes={shapes}
            zoom={zoom}
            label={`The image, with ${mask?.label ?? "no mask"} and the evidence drawn over it`}
          />
          <div className="plp-row plp-tools">
            <Toggle on={!bare} label="Overlays" shortcut="o" flip={() => setBare(!bare)} />
            <Toggle on={close} label="Close up" shortcut="w" flip={() => setClose(!close)} />
            <ShapeLegend shapes={shapes} />
          </div>
          <p className="plp-faint plp-cut plp-key" title={pair.key}>
            {pair.key}
          </p>
        </div>
        <div className="plp-column">
          <Findings findings={pair.findings} active={active} onHold={setActive} />
          <Compare
            pair={pair}
            chosen={mask}
            ready={review.ready}
            onChoose={(one: MaskView) => setChosen(one.field + one.role)}
            onUse={(one: MaskView) => decide("fix", { mask_from: one.field })}
          />
          <Mend
            pair={pair}
            ready={review.ready}
            onMake={() => review.mend("make")}
            onTake={() => decide("fix", { use_edit: true })}
            onClear={() => review.mend("clear")}
          />
          <Siblings siblings={pair.siblings} onOpen={review.open} />
          <History history={pair.history} />
          <Shortcuts />
        </div>
      </div>
      <Decide
        pair={pair}
        ready={review.ready}
        note={note}
        noteRef={noteBox}
        notice={review.notice}
        conflict={review.conflict}
        onNote={setNote}
        onVerdict={(verdict) => decide(verdict)}
        onReload={review.reload}
      />
    </main>
  );
}

/** What is drawn: all evidence, or that of one finding. */
function drawn(pair: PairView, active: FindingView | null): Shape[] {
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
  shortcut: string;
  flip: () => void;
}): React.ReactElement {
  return (
    <button type="button" className="plp-button" aria-pressed={props.on} onClick={props.flip}>
      {props.label} <kbd aria-hidden="true">{props.shortcut}</kbd>
    </button>
  );
}
