// A key as it stands on a button.

import * as React from "react";
import { keyOf, useChanged } from "./bindings";
import type { Name } from "./table";

/** The key of an action, with Shift where it is meant so, or one that cannot be changed. */
export function Key(props: { of: Name; shift?: true } | { name: string }): React.ReactElement {
  const changed = useChanged();
  if (!("of" in props)) return <kbd aria-hidden="true">{props.name}</kbd>;
  const key = keyOf(props.of, changed);
  return <kbd aria-hidden="true">{props.shift ? `Shift ${key}` : key}</kbd>;
}
