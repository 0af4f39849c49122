/** Sequences as they come and go: label files of earlier jobs, drafts, and the answer. Pure. */
import { isRecord } from "../../shared/protocol.ts";
import { isLargeEnough, type Kind, type Point, readPoints, toAnswer } from "../drawing/shapes.ts";
import { type Attributes, type Key, marksAt, NOTHING, nextName, type Sequence, type Track } from "./model.ts";

export interface Frame {
  readonly no: number;
  readonly name: string;
  readonly src: string;
}

/** kind -> name of its list in an answer, and in a label file. */
const LISTS: Record<Kind, readonly [string, string]> = {
  box: ["boundingBoxes", "annotations"],
  polygon: ["polygons", "polygons"],
  polyline: ["polylines", "polylines"],
  keypoint: ["keypoints", "keypoints"],
};

/** Frames of the attribute: a JSON list of [number, name, address]. */
export function readFrames(text: string | null): Frame[] {
  const value = parse(text);
  if (!Array.isArray(value)) return [];
  return value
    .filter(Array.isArray)
    .map(([no, name, src]) => ({ no: Number(no), name: String(name), src: String(src) }));
}

/** The labeled frames, as worker responses have them. */
export function toFrames(sequence: Sequence, frames: readonly Frame[], kind: Kind, isTracking: boolean): unknown[] {
  return frames.flatMap((frame, at) => {
    const marks = marksAt(sequence, at);
    const frameAttributes = sequence.frameAttributes[at] ?? {};
    if (!marks.length && !Object.keys(frameAttributes).length) return [];
    const shapes = marks.map((mark) => ({
      ...toAnswer(kind, mark),
      labelCategoryAttributes: mark.attributes,
      ...(isTracking ? { objectId: mark.id, objectName: mark.name } : {}),
    }));
    return [{ frameNumber: frame.no, frame: frame.name, [LISTS[kind][0]]: shapes, frameAttributes }];
  });
}

/** The sequence of a SeqLabel.json; frames are known by their file, shapes of unknown frames or classes are left. */
export function fromLabelFile(
  file: unknown,
  frames: readonly Frame[],
  kind: Kind,
  labels: readonly string[],
  newId: () => string,
): Sequence {
  const places = new Map(frames.map((frame, at) => [frame.name, at]));
  const tracks = new Map<string, { name: string; label: string; keys: Key[] }>();
  const frameAttributes: Record<number, Attributes> = {};
  for (const listed of framesOf(file)) {
    const at = places.get(String(listed.frame));
    if (at === undefined) continue;
    const said = attributesOf(listed["frame-attributes"]);
    if (Object.keys(said).length) frameAttributes[at] = said;
    for (const shape of records(listed[LISTS[kind][1]])) {
      const label = labels[Number(shape["class-id"])];
      const points = readPoints(kind, shape);
      if (label === undefined || !points || !isLargeEnough(kind, points)) continue;
      const id = typeof shape["object-id"] === "string" ? shape["object-id"] : newId();
      const track = tracks.get(id) ?? { name: String(shape["object-name"] ?? ""), label, keys: [] };
      tracks.set(id, track);
      track.keys.push({ at, points, attributes: attributesOf(shape["label-category-attributes"]) });
    }
  }
  const known: Track[] = [];
  for (const [id, { name, label, keys }] of tracks) {
    known.push({ id, label, name: name || nextName(known, label), keys: withGaps(keys) });
  }
  return { tracks: known, frameAttributes, at: 0 };
}

/** Keys of a track that is on these frames and on no others. */
function withGaps(keys: Key[]): Key[] {
  const ordered = [...keys].sort((a, b) => a.at - b.at);
  return ordered.flatMap((key, place) =>
    ordered[place + 1]?.at === key.at + 1 ? [key] : [key, { at: key.at + 1, points: null, attributes: {} }],
  );
}

// -- drafts: short, because they are sent often

export function toDraft(sequence: Sequence): unknown {
  const tracks = sequence.tracks.map(({ id, name, label, keys }) => ({
    id,
    name,
    label,
    keys: keys.map(({ at, points, attributes }) => [
      at,
      points && points.flatMap((p) => [p.x, p.y].map(tenth)),
      attributes,
    ]),
  }));
  return { tracks, frameAttributes: sequence.frameAttributes, at: sequence.at };
}

const tenth = (n: number) => Math.round(n * 10) / 10;

export function fromDraft(draft: unknown): Sequence {
  if (!isRecord(draft)) return NOTHING;
  const tracks = records(draft.tracks).map((track) => ({
    id: String(track.id),
    name: String(track.name),
    label: String(track.label),
    keys: (Array.isArray(track.keys) ? track.keys : []).filter(Array.isArray).map(([at, flat, attributes]): Key => ({
      at: Number(at),
      points: Array.isArray(flat) ? pairs(flat.map(Number)) : null,
      attributes: attributesOf(attributes),
    })),
  }));
  const frameAttributes = isRecord(draft.frameAttributes) ? Object.entries(draft.frameAttributes) : [];
  return {
    tracks: tracks.filter((track) => track.keys[0]?.points),
    frameAttributes: Object.fromEntries(frameAttributes.map(([at, said]) => [Number(at), attributesOf(said)])),
    at: Number(draft.at) || 0,
  };
}

const pairs = (flat: readonly number[]): Point[] =>
  flat.flatMap((x, place) => (place % 2 === 0 ? [{ x, y: flat[place + 1] ?? 0 }] : []));

function framesOf(file: unknown): Record<string, unknown>[] {
  return isRecord(file) ? records(file["tracking-annotations"] ?? file["detection-annotations"]) : [];
}

function attributesOf(value: unknown): Attributes {
  const entries = isRecord(value) ? Object.entries(value) : [];
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string | number] => ["string", "number"].includes(typeof entry[1])),
  );
}

const records = (value: unknown) => (Array.isArray(value) ? value.filter(isRecord) : []);

function parse(text: string | null): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}
