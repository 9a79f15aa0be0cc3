// A button of the editor, with its key.

import * as React from "react";
import { Key } from "../keys";
import type { Name } from "../keys/table";

interface Props {
  label: string;
  /** The action whose key does the same, or a key that cannot be changed. */
  of?: Name;
  name?: string;
  off?: boolean;
  pressed?: boolean;
  tone?: "primary" | "danger";
  onClick: () => void;
}

export function Button({ label, of, name, off, pressed, tone, onClick }: Props): React.ReactElement {
  return (
    <button
      type="button"
      className={`plp-button ${tone ? `plp-${tone}` : ""}`}
      aria-pressed={pressed}
      disabled={off}
      onClick={onClick}
    >
      {label} {of ? <Key of={of} /> : name ? <Key name={name} /> : null}
    </button>
  );
}
