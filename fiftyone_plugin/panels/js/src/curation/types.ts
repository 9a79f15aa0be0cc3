// What the Python side of the panel sends (`curation_facts.py`), and the names it takes back.

export type Severity = "error" | "warning" | "info";
export type Verdict = "pending" | "keep" | "drop" | "fix" | "unsure";

/** The verdicts, in the order in which they are drawn. */
export const JUDGED = ["keep", "drop", "fix", "unsure"] as const;

export interface Bar {
  bar: string;
  pairs: number;
}

export interface Finding extends Bar {
  check: string;
  severity: Severity;
  about: string;
}

export interface Reviewer extends Bar {
  reviewer: string;
  keep: number;
  drop: number;
  fix: number;
  unsure: number;
}

export interface Histogram {
  field: string;
  title: string;
  edges: number[];
  bars: (Bar & { low: number; high: number })[];
  none: number;
}

export interface Session {
  id: string;
  name: string;
  creator: string;
  created: string;
  finished: string | null;
  last_change: string | null;
  over: { kind: string; text: string };
  pairs: number;
  judged: number;
  left: number;
  verdicts: Record<Exclude<Verdict, "pending">, number>;
  reviewers: { reviewer: string; judged: number; position: number | null; at: string | null }[];
}

export interface Overview {
  dataset: string;
  pairs: number;
  images: number;
  flagged: number;
  severities: (Bar & { severity: Severity })[];
  findings: Finding[];
  evaluations: { key: string; pred: string; gt: string; convention: string }[];
  histogram: Histogram;
  verdicts: (Bar & { verdict: Verdict })[];
  reviewers: Reviewer[];
  splits: (Bar & { split: string })[];
  sessions: Session[];
}

export interface Advice {
  text: string;
  step: string | null;
}

export interface Facts {
  state: "none" | "foreign" | "empty" | "refused" | "ready";
  advice: Advice[];
  overview?: Overview;
  whole?: boolean;
  saved_views?: string[];
  reviewer?: string;
}

export interface Item {
  session: string;
  position: number | null;
  of: number;
  sample_id: string | null;
  key: string | null;
  end: boolean;
}

export const SEVERITY_COLORS: Record<Severity, string> = {
  error: "#e5534b",
  warning: "#d99a2b",
  info: "#5b8def",
};

export const VERDICT_COLORS: Record<Verdict, string> = {
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
