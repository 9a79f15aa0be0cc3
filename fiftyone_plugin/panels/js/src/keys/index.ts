// Keys of the panels: which there are, what they do, and how they are listed and changed.

export { Keys } from "./Help";
export { Key } from "./Key";
export { useEscape, useFixedKeys, useKeys, wasTaken } from "./listening";
export { keyOf } from "./bindings";
