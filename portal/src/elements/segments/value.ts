/**
 * The answer's JSON text: categories, streams and the worker's times.
 *
 * `{"categories": {category: [tag]}, "streams": {category: [{id: tag, start, end, text, emotion}]}, "startTimestamp",
 * "startUTCTime", "endTimestamp", "endUTCTime", "elapsedTime"}`; timestamps and elapsedTime in milliseconds. Reads the
 * older forms too: `label` for `text`, and `[start, end, label, emotion]` arrays.
 */
import { isRecord } from "../../shared/protocol.ts";
import { type Categories, round, type Segment, sorted } from "./model.ts";

export interface Parsed {
  categories: Categories;
  segments: Segment[];
  startTimestamp: number | null;
}

export function toValue(
  segments: readonly Segment[],
  categories: Categories,
  startTimestamp: number,
  endTimestamp: number,
  nothingToMark = false,
): string {
  const streams: Record<string, object[]> = {};
  for (const { category, tag, start, end, text, emotion } of sorted(segments)) {
    streams[category] ??= [];
    streams[category].push({ id: tag, start, end, text, emotion });
  }
  return JSON.stringify({
    categories,
    startTimestamp,
    startUTCTime: new Date(startTimestamp).toUTCString(),
    streams,
    endTimestamp,
    endUTCTime: new Date(endTimestamp).toUTCString(),
    elapsedTime: endTimestamp - startTimestamp,
    ...(nothingToMark ? { nothingToMark: true } : {}),
  });
}

/** Segments and categories of such a text; what cannot be read as a segment is left out. */
export function fromValue(text: string): Parsed {
  const parsed: Parsed = { categories: {}, segments: [], startTimestamp: null };
  const value = readJson(text);
  if (!isRecord(value)) return parsed;
  parsed.categories = readCategories(value.categories);
  if (typeof value.startTimestamp === "number") parsed.startTimestamp = value.startTimestamp;
  if (!isRecord(value.streams)) return parsed;
  for (const [category, items] of Object.entries(value.streams)) {
    if (!Array.isArray(items)) continue;
    for (const item of items) {
      const segment = readSegment(item, category, parsed.categories[category]?.[0] ?? category);
      if (segment) parsed.segments.push({ ...segment, key: parsed.segments.length + 1 });
    }
  }
  return parsed;
}

/** `{category: [tags]}` of an attribute or an answer; a plain list is one category called "label". */
export function readCategories(value: unknown): Categories {
  const source = typeof value === "string" ? readJson(value) : value;
  const tags = (list: unknown[]) => [...new Set(list.map(String))];
  if (Array.isArray(source)) return { label: tags(source) };
  if (!isRecord(source)) return {};
  const lists = Object.entries(source).filter((entry): entry is [string, unknown[]] => Array.isArray(entry[1]));
  return Object.fromEntries(lists.map(([category, list]) => [category, tags(list)]));
}

/** The categories, widened by every track that the segments use. */
export function withTracksOf(categories: Categories, segments: readonly Segment[]): Categories {
  const wide: Categories = Object.fromEntries(Object.entries(categories).map(([c, tags]) => [c, [...tags]]));
  for (const { category, tag } of segments) {
    wide[category] ??= [];
    if (!wide[category].includes(tag)) wide[category].push(tag);
  }
  return wide;
}

function readSegment(item: unknown, category: string, fallbackTag: string): Omit<Segment, "key"> | null {
  const [start, end, text, emotion, tag] = Array.isArray(item)
    ? [item[0], item[1], item[2], item[3], fallbackTag]
    : isRecord(item)
      ? [item.start, item.end, item.text ?? item.label, item.emotion, item.id ?? fallbackTag]
      : [];
  if (typeof start !== "number" || typeof end !== "number" || !Number.isFinite(start) || !Number.isFinite(end)) {
    return null;
  }
  const word = (value: unknown) => (typeof value === "string" ? value : "");
  return { category, tag: String(tag), start: round(start), end: round(end), text: word(text), emotion: word(emotion) };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
