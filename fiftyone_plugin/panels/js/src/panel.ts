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
  __fos__: { refresher: unknown };
  recoil: { useRecoilValue: <T>(state: unknown) => T };
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
