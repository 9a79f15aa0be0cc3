// Editing the query: Enter saves it with the verdict fix, Escape leaves it as it was.

import * as React from "react";
import { Key } from "../keys";
import type { MemberView } from "../types";

interface Props {
  pair: MemberView;
  ready: boolean;
  onSave: (phrase: string) => void;
  onLeave: () => void;
}

export function PhraseEditor({ pair, ready, onSave, onLeave }: Props): React.ReactElement {
  const [phrase, setPhrase] = React.useState(pair.phrase);
  const box = React.useRef<HTMLTextAreaElement>(null);
  React.useEffect(() => {
    box.current?.focus();
    box.current?.select();
  }, []);
  const changed = phrase.trim() !== "" && phrase.trim() !== pair.phrase;
  const save = () => {
    if (!ready || !changed) return;
    onSave(phrase.trim());
    onLeave();
  };
  const pressed = (event: React.KeyboardEvent) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault(); // a query is one line
    if (event.key === "Enter") save();
    else onLeave();
  };
  return (
    <div className="plp-editor">
      <textarea
        ref={box}
        className="plp-input plp-phrase"
        aria-label="Query"
        rows={2}
        maxLength={10_000}
        value={phrase}
        onChange={(event) => setPhrase(event.target.value.replace(/[\r\n]+/g, " "))}
        onKeyDown={pressed}
      />
      <div className="plp-row">
        <button
          type="button"
          className="plp-button plp-primary"
          disabled={!ready || !changed}
          onClick={save}
        >
          Save as fix <Key name="Enter" />
        </button>
        {pair.original_phrase !== null ? (
          <button
            type="button"
            className="plp-button"
            onClick={() => setPhrase(pair.original_phrase ?? "")}
          >
            As published
          </button>
        ) : null}
        <button type="button" className="plp-button" onClick={onLeave}>
          Leave it <Key name="Esc" />
        </button>
      </div>
    </div>
  );
}
