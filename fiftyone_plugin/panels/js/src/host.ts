// What FiftyOne's page offers to the scripts of plugins, as far as PairLens uses it.
//
// FiftyOne's JavaScript packages are not on npm; the App puts them on `window`. Everything
// that is taken from there is typed here, so that there is one place to look when it changes.

import * as React from "react";

interface OperatorResult {
  result?: unknown;
  error?: unknown;
  errorMessage?: unknown;
}

interface Page {
  __foo__: {
    executeOperator: (
      uri: string,
      params: object,
      options?: { callback?: (result: OperatorResult) => void; skipErrorNotification?: boolean },
    ) => void;
  };
  __fop__: {
    registerComponent: (registration: object) => void;
    PluginComponentType: { Component: number };
  };
  __fos__: {
    nullableModalSampleId: unknown;
    datasetName: unknown;
    selectedSamples: unknown;
    activeFields: (of: { modal: boolean }) => unknown;
    useModalMode?: () => string;
  };
  __fou__?: { getFetchParameters?: () => { origin: string; pathPrefix: string } };
  recoil: {
    useRecoilValue: <T>(state: unknown) => T;
    useSetRecoilState: <T>(state: unknown) => (change: (before: T) => T) => void;
  };
}

const page = window as unknown as Page;

/** The image of the sample that is open, once it is there. */
export const SHOWN = '#modal canvas[canvas-loaded="true"]';

export const PLUGIN = "@pairlens/curation";

/** Makes a component known under the name by which a Python panel asks for it. */
export function register<P>(name: string, component: React.FC<P>): void {
  page.__fop__.registerComponent({
    name,
    label: name,
    component,
    type: page.__fop__.PluginComponentType.Component,
    activator: () => true,
  });
}

/** Runs one of FiftyOne's own operators in the page. */
export function runInApp(name: string, params: object = {}): Promise<void> {
  return new Promise((resolve) => {
    page.__foo__.executeOperator(name, params, { callback: () => resolve() });
  });
}

/** Runs an operator of PairLens on the server and gives its result. */
export function run<T>(name: string, params: object): Promise<T> {
  return new Promise((resolve, reject) => {
    page.__foo__.executeOperator(`${PLUGIN}/${name}`, params, {
      skipErrorNotification: true,
      callback: (done) => {
        const failure = done.errorMessage ?? done.error;
        if (failure) {
          reject(new Error(failure instanceof Error ? failure.message : String(failure)));
        } else {
          resolve(done.result as T);
        }
      },
    });
  });
}

/** The id of the sample that is open in the modal, or null. */
export function useOpenSample(): string | null {
  return page.recoil.useRecoilValue<string | null>(page.__fos__.nullableModalSampleId);
}

/** The name of the dataset that the App shows. */
export function useDatasetName(): string {
  return page.recoil.useRecoilValue<string>(page.__fos__.datasetName) ?? "";
}

/** How many samples are selected in the grid. */
export function useSelected(): number {
  return page.recoil.useRecoilValue<{ size: number }>(page.__fos__.selectedSamples)?.size ?? 0;
}

/** Whether the modal is in FiftyOne's annotation mode, which has keys of its own. */
export function useAnnotating(): boolean {
  const mode = page.__fos__.useModalMode?.();
  return mode === "annotate";
}

/** What has the modal show one more field; FiftyOne's operator for that sets the grid's. */
export function useShowField(): (field: string) => void {
  const setShown = page.recoil.useSetRecoilState<string[]>(
    page.__fos__.activeFields({ modal: true }),
  );
  return (field) => setShown((shown) => [...new Set([...shown, field])]);
}

/** Opens a sample in the modal, optionally in FiftyOne's annotation mode. */
export function openSample(id: string, mode?: "explore" | "annotate"): Promise<void> {
  return runInApp("open_sample", mode ? { id, mode } : { id });
}

/** Closes the sample that is open. */
export function closeSample(): Promise<void> {
  return runInApp("close_sample");
}

/** Waits, ten seconds at most, until the modal shows the image of the sample that was opened. */
export async function untilShown(): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!document.querySelector(SHOWN) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Opens a panel beside what is open: in the modal while a sample is open, else in the grid. */
export function openPanel(name: string): Promise<void> {
  return runInApp("open_panel", { name, isActive: true, layout: "horizontal" });
}

/**
 * Where this server gives out a file of the dataset.
 *
 * Always this server: FiftyOne's own function passes web addresses through, and a path in a
 * dataset that is one would make the reviewer's browser call a stranger.
 */
export function mediaUrl(path: string): string {
  const { origin, pathPrefix } = page.__fou__?.getFetchParameters?.() ?? {
    origin: window.location.origin,
    pathPrefix: "",
  };
  return `${origin}${pathPrefix}/media?filepath=${encodeURIComponent(path)}`;
}
