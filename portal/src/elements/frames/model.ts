/**
 * What is on the frames of a sequence. Pure: no document, no element.
 *
 * A track has key frames; between two of them its points move in straight lines, if their number is the same, and stay
 * otherwise. A key without points says that the object is gone from there on. Where frames are not tracked, a track is
 * one shape on one frame. `at` is always the place of a frame in its sequence, not its number.
 */
import { move, type Point, type Shape, type Size } from "../drawing/shapes.ts";

export type Attributes = Readonly<Record<string, string | number>>;

export interface Key {
  readonly at: number;
  readonly points: readonly Point[] | null;
  readonly attributes: Attributes;
}

export interface Track {
  readonly id: string;
  /** `<label>:<n>`, as the annotator knows the object. */
  readonly name: string;
  readonly label: string;
  /** In the order of their frames; the first has points. */
  readonly keys: readonly Key[];
}

export interface Sequence {
  readonly tracks: readonly Track[];
  readonly frameAttributes: Readonly<Record<number, Attributes>>;
  /** Where the last change was made, so that undo shows what it takes back. */
  readonly at: number;
}

/** A track on one frame. */
export interface Mark extends Shape {
  readonly id: string;
  readonly name: string;
  readonly attributes: Attributes;
  readonly isKey: boolean;
}

export const NOTHING: Sequence = { tracks: [], frameAttributes: {}, at: 0 };
/** A guess follows the last movement for no more frames than these; things turn. */
const FARTHEST_GUESS = 20;

export interface Way {
  readonly isTracking: boolean;
  readonly size: Size;
  readonly newId: () => string;
}

// -- what is where

/** Where a track is on a frame; null where it is not. Guesses come only after its last key, and if `size` is given. */
export function markAt(track: Track, at: number, size: Size | null = null): Mark | null {
  const place = lastKey(track.keys, at);
  const key = track.keys[place];
  if (!key?.points) return null;
  const next = track.keys[place + 1];
  const { id, name, label } = track;
  const known = { id, name, label, attributes: key.attributes, isKey: key.at === at };
  if (key.at === at) return { ...known, points: key.points };
  if (next) return { ...known, points: next.points ? between(key, next, at) : key.points };
  return size ? { ...known, points: guess(track.keys, at, size), isGuess: true } : null;
}

/** What is on a frame, in the order of the tracks. */
export function marksAt(sequence: Sequence, at: number, size: Size | null = null): Mark[] {
  return sequence.tracks.map((track) => markAt(track, at, size)).filter((mark) => mark !== null);
}

/** The last key at or before a frame, -1 for none. */
function lastKey(keys: readonly Key[], at: number): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]!.at <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function between(a: Key, b: Key, at: number): readonly Point[] {
  const [from, to] = [a.points!, b.points!];
  if (from.length !== to.length) return from;
  const share = (at - a.at) / (b.at - a.at);
  return from.map((p, i) => ({ x: p.x + (to[i]!.x - p.x) * share, y: p.y + (to[i]!.y - p.y) * share }));
}

/** The last points, moved on as they moved from the key before. */
function guess(keys: readonly Key[], at: number, size: Size): readonly Point[] {
  const last = keys[keys.length - 1]!;
  const before = keys[keys.length - 2];
  const points = last.points!;
  if (!before?.points) return points;
  const share = Math.min(at - last.at, FARTHEST_GUESS) / (last.at - before.at);
  const [a, b] = [middle(before.points), middle(points)];
  return move(points, (b.x - a.x) * share, (b.y - a.y) * share, size);
}

function middle(points: readonly Point[]): Point {
  const sum = points.reduce((s, p) => ({ x: s.x + p.x, y: s.y + p.y }), { x: 0, y: 0 });
  return { x: sum.x / points.length, y: sum.y / points.length };
}

/** Stretches [first, last] of frames on which one of the tracks is. */
export function stretches(tracks: readonly Track[]): [number, number][] {
  const found = tracks.flatMap((track) =>
    track.keys.flatMap((key, place): [number, number][] => {
      if (!key.points) return [];
      const next = track.keys[place + 1];
      return [[key.at, next ? next.at - 1 : key.at]];
    }),
  );
  found.sort((a, b) => a[0] - b[0]);
  const joined: [number, number][] = [];
  for (const [first, last] of found) {
    const before = joined[joined.length - 1];
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else joined.push([first, last]);
  }
  return joined;
}

// -- what is done to it

/** The sequence after the shapes of a frame became others: changed ones, new ones, and those that are no more. */
export function draw(
  sequence: Sequence,
  at: number,
  before: readonly Mark[],
  after: readonly (Shape & Partial<Mark>)[],
  way: Way,
): Sequence {
  let tracks = [...sequence.tracks];
  for (const shape of after) {
    const known = before.find((mark) => mark.id === shape.id);
    if (shape === known) continue;
    if (!known) tracks.push(newTrack(tracks, shape.label, [{ at, points: shape.points, attributes: {} }], way));
    else tracks = tracks.map((track) => (track.id === known.id ? changed(tracks, track, at, known, shape) : track));
  }
  for (const gone of before.filter((mark) => !after.some((shape) => shape.id === mark.id))) {
    tracks = tracks.flatMap((track) => (track.id === gone.id ? removeAt(track, at, way.isTracking) : [track]));
  }
  return { ...sequence, tracks, at };
}

