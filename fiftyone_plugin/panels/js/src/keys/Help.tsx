// The list of all keys, in which they can be changed.

import * as React from "react";
import { bind, keyOf, unbind, useChanged } from "./bindings";
import { Key } from "./Key";
import { pressedKey, useKeys } from "./listening";
import { ACTIONS, NAMES, WHERE, type Name, type Where } from "./table";

/** The button that opens the list, which has a key as well. */
export function Keys(): React.ReactElement {
  const [open, setOpen] = React.useState(false);
  const close = React.useCallback(() => setOpen(false), []);
  useKeys({ help: () => setOpen(true) });
  return (
    <>
      <button type="button" className="plp-button" onClick={() => setOpen(true)}>
        Keys <Key of="help" />
      </button>
      {open ? <Help onClose={close} /> : null}
    </>
  );
}

function Help({ onClose }: { onClose: () => void }): React.ReactElement {
  const dialog = React.useRef<HTMLDialogElement>(null);
  const [asked, setAsked] = React.useState<Name | null>(null);
  const [said, setSaid] = React.useState("");
  const changed = useChanged();
  React.useEffect(() => dialog.current?.showModal(), []);
  React.useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      event.stopImmediatePropagation(); // nothing in FiftyOne is meant
      const held = ["Shift", "Control", "Alt", "AltGraph", "Meta"].includes(event.key);
      if (event.key === "Escape") {
        event.preventDefault();
        if (asked === null) onClose();
        setAsked(null);
      } else if (asked !== null && !held && event.key !== "Tab") {
        event.preventDefault();
        const refused = bind(asked, pressedKey(event));
        setSaid(refused ?? `"${ACTIONS[asked].label}" has the key ${keyOf(asked)}.`);
        if (refused === null) setAsked(null);
      }
    };
    window.addEventListener("keydown", pressed, true);
    return () => window.removeEventListener("keydown", pressed, true);
  }, [asked, onClose]);
  const ask = (name: Name) => {
    setAsked(name);
    setSaid(`Press the new key of "${ACTIONS[name].label}"; Esc leaves it.`);
  };
  return (
    <dialog ref={dialog} className="plp-help" aria-labelledby="plp-help-title">
      <div className="plp-row plp-spread">
        <h2 id="plp-help-title">Keys</h2>
        <button type="button" className="plp-button" onClick={onClose}>
          Close <Key name="Esc" />
        </button>
      </div>
      <div className="plp-help-groups">
        {(Object.keys(WHERE) as Where[]).map((where) => (
          <Group key={where} where={where} asked={asked} onAsk={ask} />
        ))}
      </div>
      <p className="plp-faint">
        Shift with the key of a verdict means the one query whose picture is shown. Click a key to
        change it in this browser. Keys rest while you type and in FiftyOne's annotation mode; Tab
        goes from one control to the next.
      </p>
      <div className="plp-row plp-spread">
        <p role="status">{said}</p>
        {Object.keys(changed).length ? (
          <button type="button" className="plp-button" onClick={unbind}>
            All as they were
          </button>
        ) : null}
      </div>
    </dialog>
  );
}

interface GroupProps {
  where: Where;
  asked: Name | null;
  onAsk: (name: Name) => void;
}

function Group({ where, asked, onAsk }: GroupProps): React.ReactElement {
  const changed = useChanged();
  return (
    <section>
      <h3>{WHERE[where].title}</h3>
      <ul>
        {NAMES.filter((name) => ACTIONS[name].where === where).map((name) => (
          <li key={name} className="plp-row">
            <button
              type="button"
              className="plp-keycap"
              aria-label={`${keyOf(name, changed)}: ${ACTIONS[name].label}. Change the key`}
              aria-pressed={asked === name}
              onClick={() => onAsk(name)}
            >
              {asked === name ? "…" : keyOf(name, changed)}
            </button>
            <span>{ACTIONS[name].label}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
