/** Classes of pixels, and how polygons and brush strokes set them. Pure; 0 is background, a label its place plus one. */
import type { Point, Size } from "../drawing/shapes.ts";

export interface Stroke {
  readonly tool: "polygon" | "brush";
  /** What the pixels become. */
  readonly value: number;
  readonly points: readonly Point[];
  /** Half the width of the brush in pixels of the image. */
  readonly radius: number;
  /** Only where nothing is yet. */
  readonly isUnder: boolean;
}

export interface Mask extends Size {
  readonly data: Uint8Array;
}

/** Stretch of changed pixels; `right` and `bottom` are outside of it. */
export interface Area {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export const newMask = ({ width, height }: Size): Mask => ({ width, height, data: new Uint8Array(width * height) });

export function apply(mask: Mask, stroke: Stroke): Area {
  return stroke.tool === "polygon" ? fill(mask, stroke) : brush(mask, stroke, 0);
}

/** The pixels whose middle is inside (even-odd), row by row. */
function fill(mask: Mask, { points, value, isUnder }: Stroke): Area {
  const area = around(mask, points, 0);
  for (let y = area.top; y < area.bottom; y++) {
    const crossings: number[] = [];
    points.forEach((a, place) => {
      const b = points[(place + 1) % points.length]!;
      const [low, high] = a.y < b.y ? [a, b] : [b, a];
      if (low.y <= y + 0.5 && y + 0.5 < high.y) {
        crossings.push(low.x + ((y + 0.5 - low.y) * (high.x - low.x)) / (high.y - low.y));
      }
    });
    crossings.sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      row(mask, y, Math.ceil(crossings[i]! - 0.5), Math.ceil(crossings[i + 1]! - 0.5), value, isUnder);
    }
  }
  return area;
}

/** The pixels nearer to the line than the radius, from one of its points on. */
export function brush(mask: Mask, { points, value, radius, isUnder }: Stroke, from: number): Area {
  const some = points.slice(Math.max(from - 1, 0));
  for (let place = 0; place < some.length; place++) {
    const b = some[place]!;
    capsule(mask, some[place - 1] ?? b, b, radius, value, isUnder);
  }
  return around(mask, some, radius);
}

function capsule(mask: Mask, a: Point, b: Point, radius: number, value: number, isUnder: boolean): void {
  const area = around(mask, [a, b], radius);
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  for (let y = area.top; y < area.bottom; y++) {
    for (let x = area.left; x < area.right; x++) {
      const [px, py] = [x + 0.5 - a.x, y + 0.5 - a.y];
      const share = length === 0 ? 0 : Math.min(Math.max((px * dx + py * dy) / length, 0), 1);
      const [ex, ey] = [px - share * dx, py - share * dy];
      if (ex * ex + ey * ey <= radius * radius) row(mask, y, x, x + 1, value, isUnder);
    }
  }
}

function row(mask: Mask, y: number, left: number, right: number, value: number, isUnder: boolean): void {
  const start = y * mask.width;
  const [from, to] = [start + Math.max(left, 0), start + Math.min(right, mask.width)];
  if (!isUnder) mask.data.fill(value, from, Math.max(from, to));
  else for (let i = from; i < to; i++) if (mask.data[i] === 0) mask.data[i] = value;
}

function around(mask: Size, points: readonly Point[], by: number): Area {
  const xs = points.map((p) => p.x);
  const ys = points.map((p) => p.y);
  return {
    left: Math.max(Math.floor(Math.min(...xs) - by), 0),
    top: Math.max(Math.floor(Math.min(...ys) - by), 0),
    right: Math.min(Math.ceil(Math.max(...xs) + by) + 1, mask.width),
    bottom: Math.min(Math.ceil(Math.max(...ys) + by) + 1, mask.height),
  };
}

/** How many pixels each value has. */
export function counts(mask: Mask, nValues: number): number[] {
  const found = new Array<number>(nValues).fill(0);
  for (const value of mask.data) found[value]!++;
  return found;
}

// -- colours

/** Ground Truth's colours of labels, by their order. */
const COLOURS = [
  ..."2ca02c 1f77b4 ff7f0e d62728 9467bd 8c564b e377c2 7f7f7f bcbd22 17becf".split(" "),
  ..."98df8a aec7e8 ffbb78 ff9896 c5b0d5 c49c94 f7b6d2 c7c7c7 dbdb8d 9edae5".split(" "),
];

export const colourOf = (label: number): string => `#${COLOURS[label % COLOURS.length]}`;

export const rgbOf = (colour: string): [number, number, number] => {
  const n = Number.parseInt(colour.slice(1), 16);
  return [n >> 16, (n >> 8) & 255, n & 255];
};

/** Pixels (RGBA) of a stretch of a mask; background is `background`. */
export function paint(
  mask: Mask,
  area: Area,
  alpha: number,
  background: readonly number[],
): Uint8ClampedArray<ArrayBuffer> {
  const width = area.right - area.left;
  const out = new Uint8ClampedArray(Math.max(width, 0) * Math.max(area.bottom - area.top, 0) * 4);
  const palette: (readonly number[])[] = [];
  let at = 0;
  for (let y = area.top; y < area.bottom; y++) {
    for (let x = area.left; x < area.right; x++) {
      const value = mask.data[y * mask.width + x]!;
      palette[value] ??= value === 0 ? background : [...rgbOf(colourOf(value - 1)), alpha];
      out.set(palette[value]!, at);
      at += 4;
    }
  }
  return out;
}

/** A mask of a picture (RGBA) in these colours, value by place; every other colour is background. */
export function readPixels(size: Size, pixels: Uint8ClampedArray, colours: readonly (string | null)[]): Mask {
  const values = new Map(
    colours.flatMap((colour, place): [number, number][] => {
      if (!colour || !/^#[0-9a-f]{6}$/i.test(colour)) return [];
      return [[Number.parseInt(colour.slice(1), 16), place + 1]];
    }),
  );
  const mask = newMask(size);
  for (let i = 0; i < mask.data.length; i++) {
    const at = i * 4;
    if (pixels[at + 3] === 0) continue;
    mask.data[i] = values.get((pixels[at]! << 16) | (pixels[at + 1]! << 8) | pixels[at + 2]!) ?? 0;
  }
  return mask;
}
