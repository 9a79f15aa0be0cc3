// The desk of the dataset that is open, as the panel's components use it.

import * as React from "react";
import { useDatasetName, useOpenSample } from "../host";
import { currentSession, onReviewing } from "../reviewing";
import { Desk, type Desktop } from "./desk";
import { wasTaken } from "../keys";

const desks = new Map<string, Desk>();

function deskOf(dataset: string): Desk {
  const desk = desks.get(dataset) ?? new Desk();
  desks.set(dataset, desk);
  return desk;
}

window.addEventListener("beforeunload", (event) => {
  if ([...desks.values()].some((desk) => desk.state.pending > 0)) event.preventDefault();
});

export interface Review extends Desktop {
  desk: Desk;
  /** Whether a key judges what is shown. */
  ready: boolean;
}

/** The session of this browser; changes when another panel starts or leaves one. */
function useSession(dataset: string): string | null {
  const [session, setSession] = React.useState(() => currentSession(dataset));
  React.useEffect(() => {
    const read = () => setSession(currentSession(dataset));
    read();
    return onReviewing(read);
  }, [dataset]);
  return session;
}

export function useReview(): Review {
  const open = useOpenSample();
  const dataset = useDatasetName();
  const session = useSession(dataset);
  const desk = deskOf(dataset);
  const state = React.useSyncExternalStore(desk.subscribe, () => desk.state);
  React.useEffect(() => desk.setSession(session), [desk, session]);
  React.useEffect(() => desk.opened(open), [desk, open]);
  React.useEffect(() => {
    const touched = (event: Event) => {
      const { target } = event;
      const inside = target instanceof Element && target.closest(".plp-root") !== null;
      desk.touched(inside || wasTaken());
    };
    window.addEventListener("pointerdown", touched, true);
    // On the way up: the panel's own keys are on the way down, and are known by then.
    window.addEventListener("keyup", touched, true);
    return () => {
      window.removeEventListener("pointerdown", touched, true);
      window.removeEventListener("keyup", touched, true);
    };
  }, [desk]);
  return {
    ...state,
    desk,
    ready: state.pair !== null && !state.waiting && state.outside === null,
  };
}
