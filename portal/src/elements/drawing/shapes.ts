/** Shapes on an image in its own pixels, and what can be done to them. Pure: no document, no element. */
import { isRecord } from "../../shared/protocol.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A box has two points (left top, right bottom), a keypoint one, a line or polygon any number. */
export interface Shape {
  readonly label: string;
  readonly points: readonly Point[];
  /** Where it is thought to be; nobody has said so. */
  readonly isGuess?: boolean;
}

export type Kind = "box" | "polygon" | "polyline" | "keypoint";

/** Boxes thinner than this are slips of the hand. */
export const SMALLEST = 3;

export const clamp = (p: Point, size: Size): Point => ({
  x: Math.min(Math.max(p.x, 0), size.width),
  y: Math.min(Math.max(p.y, 0), size.height),
});

/** A box from any two corners. */
export function boxOf(a: Point, b: Point): readonly Point[] {
  return [
    { x: Math.min(a.x, b.x), y: Math.min(a.y, b.y) },
    { x: Math.max(a.x, b.x), y: Math.max(a.y, b.y) },
  ];
}

export function isLargeEnough(kind: Kind, points: readonly Point[]): boolean {
  if (kind === "polygon") return points.length >= 3;
  if (kind === "polyline") return points.length >= 2;
  if (kind === "keypoint") return points.length === 1;
  const [a, b] = points;
  return !!a && !!b && b.x - a.x >= SMALLEST && b.y - a.y >= SMALLEST;
}

/** Where a shape can be held: the corners and sides of a box, the points of any other. */
export function handlesOf(kind: Kind, points: readonly Point[]): readonly Point[] {
  const [a, b] = points;
  if (kind !== "box" || !a || !b) return points;
  const [mx, my] = [(a.x + b.x) / 2, (a.y + b.y) / 2];
  return [
    a,
    { x: mx, y: a.y },
    { x: b.x, y: a.y },
    { x: b.x, y: my },
    b,
    { x: mx, y: b.y },
    { x: a.x, y: b.y },
    { x: a.x, y: my },
  ];
}

/** The points after handle `handle` was taken to `to`; a box may turn over. */
export function drag(kind: Kind, points: readonly Point[], handle: number, to: Point): readonly Point[] {
  const [a, b] = points;
  if (kind !== "box" || !a || !b) return points.map((p, index) => (index === handle ? to : p));
  const left = [0, 6, 7].includes(handle) ? to.x : a.x;
  const right = [2, 3, 4].includes(handle) ? to.x : b.x;
  const top = [0, 1, 2].includes(handle) ? to.y : a.y;
  const bottom = [4, 5, 6].includes(handle) ? to.y : b.y;
  return boxOf({ x: left, y: top }, { x: right, y: bottom });
}

/** The points moved together, as far as the image reaches. */
export function move(points: readonly Point[], dx: number, dy: number, size: Size): readonly Point[] {
  const xs = points.map((p) => p.x);
  const ys = points.map((p) => p.y);
  const x = Math.min(Math.max(dx, -Math.min(...xs)), size.width - Math.max(...xs));
  const y = Math.min(Math.max(dy, -Math.min(...ys)), size.height - Math.max(...ys));
  return points.map((p) => ({ x: p.x + x, y: p.y + y }));
}

const whole = (p: Point) => ({ x: Math.round(p.x), y: Math.round(p.y) });

/** A shape as Ground Truth's answer has it, in whole pixels. */
export function toAnswer(kind: Kind, shape: Shape): Record<string, unknown> {
  const points = shape.points.map(whole);
  const [a, b] = points;
  if (kind === "box" && a && b) {
    return { height: b.y - a.y, label: shape.label, left: a.x, top: a.y, width: b.x - a.x };
  }
  if (kind === "keypoint" && a) return { label: shape.label, x: a.x, y: a.y };
  return { label: shape.label, vertices: points };
}

/** A shape of an `initial-value` or a draft; null where it is none. */
export function fromAnswer(kind: Kind, value: unknown): Shape | null {
  if (!isRecord(value) || typeof value.label !== "string") return null;
  const points = readPoints(kind, value);
  return points && isLargeEnough(kind, points) ? { label: value.label, points } : null;
}

export function readPoints(kind: Kind, value: Record<string, unknown>): readonly Point[] | null {
  if (kind === "box") {
    const [left, top, width, height] = [value.left, value.top, value.width, value.height].map(Number) as [
      number,
      number,
      number,
      number,
    ];
    const corners = [
      { x: left, y: top },
      { x: left + width, y: top + height },
    ];
    return corners.every(isPoint) ? corners : null;
  }
  const points = kind === "keypoint" ? [value] : Array.isArray(value.vertices) ? value.vertices : [];
  const read = points.map((p: unknown) => (isRecord(p) ? { x: Number(p.x), y: Number(p.y) } : { x: NaN, y: NaN }));
  return read.every(isPoint) ? read : null;
}

const isPoint = (p: Point) => Number.isFinite(p.x) && Number.isFinite(p.y);

/** Shapes of an `initial-value` attribute: a JSON list, or text that is none. */
export function readShapes(kind: Kind, text: string | null): Shape[] {
  if (!text) return [];
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.map((v) => fromAnswer(kind, v)).filter((s) => s !== null) : [];
  } catch {
    return [];
  }
}
