// The image with a mask and the evidence drawn over it.

import * as React from "react";
import { mediaUrl } from "../host";
import { loadImage, loadMask, paint, type MaskPixels } from "./masks";
import type { MaskView, MemberView, Shape, ShapeRole } from "../types";
import { stretched } from "./zoom";

interface Props {
  pair: MemberView;
  mask: MaskView | null;
  truth: MaskView | null;
  shapes: Shape[];
  /** The part that is shown, in fractions of the image. */
  zoom?: { x: number; y: number; w: number; h: number } | null;
  label: string;
}

/** What becomes of something that loads: the value, or why there is none. */
function useLoaded<T>(url: string | null, load: (url: string) => Promise<T>): [T | null, boolean] {
  const [state, setState] = React.useState<{ url: string | null; value: T | null; bad: boolean }>({
    url: null,
    value: null,
    bad: false,
  });
  React.useEffect(() => {
    let wanted = true;
    if (url !== null) {
      load(url).then(
        (value) => wanted && setState({ url, value, bad: false }),
        () => wanted && setState({ url, value: null, bad: true }),
      );
    }
    return () => {
      wanted = false;
    };
  }, [url, load]);
  return state.url === url ? [state.value, state.bad] : [null, false];
}

export function useMask(mask: MaskView | null): [MaskPixels | null, boolean] {
  return useLoaded(mask?.path ? mediaUrl(mask.path) : null, loadMask);
}

export function Picture({ pair, mask, truth, shapes, zoom, label }: Props): React.ReactElement {
  const url = mediaUrl(pair.image.path);
  const [image, badImage] = useLoaded(url, loadImage);
  const width = pair.image.width ?? image?.naturalWidth ?? 512;
  const height = pair.image.height ?? image?.naturalHeight ?? 512;
  const part = zoom ?? { x: 0, y: 0, w: 1, h: 1 };
  const style = stretched(part);
  return (
    <div
      className="plp-picture"
      role="img"
      aria-label={label}
      style={shape(width * part.w, height * part.h)}
    >
      <div className="plp-stretched" style={style}>
        {badImage ? (
          <p className="plp-missing">The image cannot be shown.</p>
        ) : (
          <img src={url} alt="" draggable={false} />
        )}
        <MaskCanvas mask={mask} truth={truth} />
        <Evidence shapes={shapes} width={width} height={height} />
      </div>
    </div>
  );
}

/** The aspect of a picture, which the style sheet needs to make it fit into a height. */
function shape(width: number, height: number): React.CSSProperties {
  return { aspectRatio: `${width} / ${height}`, ["--plp-ratio" as string]: width / height };
}

function MaskCanvas(props: { mask: MaskView | null; truth: MaskView | null }): React.ReactElement {
  const canvas = React.useRef<HTMLCanvasElement>(null);
  const compared = props.mask?.role === "prediction" ? props.truth : null;
  const [pixels, bad] = useMask(props.mask);
  const [truth] = useMask(compared);
  const role = props.mask?.role === "prediction" ? "prediction" : "truth";
  React.useEffect(() => {
    if (canvas.current && pixels) paint(canvas.current, pixels, role, truth);
  }, [pixels, truth, role]);
  return (
    <>
      <canvas
        ref={canvas}
        data-painted={pixels !== null}
        data-field={props.mask?.field}
        style={{ visibility: pixels ? "visible" : "hidden" }}
      />
      {bad ? <p className="plp-missing">The mask cannot be shown.</p> : null}
    </>
  );
}

function Evidence(props: { shapes: Shape[]; width: number; height: number }): React.ReactElement {
  const { shapes, width, height } = props;
  return (
    <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      {shapes.map((shape, index) => (
        <Drawn key={index} shape={shape} width={width} height={height} />
      ))}
    </svg>
  );
}

function Drawn(props: { shape: Shape; width: number; height: number }): React.ReactElement {
  const { shape, width, height } = props;
  const id = React.useId().replaceAll(":", "");
  const className = `plp-shape plp-${shape.role}`;
  if (shape.type === "outline") {
    const points = shape.points.map(([x = 0, y = 0]) => `${x * width},${y * height}`).join(" ");
    return <polygon className={className} points={points} />;
  }
  if (shape.type === "point") {
    return <Cross className={className} x={shape.x * width} y={shape.y * height} size={width / 40} />;
  }
  const box = {
    x: shape.x * width,
    y: shape.y * height,
    width: shape.w * width,
    height: shape.h * height,
  };
  if (!shape.soft) return <rect className={className} {...box} />;
  return (
    <g className={className}>
      <filter id={id} filterUnits="userSpaceOnUse" x={0} y={0} width={width} height={height}>
        <feGaussianBlur stdDeviation={`${(shape.soft * width) / 2} ${(shape.soft * height) / 2}`} />
      </filter>
      <rect className="plp-soft" filter={`url(#${id})`} {...box} />
      <rect {...box} />
    </g>
  );
}

function Cross(props: { className: string; x: number; y: number; size: number }): React.ReactElement {
  const { className, x, y, size } = props;
  return (
    <g className={className}>
      <circle cx={x} cy={y} r={size / 2} />
      <path d={`M${x - size} ${y}H${x + size}M${x} ${y - size}V${y + size}`} />
    </g>
  );
}

const ROLES: [ShapeRole, string][] = [
  ["named_region", "where the query says"],
  ["mask_box", "the mask's box"],
  ["mask_center", "its centre"],
  ["leaked_box", "box in the query"],
  ["leaked_point", "point in the query"],
];

/** What the lines over the image are. */
export function ShapeLegend({ shapes }: { shapes: Shape[] }): React.ReactElement {
  const there = ROLES.filter(([role]) => shapes.some((shape) => shape.role === role));
  return (
    <span className="plp-legend">
      {there.map(([role, meaning]) => (
        <span key={role}>
          <i className={`plp-line plp-${role}`} /> {meaning}
        </span>
      ))}
    </span>
  );
}
