// The editor of a mask: tools, the way back, other masks to start from, save and leave.

import * as React from "react";
import { useFixedKeys, useKeys } from "../keys";
import { maskToPaint } from "../pair/api";
import { around } from "../pair/zoom";
import type { MaskRuns, MaskView, MemberView } from "../types";
import { Button } from "./Button";
import type { Easel } from "./easel";
import { fileOf } from "./painting";
import { decode } from "./rle";
import { Stage } from "./Stage";
import { TOOLS } from "./tools";
import { moved } from "./view";

interface Props {
  pair: MemberView;
  easel: Easel;
  ready: boolean;
  onSave: (painted: MaskRuns) => void;
  onLeave: () => void;
}

const CLOSER = 1.5;
const ASIDE = 0.1; // of what is seen, a press of an arrow

export function Editor({ pair, easel, ready, onSave, onLeave }: Props): React.ReactElement {
  const { tool, asking, notice } = React.useSyncExternalStore(easel.subscribe, easel.snapshot);
  const { painting } = easel;
  const save = () => {
    const painted = ready && painting.changed ? easel.finished() : null;
    if (painted) onSave(painted);
  };
  const escape = () => {
    if (easel.giveUp()) return;
    if (painting.changed) easel.ask(!asking);
    else onLeave();
  };
  useTools(pair, easel);
  useFixedKeys({
    ArrowLeft: () => easel.look((part) => moved(part, -ASIDE, 0)),
    ArrowRight: () => easel.look((part) => moved(part, ASIDE, 0)),
    ArrowUp: () => easel.look((part) => moved(part, 0, -ASIDE)),
    ArrowDown: () => easel.look((part) => moved(part, 0, ASIDE)),
    Enter: (event) => void (easel.close(event.shiftKey) || save()),
    Escape: escape,
  });
  return (
    <>
      <Tools easel={easel} />
      <Stage pair={pair} easel={easel} />
      <p className="plp-faint plp-small" role="status">
        {notice ?? TOOLS.find((one) => one.tool === tool)?.help} The wheel zooms; drag with Space or
        the middle button to move.
      </p>
      <Steps pair={pair} easel={easel} />
      {painting.on !== fileOf(pair) ? (
        <p className="plp-conflict" role="alert">
          The pair has another mask by now. Saving replaces it by what is painted here.
        </p>
      ) : null}
      {asking ? <Question onStay={() => easel.ask(false)} onLeave={onLeave} /> : null}
      <div className="plp-row">
        <Button
          label="Save the mask, as fixed"
          name="Enter"
          tone="primary"
          off={!ready || !painting.changed}
          onClick={save}
        />
        <Button label="Leave" name="Esc" onClick={escape} />
      </div>
    </>
  );
}

/** The keys that can be changed; they stand on the buttons. */
function useTools(pair: MemberView, easel: Easel): void {
  useKeys({
    ...Object.fromEntries(TOOLS.map(({ tool }) => [tool, () => easel.take(tool)])),
    smaller: () => easel.resize(false),
    larger: () => easel.resize(true),
    back: () => easel.back(),
    forth: () => easel.forth(),
    bare: () => easel.hide(),
    close: () => easel.flip(around(pair.shapes)),
    closer: () => easel.zoom(CLOSER),
    farther: () => easel.zoom(1 / CLOSER),
  });
}

function Tools({ easel }: { easel: Easel }): React.ReactElement {
  const { tool, size } = easel.state;
  return (
    <div className="plp-row" role="toolbar" aria-label="Tools" onMouseDown={keepFocus}>
      {TOOLS.map((one) => (
        <Button
          key={one.tool}
          label={one.label}
          of={one.tool}
          pressed={tool === one.tool}
          onClick={() => easel.take(one.tool)}
        />
      ))}
      <span className="plp-size">
        <Button label="Smaller" of="smaller" onClick={() => easel.resize(false)} />
        <output aria-label="Size of the brush">{size} px</output>
        <Button label="Larger" of="larger" onClick={() => easel.resize(true)} />
      </span>
    </div>
  );
}

function Steps({ pair, easel }: { pair: MemberView; easel: Easel }): React.ReactElement {
  const { painting, state } = easel;
  const startFrom = async (mask: MaskView) => {
    try {
      const { target } = await maskToPaint(pair.sample_id, mask.field);
      painting.replace(decode(target).values);
      easel.say(null);
    } catch (error) {
      easel.say(error instanceof Error ? error.message : String(error));
    }
  };
  const others = pair.masks.filter((mask) => mask.role === "original" || mask.usable);
  return (
    <div className="plp-row" role="toolbar" aria-label="Steps" onMouseDown={keepFocus}>
      <Button
        label="Undo"
        of="back"
        off={!painting.canUndo && !state.corners.length}
        onClick={() => easel.back()}
      />
      <Button label="Redo" of="forth" off={!painting.canRedo} onClick={() => easel.forth()} />
      {others.map((mask) => (
        <Button
          key={mask.field}
          label={`From ${mask.label}`}
          onClick={() => void startFrom(mask)}
        />
      ))}
      <Button label="From nothing" onClick={() => painting.clear()} />
      <Button label="Hide the mask" of="bare" pressed={state.bare} onClick={() => easel.hide()} />
      <Button
        label="Close up"
        of="close"
        pressed={state.part.w < 1}
        onClick={() => easel.flip(around(pair.shapes))}
      />
    </div>
  );
}

function Question(props: { onStay: () => void; onLeave: () => void }): React.ReactElement {
  return (
    <div className="plp-conflict" role="alertdialog" aria-label="Leave without saving?">
      <strong>What you painted is not saved.</strong>
      <div className="plp-row">
        <Button label="Go on painting" name="Esc" onClick={props.onStay} />
        <Button label="Throw it away" tone="danger" onClick={props.onLeave} />
      </div>
    </div>
  );
}

/** Leaves the focus on the image, so that its keys go on. */
function keepFocus(event: React.MouseEvent): void {
  event.preventDefault();
}
