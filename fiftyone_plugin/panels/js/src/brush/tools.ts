// The tools of the editor, with their keys, and the sizes of its brush.

export type Tool = "brush" | "eraser" | "polygon" | "part";

/** Each is named as the action that takes it, which has a key. */
export const TOOLS: { tool: Tool; label: string; help: string }[] = [
  { tool: "brush", label: "Brush", help: "Drag to paint; Shift or Alt erases." },
  { tool: "eraser", label: "Eraser", help: "Drag to erase." },
  {
    tool: "polygon",
    label: "Polygon",
    help: "Click the corners; Enter fills the polygon, Shift Enter erases it, Esc leaves it.",
  },
  {
    tool: "part",
    label: "Only this part",
    help: "Click a part of the mask: what is not connected with it goes.",
  },
];

/** The next size of a brush, always odd: it has a pixel in its middle. */
export function resized(size: number, up: boolean, most: number): number {
  const step = Math.max(2, 2 * Math.round(size / 8));
  return Math.min(most | 1, Math.max(1, up ? size + step : size - step));
}

/** A brush that suits an image of some side. */
export function usualSize(side: number): number {
  return Math.max(1, Math.round(side / 60)) * 2 + 1;
}
