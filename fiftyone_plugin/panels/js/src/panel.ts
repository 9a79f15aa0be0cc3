// Calling the methods of the Python panel that a component belongs to.

import * as React from "react";

interface Done {
  result?: unknown;
  error?: unknown;
  errorMessage?: unknown;
}
type Trigger = (
  event: string,
  params: object,
  prompt: boolean,
  callback: (done: Done) => void,
) => void;

const page = window as unknown as {
  __foo__: { useTriggerPanelEvent: () => Trigger };
  __fos__: { refresher: unknown; extendedSelectionOverrideStage: unknown };
  recoil: {
    useRecoilValue: <T>(state: unknown) => T;
    useRecoilState: <T>(state: unknown) => [T, (value: T) => void];
  };
};

/** What a component is handed by the panel: its data, and the addresses of its methods. */
export interface PanelProps<Data> {
  data?: Data;
  schema: { view: Record<string, string> };
}

export type Call = <T>(method: string, params?: object) => Promise<T | null>;

/** The panel's methods by name; what one answers, or null where it failed and said so. */
export function usePanel(schema: PanelProps<unknown>["schema"]): Call {
  const trigger = page.__foo__.useTriggerPanelEvent();
  return React.useCallback(
    <T>(method: string, params: object = {}) =>
      new Promise<T | null>((resolve) => {
        trigger(schema.view[method] ?? method, params, false, (done) => {
          resolve(done.error || done.errorMessage ? null : ((done.result ?? null) as T | null));
        });
      }),
    [trigger, schema],
  );
}

/** A number that changes whenever an operator has had the App read the dataset anew. */
export function useReloads(): unknown {
  return page.recoil.useRecoilValue<unknown>(page.__fos__.refresher);
}

const NOTHING = "null";

/** Stages behind the App's view, by class, or null for none. */
export type Behind = object | null;

/**
 * Has the grid and the sidebar show what stages leave of the App's view, as a selection in one of
 * FiftyOne's plots does: the page is not loaded again for it. Calls back when something else, which
 * is what the App shows then, took their place.
 */
export function useBehind(wanted: Behind, replaced: () => void): void {
  const [shown, show] = page.recoil.useRecoilState<Behind>(
    page.__fos__.extendedSelectionOverrideStage,
  );
  const [there, asked] = [JSON.stringify(shown ?? null), JSON.stringify(wanted)];
  const [sent, arrived] = [React.useRef(NOTHING), React.useRef(NOTHING)];
  React.useEffect(() => {
    // What others put there is not taken away.
    if (wanted || there === sent.current) show(wanted);
    sent.current = asked;
  }, [asked]);
  React.useEffect(() => {
    const ours = arrived.current === asked && asked !== NOTHING;
    arrived.current = there;
    if (ours && there !== asked) replaced();
  }, [there]);
}
