// One button that takes a reviewer to the first verdict.

import * as React from "react";

import type { Facts, Overview } from "../types";
import { count, pairs } from "./format";
import { useNamed } from "./named";
import type { Enter } from "./sessions";

interface Props {
  facts: Facts;
  overview: Overview;
  enter: Enter;
}

export function Begin({ facts, overview, enter }: Props) {
  const [named, asking] = useNamed();
  const [busy, setBusy] = React.useState(false);
  const groups = facts.groups ?? 0;
  if (!facts.known || !facts.whole) return null;
  const info = overview.severities.find((one) => one.severity === "info")?.pairs ?? 0;
  if (groups === 0) {
    return (
      <div className="plc-begin" data-cy="plc-begin">
        <span>Every warning and every error has a verdict.</span>
      </div>
    );
  }
  const begin = async (who: string) => {
    setBusy(true);
    await enter("start", { warnings: true, reviewer: who });
    setBusy(false);
  };
  return (
    <div className="plc-begin" data-cy="plc-begin">
      <button
        type="button"
        className="plc-button plc-main"
        disabled={busy}
        onClick={() => named((who) => void begin(who))}
      >
        Review {count(groups)} group{groups === 1 ? "" : "s"}
      </button>
      {asking}
      <small>warnings and errors; information, of {pairs(info)}, is left out</small>
    </div>
  );
}
