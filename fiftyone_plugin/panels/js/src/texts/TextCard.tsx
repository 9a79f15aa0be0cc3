// A caption or a turn: its words with what findings are about, and what can be done with it alone.

import * as React from "react";
import { Key } from "../keys";
import { parts as cut } from "../pair/Query";
import type { FindingView, TextPart, TextView, VerdictName } from "../types";

const NAMES: Record<TextPart["name"], string> = { caption: "", question: "Q", answer: "A" };

const TASKS: Record<number, string> = { 1: "area", 2: "other than an area", 3: "revision" };

/** What can be done with a text alone: a verdict on it, of which drop removes it or puts it back. */
export type Doing = Record<VerdictName | "edit", () => void>;

interface Props {
  text: TextView;
  findings: FindingView[];
  active: FindingView | null;
  focused: boolean;
  ready: boolean;
  doing: Doing;
  onFocus: () => void;
}

export function TextCard(props: Props): React.ReactElement {
  const { text, findings, active, focused, ready, doing, onFocus } = props;
  const card = React.useRef<HTMLLIElement>(null);
  React.useEffect(() => {
    if (focused) card.current?.scrollIntoView({ block: "nearest" });
  }, [focused]);
  const about = (active ? [active] : findings).filter((one) => one.units.includes(text.unit));
  const tone = about.length ? ` plp-about plp-${about[0]!.severity}` : "";
  return (
    <li
      ref={card}
      className={`plp-text${tone}`}
      data-unit={text.unit}
      data-removed={text.removed}
      aria-current={focused}
      onClick={onFocus}
    >
      <p className="plp-text-head">
        <strong>{text.unit}</strong> <Origin text={text} />
        <State text={text} />
      </p>
      {text.parts.map((part, index) => (
        <Part key={index} part={part} text={text} findings={findings} active={active} />
      ))}
      {focused ? <Actions text={text} ready={ready} doing={doing} /> : null}
    </li>
  );
}

function Origin({ text }: { text: TextView }): React.ReactElement {
  const task = text.task === null ? "" : `task ${text.task}`;
  const meaning = text.task === null ? undefined : TASKS[text.task];
  const said = [task && meaning ? `${task} (${meaning})` : task, text.annotator, text.category];
  return (
    <span className="plp-faint" title={text.record}>
      {[...said, text.record].filter(Boolean).join(" · ")}
    </span>
  );
}

function State({ text }: { text: TextView }): React.ReactElement {
  const edited = !text.added && text.parts.some((part) => part.published !== null);
  return (
    <span className="plp-text-state">
      {text.removed ? <span className="plp-tag plp-tag-drop">removed</span> : null}
      {text.added ? <span className="plp-tag">added</span> : null}
      {edited ? <span className="plp-tag">edited</span> : null}
      {text.verdict ? (
        <span className={`plp-chip plp-${text.verdict}`}>{text.verdict}</span>
      ) : null}
    </span>
  );
}

function Part(props: {
  part: TextPart;
  text: TextView;
  findings: FindingView[];
  active: FindingView | null;
}): React.ReactElement {
  const { part, text, findings, active } = props;
  const said = cut(part.text, part.words);
  return (
    <p className="plp-said" data-part={part.name}>
      {NAMES[part.name] ? <span className="plp-who">{NAMES[part.name]}</span> : null}
      {part.text === "" ? <span className="plp-faint">(nothing)</span> : null}
      {said.map((one, index) => {
        const checks = one.word === null ? [] : part.words[one.word]!.checks;
        const worst = findings.find((f) => checks.includes(f.check) && f.units.includes(text.unit));
        if (!worst) return <span key={index}>{one.text}</span>;
        const dimmed = active !== null && !checks.includes(active.check);
        return (
          <mark
            key={index}
            className={`plp-mark plp-${worst.severity}${dimmed ? " plp-dimmed" : ""}`}
            title={checks.join(", ")}
          >
            {one.text}
          </mark>
        );
      })}
      {part.published !== null ? (
        <span className="plp-small plp-was">
          <span className="plp-faint">was:</span> <del>{part.published}</del>
        </span>
      ) : null}
    </p>
  );
}

function Actions(props: { text: TextView; ready: boolean; doing: Doing }): React.ReactElement {
  const { text, ready, doing } = props;
  return (
    <div className="plp-row plp-text-actions">
      <button type="button" className="plp-button" disabled={!ready} onClick={doing.keep}>
        Keep this text <Key of="keep" shift />
      </button>
      <button type="button" className="plp-button" disabled={!ready} onClick={doing.drop}>
        {text.removed ? "Put it back" : "Remove it"} <Key of="drop" shift />
      </button>
      {text.removed ? null : (
        <button type="button" className="plp-button" onClick={doing.edit}>
          Edit <Key of="edit" />
        </button>
      )}
    </div>
  );
}
