// The query, with the words that caused findings marked.

import * as React from "react";
import type { FindingView, MemberView, Word } from "../types";

interface Part {
  text: string;
  word: number | null;
}

/** The phrase cut into marked and unmarked parts, which together are the phrase. */
export function parts(phrase: string, words: Word[]): Part[] {
  const cut: Part[] = [];
  let at = 0;
  words.forEach((word, index) => {
    if (word.start < at || word.end <= word.start || word.end > phrase.length) return;
    if (word.start > at) cut.push({ text: phrase.slice(at, word.start), word: null });
    cut.push({ text: phrase.slice(word.start, word.end), word: index });
    at = word.end;
  });
  if (at < phrase.length) cut.push({ text: phrase.slice(at), word: null });
  return cut;
}

/** The worst severity of the findings that a word caused. */
function severityOf(word: number, findings: FindingView[]): string | null {
  const order = ["error", "warning", "info"];
  const found = findings.filter((f) => f.words.includes(word)).map((f) => f.severity);
  return order.find((s) => found.includes(s as FindingView["severity"])) ?? null;
}

interface Props {
  pair: MemberView;
  active: FindingView | null;
  small?: boolean;
}

export function Query({ pair, active, small }: Props): React.ReactElement {
  return (
    <div className="plp-query">
      <p className={small ? "plp-phrase plp-phrase-small" : "plp-phrase"} data-testid="phrase">
        {pair.phrase === "" ? <span className="plp-faint">(an empty query)</span> : null}
        {parts(pair.phrase, pair.words).map((part, index) => (
          <Marked key={index} part={part} pair={pair} active={active} />
        ))}
      </p>
      {pair.original_phrase !== null ? (
        <p className="plp-small">
          <span className="plp-tag">edited</span> <span className="plp-faint">was:</span>{" "}
          <span data-testid="original-phrase">{pair.original_phrase}</span>
        </p>
      ) : null}
      {pair.no_target ? (
        <p className="plp-small plp-faint">Declared to have no target: the right mask is empty.</p>
      ) : null}
    </div>
  );
}

function Marked(props: { part: Part; pair: MemberView; active: FindingView | null }): React.ReactElement {
  const { part, pair, active } = props;
  const severity = part.word === null ? null : severityOf(part.word, pair.findings);
  if (part.word === null || severity === null) return <>{part.text}</>;
  const checks = pair.words[part.word]?.checks.join(", ");
  const dimmed = active !== null && !active.words.includes(part.word);
  return (
    <mark className={`plp-mark plp-${severity}${dimmed ? " plp-dimmed" : ""}`} title={checks}>
      {part.text}
    </mark>
  );
}
