// Mask files as coloured pictures: read exactly, since a pixel's value is its meaning.

const TARGET = 1;
const IGNORE = 255;

export type Color = [number, number, number, number];
export const TRUTH: Color = [255, 45, 170, 105];
const PREDICTED: Color = [40, 140, 255, 105];
const BOTH: Color = [255, 225, 40, 115];
const MISSED: Color = [255, 45, 170, 130];
const EXTRA: Color = [40, 140, 255, 130];
export const IGNORED: Color = [150, 150, 150, 110];

/** Colours by what a pixel is, as a style sheet writes them. */
export const LEGEND = { truth: css(TRUTH), both: css(BOTH), missed: css(MISSED), extra: css(EXTRA) };

/** Above this a mask is read at a fraction of its size, pixel by pixel still. */
const MAX_PIXELS = 4096 * 4096;

export interface MaskPixels {
  width: number;
  height: number;
  values: Uint8Array;
}

const KEPT = 24;
const images = new Map<string, Promise<HTMLImageElement>>();
const masks = new Map<string, Promise<MaskPixels>>();

/** Remembers what is loaded, the newest only. */
function remembered<T>(kept: Map<string, Promise<T>>, url: string, load: () => Promise<T>) {
  let one = kept.get(url);
  if (!one) {
    one = load();
    kept.set(url, one);
    one.catch(() => kept.delete(url));
    for (const old of kept.keys()) {
      if (kept.size <= KEPT) break;
      kept.delete(old);
    }
  }
  return one;
}

/** An image, decoded; the same promise for the same address. */
export function loadImage(url: string): Promise<HTMLImageElement> {
  return remembered(images, url, async () => {
    const image = new Image();
    image.src = url;
    await image.decode();
    return image;
  });
}

/** The values of a mask file: 8-bit gray, of which 1 is the target and 255 is not to count. */
export function loadMask(url: string): Promise<MaskPixels> {
  return remembered(masks, url, async () => read(await loadImage(url)));
}

function read(image: HTMLImageElement): MaskPixels {
  const scale = Math.min(1, Math.sqrt(MAX_PIXELS / (image.naturalWidth * image.naturalHeight)));
  const width = Math.max(1, Math.floor(image.naturalWidth * scale));
  const height = Math.max(1, Math.floor(image.naturalHeight * scale));
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser gives no canvas");
  context.imageSmoothingEnabled = false; // a blend of two values is a third value
  context.drawImage(image, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const values = new Uint8Array(width * height);
  for (let i = 0; i < values.length; i++) values[i] = data[4 * i] ?? 0;
  return { width, height, values };
}

/** Paints a mask, or how a prediction differs from the truth, on a canvas of the mask's size. */
export function paint(
  canvas: HTMLCanvasElement,
  mask: MaskPixels,
  role: "truth" | "prediction",
  truth: MaskPixels | null,
): void {
  const comparable =
    truth !== null && truth.width === mask.width && truth.height === mask.height ? truth : null;
  canvas.width = mask.width;
  canvas.height = mask.height;
  const context = canvas.getContext("2d");
  if (!context) return;
  const picture = context.createImageData(mask.width, mask.height);
  const target = role === "truth" ? TRUTH : PREDICTED;
  for (let i = 0; i < mask.values.length; i++) {
    const color = comparable
      ? difference(mask.values[i], comparable.values[i])
      : plain(mask.values[i], target);
    if (!color) continue;
    picture.data.set(color, 4 * i);
    if (isEdge(mask, i)) picture.data[4 * i + 3] = 255;
  }
  context.putImageData(picture, 0, 0);
}

/** Whether a pixel of the target has a neighbour that is none, or lies at the image's border. */
export function isEdge({ width, height, values }: MaskPixels, i: number): boolean {
  if (values[i] !== TARGET) return false;
  const x = i % width;
  if (x === 0 || x === width - 1 || i < width || i >= width * (height - 1)) return true;
  const beside = values[i - 1] === TARGET && values[i + 1] === TARGET;
  return !beside || values[i - width] !== TARGET || values[i + width] !== TARGET;
}

function plain(value: number | undefined, target: Color): Color | null {
  if (value === TARGET) return target;
  return value === IGNORE ? IGNORED : null;
}

function difference(predicted: number | undefined, truth: number | undefined): Color | null {
  if (truth === IGNORE) return IGNORED;
  if (truth === TARGET) return predicted === TARGET ? BOTH : MISSED;
  return predicted === TARGET ? EXTRA : null;
}

function css([r, g, b]: Color): string {
  return `rgb(${r}, ${g}, ${b})`;
}
