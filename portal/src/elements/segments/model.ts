/**
 * Segments on tracks, without a browser: every change is a function from a list to a new list.
 *
 * A track is one tag of one category ("speaker: Speaker A"). Segments of one track never overlap: each is bounded by
 * its neighbours and by the recording. Times are seconds, kept to the millisecond.
 */
export interface Track {
  category: string;
  tag: string;
}

export interface Segment extends Track {
  /** Identity within this page; never submitted. */
  key: number;
  start: number;
  end: number;
  text: string;
  emotion: string;
}

export interface Limits {
  /** Length of the recording, seconds. */
  duration: number;
  /** Shortest segment allowed, seconds. */
  minLength: number;
}

export type Edge = "start" | "end";
export type Categories = Record<string, string[]>;

/** A problem that keeps the answer from being submitted; `key` names the segment where it is one. */
export interface Problem {
  key: number | null;
  message: string;
}

export const round = (seconds: number): number => Math.round(seconds * 1000) / 1000;
const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** "category: tag", the name of a track that people read. */
export const trackName = (track: Track): string => `${track.category}: ${track.tag}`;
export const sameTrack = (a: Track, b: Track): boolean => a.category === b.category && a.tag === b.tag;

/** Every track of the categories, in their order. */
export function tracksOf(categories: Categories): Track[] {
  return Object.entries(categories).flatMap(([category, tags]) => tags.map((tag) => ({ category, tag })));
}

/** By start, then end, then track: the order of the table. */
export function sorted(segments: readonly Segment[]): Segment[] {
  return [...segments].sort(
    (a, b) => a.start - b.start || a.end - b.end || trackName(a).localeCompare(trackName(b)) || a.key - b.key,
  );
}

export function find(segments: readonly Segment[], key: number | null): Segment | undefined {
  return segments.find((s) => s.key === key);
}

/** Free stretch of a track around a moment, or null where a segment already lies there. */
export function gapAt(
  segments: readonly Segment[],
  track: Track,
  time: number,
  limits: Limits,
  except: number | null = null,
): { from: number; to: number } | null {
  let from = 0;
  let to = limits.duration;
  for (const other of segments) {
    if (other.key === except || !sameTrack(other, track)) continue;
    if (time >= other.start && time < other.end) return null;
    if (other.end <= time) from = Math.max(from, other.end);
    else to = Math.min(to, other.start);
  }
  return { from, to };
}

/** Bounds that a segment's neighbours leave it. */
export function room(segments: readonly Segment[], segment: Segment, limits: Limits): { from: number; to: number } {
  let from = 0;
  let to = limits.duration;
  for (const other of segments) {
    if (other.key === segment.key || !sameTrack(other, segment)) continue;
    if (other.end <= segment.start) from = Math.max(from, other.end);
    else if (other.start >= segment.end) to = Math.min(to, other.start);
  }
  return { from, to };
}

/**
 * Add a segment between two moments, in either order, within the free stretch around the first.
 * The segment grows to the shortest length where there is room; a string says why there is none.
 */
export function add(
  segments: readonly Segment[],
  track: Track,
  anchor: number,
  other: number,
  limits: Limits,
  emotion = "",
): { segments: Segment[]; key: number } | string {
  const gap = gapAt(segments, track, clamp(anchor, 0, limits.duration), limits);
  if (!gap) return `${track.tag} already has a segment here.`;
  if (gap.to - gap.from < limits.minLength) return `There is no room for another segment of ${track.tag} here.`;
  let start = clamp(Math.min(anchor, other), gap.from, gap.to);
  let end = clamp(Math.max(anchor, other), gap.from, gap.to);
  if (end - start < limits.minLength) {
    end = Math.min(gap.to, start + limits.minLength);
    start = Math.max(gap.from, end - limits.minLength);
  }
  const key = nextKey(segments);
  const segment = { key, ...pick(track), start: round(start), end: round(end), text: "", emotion };
  return { segments: [...segments, segment], key };
}

