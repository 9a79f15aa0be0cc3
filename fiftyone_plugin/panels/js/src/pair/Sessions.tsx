// Outside a session: the sessions that can be gone on with, and a new one.

import * as React from "react";
import { useDatasetName } from "../host";
import { setCurrentSession } from "../reviewing";
import { openSessions, startSession } from "./api";
import type { Review } from "./review";
import type { SessionView } from "../types";

export function Sessions({ review }: { review: Review }): React.ReactElement {
  const [sessions, setSessions] = React.useState<SessionView[] | null>(null);
  const [failure, setFailure] = React.useState<string | null>(null);
  React.useEffect(() => {
    let wanted = true;
    openSessions().then(
      (found) => wanted && setSessions(found),
      () => wanted && setSessions([]),
    );
    return () => {
      wanted = false;
    };
  }, []);
  const dataset = useDatasetName();
  const enter = (session: string) =>
    review.desk.asNamed(() => {
      setCurrentSession(dataset, session);
      review.desk.enter(session);
    });
  const start = () =>
    review.desk.asNamed(() => {
      startSession().then(
        (session) => enter(session.id),
        (error: Error) => setFailure(error.message),
      );
    });
  return (
    <div className="plp-place">
      <span className="plp-faint">No session: verdicts are kept, but no next pair opens.</span>
      {(sessions ?? []).slice(0, 3).map((one) => (
        <button
          key={one.id}
          type="button"
          className="plp-button plp-cut"
          onClick={() => enter(one.id)}
        >
          Resume {one.name} ({one.left} left)
        </button>
      ))}
      <button type="button" className="plp-button" onClick={start}>
        Start over all flagged pairs
      </button>
      {failure ? <span role="alert">{failure}</span> : null}
    </div>
  );
}
