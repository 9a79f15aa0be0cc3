// The space bar, which is held to move an image.

import * as React from "react";

/** Whether the space bar is held down while an element, or none, has the focus. */
export function useSpace(element: React.RefObject<HTMLElement>): boolean {
  const [held, setHeld] = React.useState(false);
  React.useEffect(() => {
    const turn = (event: KeyboardEvent) => {
      const { activeElement, body } = document;
      if (event.key !== " " || ![element.current, body].includes(activeElement as HTMLElement)) return;
      event.preventDefault();
      event.stopPropagation();
      setHeld(event.type === "keydown");
    };
    const release = () => setHeld(false);
    window.addEventListener("keydown", turn, true);
    window.addEventListener("keyup", turn, true);
    window.addEventListener("blur", release);
    return () => {
      window.removeEventListener("keydown", turn, true);
      window.removeEventListener("keyup", turn, true);
      window.removeEventListener("blur", release);
    };
  }, [element]);
  return held;
}