/** Put one edge at a moment, as far as the other edge, the shortest length and the neighbours allow. */
export function setEdge(
  segments: readonly Segment[],
  key: number,
  edge: Edge,
  time: number,
  limits: Limits,
): Segment[] {
  return change(segments, key, (segment) => {
    const { from, to } = room(segments, segment, limits);
    // A segment that is already too short may grow, and keeps its other edge.
    if (edge === "start") return { start: round(clamp(time, from, Math.max(from, segment.end - limits.minLength))) };
    return { end: round(clamp(time, Math.min(to, segment.start + limits.minLength), to)) };
  });
}

/** Move a whole segment to a new start, keeping its length. */
export function moveTo(segments: readonly Segment[], key: number, start: number, limits: Limits): Segment[] {
  return change(segments, key, (segment) => {
    const { from, to } = room(segments, segment, limits);
    const length = segment.end - segment.start;
    const moved = clamp(start, from, Math.max(from, to - length));
    return { start: round(moved), end: round(moved + length) };
  });
}

/** Give a segment to another track; a string says why that track has no room for it. */
export function retag(segments: readonly Segment[], key: number, track: Track): Segment[] | string {
  const segment = find(segments, key);
  if (!segment || sameTrack(segment, track)) return [...segments];
  const blocker = segments.find((s) => sameTrack(s, track) && s.start < segment.end && segment.start < s.end);
  if (blocker) return `${track.tag} already has a segment at that time.`;
  return change(segments, key, () => pick(track));
}

/** Cut a segment in two at a moment; the first part keeps the text. A string says why it cannot be cut there. */
export function split(
  segments: readonly Segment[],
  key: number,
  time: number,
  limits: Limits,
): { segments: Segment[]; key: number } | string {
  const segment = find(segments, key);
  if (!segment) return "Select a segment first.";
  const at = round(time);
  if (at - segment.start < limits.minLength || segment.end - at < limits.minLength) {
    return "Move the playhead inside the selected segment to split it there.";
  }
  const second: Segment = { ...segment, key: nextKey(segments), start: at, text: "" };
  return { segments: [...change(segments, key, () => ({ end: at })), second], key: second.key };
}

export function remove(segments: readonly Segment[], key: number): Segment[] {
  return segments.filter((s) => s.key !== key);
}

export function describe(
  segments: readonly Segment[],
  key: number,
  words: Partial<Pick<Segment, "text" | "emotion">>,
): Segment[] {
  return change(segments, key, () => words);
}

/** Everything that is wrong, in the order of the table. */
export function problems(segments: readonly Segment[], categories: Categories, limits: Limits): Problem[] {
  const found: Problem[] = [];
  const ordered = sorted(segments);
  ordered.forEach((segment, index) => {
    const say = (message: string) => found.push({ key: segment.key, message: `Segment ${index + 1}: ${message}` });
    if (!(segment.start < segment.end)) say("its start must lie before its end.");
    else if (segment.end - segment.start < limits.minLength - 0.0005) {
      say(`it is shorter than ${limits.minLength} s; lengthen or delete it.`);
    }
    if (segment.start < 0) say("it starts before the recording.");
    if (limits.duration > 0 && segment.end > limits.duration + 0.0005) {
      say(`it ends after the recording, which is ${round(limits.duration)} s long.`);
    }
    if (!categories[segment.category]?.includes(segment.tag)) say(`"${trackName(segment)}" is not one of the labels.`);
    const clash = ordered.slice(0, index).find((other) => sameTrack(other, segment) && other.end > segment.start);
    if (clash) say(`it overlaps another segment of ${segment.tag}.`);
  });
  return found;
}

function change(segments: readonly Segment[], key: number, edit: (segment: Segment) => Partial<Segment>): Segment[] {
  return segments.map((s) => (s.key === key ? { ...s, ...edit(s) } : s));
}

function nextKey(segments: readonly Segment[]): number {
  return 1 + segments.reduce((highest, s) => Math.max(highest, s.key), 0);
}

const pick = (track: Track): Track => ({ category: track.category, tag: track.tag });
