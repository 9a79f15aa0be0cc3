// Edits of single captions and turns, as the server takes them, and how they look before it answers.

import type { MemberView, TextEdit as Edit, TextView } from "../types";

/** What is to become of a unit; `new` adds one, `with` names the turn beside which it stands. */
export interface TextEdit extends Edit {
  with?: string;
  task?: number;
  annotator?: string;
}

/** The member with edits that are on their way; words are marked again when they have arrived. */
export function withEdits<M extends MemberView>(member: M, edits: TextEdit[] | undefined): M {
  if (!edits?.length) return member;
  const change = (text: TextView): TextView => {
    const own = edits.filter((one) => one.unit === text.unit);
    return own.reduce<TextView>(
      (before, edit) => ({
        ...before,
        removed: edit.removed ?? before.removed,
        verdict: edit.verdict === undefined ? before.verdict : edit.verdict,
        parts: edit.texts ? edited(before, edit.texts) : before.parts,
      }),
      text,
    );
  };
  return { ...member, texts: member.texts.map(change) };
}

function edited(text: TextView, said: string[]): TextView["parts"] {
  return text.parts.map((part, number) => {
    const now = said[number] ?? part.text;
    if (now === part.text) return part;
    return { ...part, text: now, published: part.published ?? part.text, words: [] };
  });
}
