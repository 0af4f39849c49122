/** Labeled stretches of a text. Offsets count Unicode code points, as Ground Truth's do; the end is exclusive. */
import { isRecord } from "../../shared/protocol.ts";

export interface Entity {
  readonly label: string;
  readonly startOffset: number;
  readonly endOffset: number;
}

export interface Piece {
  readonly text: string;
  readonly start: number;
  /** Place of the entity in the list; null between entities. */
  readonly entity: number | null;
}

/** Code points before a UTF-16 offset. */
export const codePoints = (text: string, utf16: number): number => [...text.slice(0, utf16)].length;

/** The list with a new entity, white space at its ends left out; the same list where nothing is left or it overlaps. */
export function add(
  entities: readonly Entity[],
  text: string,
  label: string,
  from: number,
  to: number,
): readonly Entity[] {
  const letters = [...text];
  let [start, end] = from <= to ? [from, to] : [to, from];
  while (start < end && /\s/.test(letters[start] ?? "")) start += 1;
  while (end > start && /\s/.test(letters[end - 1] ?? "")) end -= 1;
  if (start >= end || entities.some((e) => e.startOffset < end && start < e.endOffset)) return entities;
  return [...entities, { label, startOffset: start, endOffset: end }].sort((a, b) => a.startOffset - b.startOffset);
}

/** The text in pieces, entities and what lies between them. */
export function pieces(entities: readonly Entity[], text: string): Piece[] {
  const letters = [...text];
  const found: Piece[] = [];
  let at = 0;
  const between = (to: number) => {
    if (to > at) found.push({ text: letters.slice(at, to).join(""), start: at, entity: null });
  };
  entities.forEach((entity, index) => {
    between(entity.startOffset);
    found.push({
      text: letters.slice(entity.startOffset, entity.endOffset).join(""),
      start: entity.startOffset,
      entity: index,
    });
    at = entity.endOffset;
  });
  between(letters.length);
  return found;
}

/** Entities of an `initial-value` or a draft that lie in the text and do not overlap. */
export function readEntities(value: unknown, text: string): readonly Entity[] {
  let found: readonly Entity[] = [];
  for (const item of Array.isArray(value) ? value : []) {
    if (!isRecord(item) || typeof item.label !== "string") continue;
    const [start, end] = [Number(item.startOffset), Number(item.endOffset)];
    if (Number.isInteger(start) && Number.isInteger(end) && 0 <= start && end <= [...text].length) {
      found = add(found, text, item.label, start, end);
    }
  }
  return found;
}
