// Editing or adding a caption or a turn: Enter saves, Shift-Enter breaks a line, Escape leaves.

import * as React from "react";
import { reviewer } from "../reviewing";
import type { TextPart, TextView } from "../types";
import type { TextEdit } from "./edits";

interface Props {
  /** The text that is edited; beside which one is added, where `adding`. */
  text: TextView;
  adding: boolean;
  ready: boolean;
  onSave: (edit: TextEdit) => void;
  onLeave: () => void;
}

const LABELS: Record<TextPart["name"], string> = {
  caption: "Caption",
  question: "Question",
  answer: "Answer",
};

export function TextEditor({ text, adding, ready, onSave, onLeave }: Props): React.ReactElement {
  const isTurn = text.kind === "turn";
  const named: TextPart["name"][] = adding
    ? isTurn
      ? ["question", "answer"]
      : ["caption"]
    : text.parts.map((part) => part.name);
  const before = adding ? named.map(() => "") : text.parts.map((part) => part.text);
  const [said, setSaid] = React.useState(before);
  const [task, setTask] = React.useState("");
  const [annotator, setAnnotator] = React.useState(reviewer() ?? "");
  const first = React.useRef<HTMLTextAreaElement>(null);
  React.useEffect(() => first.current?.focus(), []);
  const trimmed = said.map((one) => one.trim());
  const whole = trimmed.every((one, n) => one !== "" || before[n]?.trim() === "");
  const changed = adding ? whole && trimmed[0] !== "" : said.some((one, n) => one !== before[n]);
  const able = ready && whole && changed;
  const save = () => {
    if (!able) return;
    if (!adding) onSave({ unit: text.unit, texts: said });
    else if (isTurn) onSave({ unit: "new", texts: trimmed, with: text.unit });
    else {
      const edit: TextEdit = { unit: "new", texts: trimmed };
      if (/^\d+$/.test(task.trim())) edit.task = Number(task);
      if (annotator.trim()) edit.annotator = annotator.trim();
      onSave(edit);
    }
    onLeave();
  };
  const pressed = (event: React.KeyboardEvent) => {
    if (event.key === "Escape") onLeave();
    else if (event.key === "Enter" && !(event.shiftKey && isTurn)) save();
    else return;
    event.preventDefault();
  };
  const write = (place: number, value: string) =>
    setSaid((was) => was.map((one, n) => (n === place ? value : one)));
  return (
    <div className="plp-editor" data-testid="text-editor" onKeyDown={pressed}>
      {named.map((name, n) => (
        <label key={n} className="plp-field">
          <span className="plp-faint">{LABELS[name]}</span>
          <textarea
            ref={n === 0 ? first : undefined}
            className="plp-input"
            rows={isTurn ? 2 : 4}
            maxLength={10_000}
            value={said[n]}
            onChange={(event) => write(n, event.target.value)}
          />
        </label>
      ))}
      {adding && !isTurn ? (
        <div className="plp-row">
          <label className="plp-field plp-short">
            <span className="plp-faint">Task</span>
            <input
              className="plp-input"
              inputMode="numeric"
              value={task}
              onChange={(event) => setTask(event.target.value)}
            />
          </label>
          <label className="plp-field">
            <span className="plp-faint">Annotator</span>
            <input
              className="plp-input"
              value={annotator}
              onChange={(event) => setAnnotator(event.target.value)}
            />
          </label>
        </div>
      ) : null}
      <div className="plp-row">
        <button
          type="button"
          className="plp-button plp-primary"
          disabled={!able}
          onClick={save}
        >
          {adding ? `Add the ${text.kind}` : "Save"} <kbd aria-hidden="true">Enter</kbd>
        </button>
        <button type="button" className="plp-button" onClick={onLeave}>
          Leave it <kbd aria-hidden="true">Esc</kbd>
        </button>
      </div>
    </div>
  );
}
