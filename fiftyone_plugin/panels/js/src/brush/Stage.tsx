// The image with the mask that is painted on it: pointer and wheel in, pixels out.

import * as React from "react";
import { mediaUrl } from "../host";
import type { MemberView } from "../types";
import { draw } from "./draw";
import type { Easel } from "./easel";
import type { Painting } from "./painting";
import { centre, type Point, stroke, whole } from "./pixels";
import { stretched } from "../pair/zoom";
import { useSpace } from "./space";
import { moved, zoomed } from "./view";

interface Props {
  pair: MemberView;
  easel: Easel;
}

/** What the pointer does while it is down. */
type Drag = { kind: "pan"; x: number; y: number } | { kind: "paint"; at: Point; value: 0 | 1 };

const ZOOM = 1.0015; // a pixel of the wheel

export function Stage({ pair, easel }: Props): React.ReactElement {
  const { tool, size, bare, part, corners } = easel.state;
  const { painting } = easel;
  const { width, height } = painting;
  const stage = React.useRef<HTMLDivElement>(null);
  const cursor = React.useRef<SVGGElement>(null);
  const panning = useSpace(stage);
  const pointer = usePointer(easel, panning, stage, cursor);
  React.useEffect(() => stage.current?.focus(), []);
  const style = stretched(part);
  return (
    <div
      ref={stage}
      className="plp-picture plp-stage"
      data-testid="stage"
      data-panning={panning}
      tabIndex={0}
      role="application"
      aria-label="The mask, to be painted with the pointer"
      style={{ aspectRatio: `${width} / ${height}`, width: `min(100%, ${(55 * width) / height}vh)` }}
      {...pointer}
    >
      <div className="plp-stretched" style={style}>
        <img src={mediaUrl(pair.image.path)} alt="" draggable={false} />
        <MaskCanvas painting={painting} bare={bare} />
        <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
          <Corners points={corners} radius={(part.w * width) / 120} />
          <g ref={cursor} className="plp-cursor" visibility="hidden">
            {tool === "brush" || tool === "eraser" ? (
              <>
                <circle r={size / 2} />
                <circle r={size / 2} />
              </>
            ) : null}
          </g>
        </svg>
      </div>
    </div>
  );
}

function MaskCanvas({ painting, bare }: { painting: Painting; bare: boolean }): React.ReactElement {
  const canvas = React.useRef<HTMLCanvasElement>(null);
  React.useLayoutEffect(() => {
    const { current } = canvas;
    if (!current) return undefined;
    draw(current, painting, whole(painting));
    return painting.listen((rect) => draw(current, painting, rect));
  }, [painting]);
  const { width, height } = painting;
  const style: React.CSSProperties = { visibility: bare ? "hidden" : "visible" };
  return <canvas ref={canvas} width={width} height={height} data-testid="painted" style={style} />;
}

function Corners({ points, radius }: { points: Point[]; radius: number }): React.ReactElement | null {
  if (!points.length) return null;
  const text = points.map(({ x, y }) => `${x},${y}`).join(" ");
  return (
    <g className="plp-corners">
      <polygon points={text} />
      {points.map(({ x, y }, i) => (
        <circle key={i} cx={x} cy={y} r={radius} />
      ))}
    </g>
  );
}

/** The events of the pointer over the stage. */
function usePointer(
  easel: Easel,
  panning: boolean,
  stage: React.RefObject<HTMLDivElement>,
  cursor: React.RefObject<SVGGElement>,
): React.DOMAttributes<HTMLDivElement> {
  const { painting } = easel;
  const drag = React.useRef<Drag | null>(null);
  useWheel(stage, easel);
  // A stroke that is under way when the editor goes ends there.
  React.useEffect(() => () => painting.end(), [painting]);

  const pixel = (event: Place): Point => {
    const { part } = easel.state;
    const { x, y } = fraction(stage.current!, event);
    return { x: (part.x + x * part.w) * painting.width, y: (part.y + y * part.h) * painting.height };
  };
  const paint = (to: Point): void => {
    const from = drag.current;
    if (from?.kind !== "paint") return;
    painting.change((bitmap) => stroke(bitmap, from.at, to, easel.state.size, from.value));
    drag.current = { ...from, at: to };
  };
  const press = (event: React.PointerEvent): void => {
    const at = pixel(event);
    const { tool } = easel.state;
    if (event.button === 1 || panning) {
      drag.current = { kind: "pan", x: event.clientX, y: event.clientY };
    } else if (tool === "polygon") easel.corner(at);
    else if (tool === "part") easel.pick(at);
    else {
      const value = tool === "eraser" || event.shiftKey || event.altKey ? 0 : 1;
      drag.current = { kind: "paint", at: centre(at), value };
      painting.begin();
      paint(centre(at));
    }
  };
  const pan = (from: { x: number; y: number }, to: Place): void => {
    const box = stage.current!.getBoundingClientRect();
    drag.current = { kind: "pan", x: to.clientX, y: to.clientY };
    const [dx, dy] = [(from.x - to.clientX) / box.width, (from.y - to.clientY) / box.height];
    easel.look((part) => moved(part, dx, dy));
  };
  const finish = (): void => {
    if (drag.current?.kind === "paint") painting.end();
    drag.current = null;
  };

  return {
    onPointerDown: (event) => {
      event.preventDefault(); // no selection of text, no scrolling by the middle button
      stage.current?.focus();
      if (drag.current !== null || event.button > 1) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      press(event);
    },
    onPointerMove: (event) => {
      const at = centre(pixel(event));
      cursor.current?.setAttribute("transform", `translate(${at.x} ${at.y})`);
      cursor.current?.setAttribute("visibility", "visible");
      if (drag.current?.kind === "pan") pan(drag.current, event);
      const passed = event.nativeEvent.getCoalescedEvents?.() ?? [];
      [...passed, event].forEach((one) => paint(centre(pixel(one))));
    },
    onPointerUp: finish,
    onPointerCancel: finish,
    onPointerLeave: () => cursor.current?.setAttribute("visibility", "hidden"),
    onAuxClick: (event) => event.preventDefault(),
  };
}

/** Zooms with the wheel. React's own wheel events cannot keep the panel from scrolling. */
function useWheel(stage: React.RefObject<HTMLDivElement>, easel: Easel): void {
  React.useEffect(() => {
    const { current } = stage;
    const turned = (event: WheelEvent) => {
      event.preventDefault();
      event.stopPropagation();
      const around = fraction(event.currentTarget as HTMLElement, event);
      easel.look((part) => zoomed(part, around, ZOOM ** -event.deltaY));
    };
    current?.addEventListener("wheel", turned, { passive: false });
    return () => current?.removeEventListener("wheel", turned);
  }, [stage, easel]);
}

interface Place {
  clientX: number;
  clientY: number;
}

/** Where in an element an event was, in fractions of it. */
function fraction(element: HTMLElement, event: Place): Point {
  const box = element.getBoundingClientRect();
  return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
}
