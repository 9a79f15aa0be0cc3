// Painting a mask in the panel: the mask is fetched, or taken up where it was left.

import * as React from "react";
import { maskToPaint } from "../pair/api";
import type { MaskRuns, MemberView } from "../types";
import { Button } from "./Button";
import { draftOf, dropDraft, keepDraft } from "./drafts";
import { Easel } from "./easel";
import { Editor } from "./Editor";
import { fileOf, Painting } from "./painting";
import { decode } from "./rle";

interface Props {
  pair: MemberView;
  ready: boolean;
  onSave: (painted: MaskRuns) => void;
  onLeave: () => void;
}

async function begin(pair: MemberView): Promise<Easel> {
  const { target, ignored, longest } = await maskToPaint(pair.sample_id);
  const around = ignored ? decode(ignored) : null;
  return new Easel(new Painting(decode(target), around, fileOf(pair)), longest);
}

/** What is painted on: what was begun before, or the mask as the server has it. */
function useEasel(pair: MemberView): { easel: Easel | null; failure: string | null } {
  const id = pair.sample_id;
  const [easel, setEasel] = React.useState(() => draftOf(id));
  const [failure, setFailure] = React.useState<string | null>(null);
  React.useEffect(() => {
    if (easel) {
      keepDraft(id, easel);
      return () => (easel.painting.changed ? undefined : dropDraft(id));
    }
    let wanted = true;
    begin(pair).then(
      (begun) => wanted && setEasel(begun),
      (error: Error) => wanted && setFailure(error.message),
    );
    return () => void (wanted = false);
  }, [easel, id]);
  return { easel, failure };
}

export function Brush({ pair, ready, onSave, onLeave }: Props): React.ReactElement {
  const { easel, failure } = useEasel(pair);
  const leave = () => {
    dropDraft(pair.sample_id);
    onLeave();
  };
  const save = (painted: MaskRuns) => {
    dropDraft(pair.sample_id);
    onSave(painted);
  };
  return (
    <section aria-label="Paint the mask" className="plp-brush" data-testid="brush">
      {easel ? (
        <Editor pair={pair} easel={easel} ready={ready} onSave={save} onLeave={leave} />
      ) : (
        <>
          <p className={failure ? "plp-failure" : "plp-faint"} role={failure ? "alert" : "status"}>
            {failure ?? "The mask is being fetched."}
          </p>
          <Button label="Back" onClick={onLeave} />
        </>
      )}
    </section>
  );
}
