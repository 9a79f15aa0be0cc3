// Several reviewers: how fast they are, how far they agree, and what they do not agree on.

import * as React from "react";

import type { Call } from "../panel";
import type { Overview, ReviewerAgreement, Team } from "../types";
import { count, pairs, percent } from "./format";
import { useNamed } from "./named";
import type { Enter } from "./sessions";

interface Props {
  overview: Overview;
  active: string | null;
  show: (bar: string) => void;
  call: Call;
  enter: Enter;
}

export function TeamWork({ overview, active, show, call, enter }: Props) {
  const [team, setTeam] = React.useState<Team | null>(null);
  const [named, asking] = useNamed();
  // Each answer of the panel comes with new objects, equal or not: asking again because of those
  // would never end.
  const ask = React.useRef(call);
  ask.current = call;
  const counted = JSON.stringify(overview);
  React.useEffect(() => {
    let wanted = true;
    // Behind the figures: it goes over the whole log.
    void ask.current<{ ok: boolean; team: Team }>("team").then((answer) => {
      if (wanted && answer?.ok) setTeam(answer.team);
    });
    return () => {
      wanted = false;
    };
  }, [counted]);
  if (!team || !team.paces.length) return null;
  const settle = (who: string) => void enter("start", { disagreements: true, reviewer: who });
  return (
    <section className="plc-section" data-cy="plc-team">
      <header>
        <h3>Reviewers</h3>
        <small>pauses over {team.pause} minutes left out</small>
      </header>
      <table className="plc-table">
        <thead>
          <tr>
            <th scope="col">reviewer</th>
            <th scope="col">verdicts</th>
            <th scope="col">an hour</th>
          </tr>
        </thead>
        <tbody>
          {team.paces.map((one) => (
            <tr key={one.reviewer}>
              <th scope="row">{one.reviewer || "nobody named"}</th>
              <td>{count(one.verdicts)}</td>
              <td>{one.per_hour === null ? "" : count(Math.round(one.per_hour))}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {team.agreement.map((one) => (
        <p key={`${one.first} ${one.second}`}>{compared(one)}</p>
      ))}
      {team.disagreements > 0 && (
        <div className="plc-line">
          <button
            type="button"
            className="plc-button plc-main"
            onClick={() => named(settle)}
          >
            Settle {pairs(team.disagreements)} on which they disagree
          </button>
          <button
            type="button"
            className="plc-link"
            aria-pressed={active === "disagreements"}
            onClick={() => show("disagreements")}
          >
            Show
          </button>
        </div>
      )}
      {asking}
    </section>
  );
}

function compared(one: ReviewerAgreement): string {
  const who = `${one.first} and ${one.second}`;
  const same = one.common ? `, ${percent(one.same, one.common)} alike` : "";
  const kappa = one.kappa === null ? `no kappa: ${one.why}` : `kappa ${one.kappa.toFixed(2)}`;
  const edited = one.edited ? `; ${pairs(one.edited)} that one had mended left out` : "";
  return `${who}: ${pairs(one.common)} by both${same}; ${kappa}${edited}`;
}
