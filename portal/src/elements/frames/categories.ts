/** The label category configuration of a sequence: labels, attributes, and what may be changed. */
import type { Kind } from "../drawing/shapes.ts";
import { isRecord } from "../../shared/protocol.ts";
import type { Attributes } from "./model.ts";

export interface Attribute {
  readonly name: string;
  readonly description: string;
  readonly isNumber: boolean;
  readonly values: readonly string[];
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly isRequired: boolean;
  readonly isOpen: boolean;
}

export interface Categories {
  readonly kind: Kind;
  readonly labels: readonly string[];
  /** Labels whose shapes stay as they are. */
  readonly closed: ReadonlySet<string>;
  readonly attributes: ReadonlyMap<string, readonly Attribute[]>;
  readonly frameAttributes: readonly Attribute[];
}

const KINDS: Record<string, Kind> = {
  BoundingBox: "box",
  Polygon: "polygon",
  Polyline: "polyline",
  Keypoint: "keypoint",
};

export function readCategories(text: string | null): Categories {
  const config = parse(text);
  const items = list(config.labels).filter((item) => typeof item.label === "string");
  const shared = list(config.categoryGlobalAttributes);
  return {
    kind: KINDS[String(config.annotationType)] ?? "box",
    labels: items.map((item) => String(item.label)),
    closed: new Set(items.filter((item) => item.editsAllowed === "none").map((item) => String(item.label))),
    attributes: new Map(
      items.map((item) => [String(item.label), [...shared, ...list(item.categoryAttributes)].map(readAttribute)]),
    ),
    frameAttributes: list(config.frameAttributes).map(readAttribute),
  };
}

/** The first attribute that needs a value and has none. */
export const missing = (attributes: readonly Attribute[], given: Attributes): Attribute | undefined =>
  attributes.find((attribute) => attribute.isRequired && !(attribute.name in given));

/** Attributes with one of them set, or taken away by an empty text. */
export function withValue(given: Attributes, attribute: Attribute, text: string): Attributes {
  const { [attribute.name]: _, ...rest } = given;
  const value = attribute.isNumber ? Number(text) : text;
  return text === "" || Number.isNaN(value) ? rest : { ...rest, [attribute.name]: value };
}

function readAttribute(item: Record<string, unknown>): Attribute {
  return {
    name: String(item.name),
    description: typeof item.description === "string" ? item.description : "",
    isNumber: item.type === "number",
    values: Array.isArray(item.enum) ? item.enum.map(String) : [],
    minimum: typeof item.minimum === "number" ? item.minimum : null,
    maximum: typeof item.maximum === "number" ? item.maximum : null,
    isRequired: item.isRequired === true,
    isOpen: item.editsAllowed !== "none",
  };
}

function list(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function parse(text: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}
