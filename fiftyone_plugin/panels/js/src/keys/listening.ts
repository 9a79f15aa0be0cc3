// What becomes of a key that is pressed while a panel is open.

import * as React from "react";
import { useAnnotating } from "../host";
import { keyOf } from "./bindings";
import { ACTIONS, NAMES, SHIFTABLE, WHERE, type Name } from "./table";

/** What the actions at hand do; those with a Shift of their own are told of it. */
export type Handlers = Partial<Record<Name, (alone: boolean) => void>>;

const layers: { current: Handlers }[] = []; // of the components that are there

let taken = false;

/** Whether a panel took the key that was pressed last; asks once. */
export function wasTaken(): boolean {
  const was = taken;
  taken = false;
  return was;
}

/** Has keys do this while the component is there, nobody types and no dialog lies over it. */
export function useKeys(handlers: Handlers): void {
  const latest = React.useRef(handlers);
  latest.current = handlers;
  const annotating = useAnnotating();
  React.useEffect(() => {
    if (annotating) return undefined;
    if (layers.push(latest) === 1) window.addEventListener("keydown", pressed, true);
    return () => {
      layers.splice(layers.indexOf(latest), 1);
      if (!layers.length) window.removeEventListener("keydown", pressed, true);
    };
  }, [annotating]);
}

/** Calls back when Escape is pressed, which FiftyOne gets as well. */
export function useEscape(act: () => void): void {
  const annotating = useAnnotating();
  React.useEffect(() => {
    if (annotating) return undefined;
    const escape = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.repeat || isTyping() || isCovered()) return;
      if (fixed.length > 0) return;
      taken = true;
      act();
    };
    window.addEventListener("keydown", escape, true);
    return () => window.removeEventListener("keydown", escape, true);
  }, [annotating, act]);
}

const fixed: object[] = []; // of the components that are there

/**
 * Has keys that cannot be changed do this while the component is there; FiftyOne does not get them.
 *
 * Enter is left to a button that has the focus.
 */
export function useFixedKeys(handlers: Record<string, (event: KeyboardEvent) => void>): void {
  const latest = React.useRef(handlers);
  latest.current = handlers;
  React.useEffect(() => {
    const mine = {};
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || isTyping() || isCovered()) return;
      const onButton = document.activeElement instanceof HTMLButtonElement;
      const act = latest.current[event.key];
      if (!act || (event.key === "Enter" && onButton)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      taken = true;
      act(event);
    };
    fixed.push(mine);
    window.addEventListener("keydown", pressed, true);
    return () => {
      fixed.splice(fixed.indexOf(mine), 1);
      window.removeEventListener("keydown", pressed, true);
    };
  }, []);
}

function pressed(event: KeyboardEvent): void {
  // AltGr is how some keyboards type brackets; systems report it as Ctrl and Alt.
  const held = event.ctrlKey || event.altKey || event.metaKey;
  if ((held && !event.getModifierState("AltGraph")) || event.repeat) return;
  if (isTyping() || isCovered()) return;
  const act = actionOf(event);
  if (!act) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  taken = true;
  act();
}

/** What a key does that is pressed now; an open layer goes before the rest. */
function actionOf(event: KeyboardEvent): (() => void) | null {
  const key = pressedKey(event);
  const shifted = event.shiftKey && SHIFTABLE.test(key);
  const sole = NAMES.some((name) => isSole(name) && handlerOf(name) !== null);
  const matching = NAMES.filter((name) => {
    if (sole && !isSole(name) && name !== "help") return false;
    const meant = keyOf(name) === key && (!shifted || ACTIONS[name].alone);
    return meant && handlerOf(name) !== null;
  });
  const name = matching.find((one) => WHERE[ACTIONS[one].where].layer) ?? matching[0];
  const handler = name ? handlerOf(name) : null;
  return handler && (() => handler(shifted));
}

function isSole(name: Name): boolean {
  return "sole" in WHERE[ACTIONS[name].where];
}

function handlerOf(name: Name): ((alone: boolean) => void) | null {
  return layers.map((layer) => layer.current[name]).find(Boolean) ?? null;
}

/**
 * A key by its name: letters as they are without Shift, and the keys that have digits on them
 * as digits, also on keyboards that type digits with Shift.
 */
export function pressedKey(event: KeyboardEvent): string {
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1];
  if (digit && !event.getModifierState("AltGraph")) return digit;
  return /^[a-zA-Z]$/.test(event.key) ? event.key.toLowerCase() : event.key;
}

const TEXT_FIELDS = "textarea, select, input:not([type=checkbox], [type=radio], [type=range])";

function isTyping(): boolean {
  const focused = document.activeElement;
  return focused instanceof HTMLElement && (focused.isContentEditable || focused.matches(TEXT_FIELDS));
}

/** Whether a dialog is open, such as an operator's form or the list of keys. */
function isCovered(): boolean {
  return document.querySelector(".MuiDialog-root, .MuiPopover-root, dialog[open]") !== null;
}
