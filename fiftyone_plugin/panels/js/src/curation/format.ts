// Colors of verdicts and severities, and numbers as the panel prints them.

import type { Severity, VerdictName } from "../types";

/** The verdicts, in the order in which they are drawn. */
export const JUDGED: readonly VerdictName[] = ["keep", "drop", "fix", "unsure"];

export const SEVERITY_COLORS: Record<Severity, string> = {
  error: "#e5534b",
  warning: "#d99a2b",
  info: "#5b8def",
};

/** Colors of the bars of verdicts; `pending` is none. */
export const VERDICT_COLORS: Record<"pending" | VerdictName, string> = {
  pending: "#6e7681",
  keep: "#2f9e63",
  drop: "#d6455d",
  fix: "#3b82f6",
  unsure: "#a070d0",
};

/** A number as the command line prints it. */
export function count(value: number): string {
  return value.toLocaleString("en");
}

/** `one pair`, `2 pairs`. */
export function pairs(value: number): string {
  return `${count(value)} pair${value === 1 ? "" : "s"}`;
}

/** Part of a whole, in percent; never 0 or 100 for what is not. */
export function percent(part: number, whole: number): string {
  if (!whole) return "0 %";
  const exact = (100 * part) / whole;
  if (part > 0 && exact < 1) return "<1 %";
  if (part < whole && exact > 99) return ">99 %";
  return `${Math.round(exact)} %`;
}