function newTrack(tracks: readonly Track[], label: string, keys: readonly Key[], way: Way): Track {
  return { id: way.newId(), name: nextName(tracks, label), label, keys };
}

export function nextName(tracks: readonly Track[], label: string): string {
  const numbers = tracks.filter((t) => t.label === label).map((t) => Number(t.name.slice(t.name.lastIndexOf(":") + 1)));
  return `${label}:${Math.max(0, ...numbers.filter(Number.isInteger)) + 1}`;
}

function changed(tracks: readonly Track[], track: Track, at: number, known: Mark, shape: Shape & Partial<Mark>): Track {
  const label = shape.label;
  const named = label === track.label ? track : { ...track, label, name: nextName(tracks, label) };
  const attributes = shape.attributes ?? known.attributes;
  const isMoved = shape.points !== known.points || known.isGuess;
  const moved = isMoved ? withKey(named, { at, points: shape.points, attributes }) : named;
  return attributes === known.attributes ? moved : { ...moved, keys: carried(moved.keys, at, known, attributes) };
}

/** Attributes count from the frame on which they were set, as far as the old ones did; what had no value gets it. */
function carried(keys: readonly Key[], at: number, known: Mark, attributes: Attributes): readonly Key[] {
  const here = keys.some((key) => key.at === at)
    ? keys
    : sorted([...keys, { at, points: known.points, attributes: known.attributes }]);
  const first = Object.fromEntries(Object.entries(attributes).filter(([name]) => !(name in known.attributes)));
  let isSame = true;
  return here.map((key) => {
    if (!key.points) return key;
    if (key.at < at) return { ...key, attributes: { ...first, ...key.attributes } };
    isSame &&= key.at === at || same(key.attributes, known.attributes);
    return isSame ? { ...key, attributes } : key;
  });
}

const same = (a: Attributes, b: Attributes) => JSON.stringify(a) === JSON.stringify(b);
const sorted = (keys: readonly Key[]) => [...keys].sort((a, b) => a.at - b.at);

function withKey(track: Track, key: Key): Track {
  return { ...track, keys: sorted([...track.keys.filter((other) => other.at !== key.at), key]) };
}

/** A track without one of its frames; its neighbours stay as they are. None where nothing is left. */
export function removeAt(track: Track, at: number, isTracking: boolean): Track[] {
  if (!isTracking) return [];
  const last = track.keys[track.keys.length - 1]!;
  if (at > last.at) return last.points ? [withKey(track, gone(last.at + 1))] : [track]; // a guess: it ends where it was
  const [before, after] = [markAt(track, at - 1), markAt(track, at + 1)];
  let kept = withKey(track, gone(at));
  if (before) kept = withKey(kept, keyOf(before, at - 1));
  if (after) kept = withKey(kept, keyOf(after, at + 1));
  return tidy(kept);
}

/** A track that ends before a frame. */
export function endAt(track: Track, at: number): Track[] {
  const before = markAt(track, at - 1);
  const keys = track.keys.filter((key) => key.at < at);
  const kept = { ...track, keys: [...keys, gone(at)] };
  return tidy(before ? withKey(kept, keyOf(before, at - 1)) : kept);
}

const gone = (at: number): Key => ({ at, points: null, attributes: {} });
const keyOf = (mark: Mark, at: number): Key => ({ at, points: mark.points, attributes: mark.attributes });

/** Without keys that say nothing; no track at all where it is on no frame. */
function tidy(track: Track): Track[] {
  const keys = track.keys.filter((key, place) => key.points || track.keys[place - 1]?.points);
  return keys.some((key) => key.points) ? [{ ...track, keys }] : [];
}

/** Marks of a frame put on another one too: tracks go on there, shapes that are not tracked are drawn again. */
export function copyTo(sequence: Sequence, marks: readonly Mark[], to: number, way: Way): Sequence {
  let tracks = [...sequence.tracks];
  for (const mark of marks) {
    const key = { at: to, points: mark.points, attributes: mark.attributes };
    if (!way.isTracking) tracks.push(newTrack(tracks, mark.label, [key], way));
    else tracks = tracks.map((track) => (track.id === mark.id && isOpenAt(track, to) ? withKey(track, key) : track));
  }
  return { ...sequence, tracks, at: to };
}

/** Whether nothing is known of a track on a frame and after it. */
const isOpenAt = (track: Track, at: number) => {
  const last = track.keys[track.keys.length - 1]!;
  return last.at < at && last.points !== null;
};

/** Guesses of a frame taken for true. */
export function confirm(sequence: Sequence, marks: readonly Mark[], at: number): Sequence {
  const guesses = new Map(marks.filter((mark) => mark.isGuess).map((mark) => [mark.id, mark]));
  const tracks = sequence.tracks.map((track) => {
    const mark = guesses.get(track.id);
    return mark ? withKey(track, keyOf(mark, at)) : track;
  });
  return { ...sequence, tracks, at };
}

export function replace(sequence: Sequence, id: string, at: number, by: (track: Track) => Track[]): Sequence {
  return { ...sequence, at, tracks: sequence.tracks.flatMap((track) => (track.id === id ? by(track) : [track])) };
}

export function setFrameAttributes(sequence: Sequence, frames: readonly number[], attributes: Attributes): Sequence {
  const set = Object.fromEntries(frames.map((at) => [at, attributes]));
  return { ...sequence, frameAttributes: { ...sequence.frameAttributes, ...set }, at: frames[0] ?? sequence.at };
}
