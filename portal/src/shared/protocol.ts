/**
 * Messages between the portal's page and a worker template in its frame.
 *
 * The frame has an opaque origin ("null"), so neither side can name the other's origin: the page trusts a message only
 * by `event.source`, the frame only its parent. Session, CSRF token and task id never enter the frame.
 */
export type FromFrame =
  | { annolake: 1; type: "ready" }
  /** The answer, with the draft that would restore it should it not be taken. */
  | { annolake: 1; type: "answer"; answer: Record<string, unknown>; draft?: unknown }
  | { annolake: 1; type: "draft"; draft: unknown }
  | { annolake: 1; type: "height"; height: number }
  | { annolake: 1; type: "key"; key: string };

export type ToFrame =
  | { annolake: 1; type: "init"; draft: unknown }
  | { annolake: 1; type: "submitted" }
  | { annolake: 1; type: "rejected"; message: string };

/** The message when it is one of a frame's, well formed; else null. */
export function readFromFrame(data: unknown): FromFrame | null {
  if (!isRecord(data) || data.annolake !== 1) return null;
  switch (data.type) {
    case "ready":
      return { annolake: 1, type: "ready" };
    case "answer":
      return isRecord(data.answer)
        ? { annolake: 1, type: "answer", answer: data.answer, ...("draft" in data ? { draft: data.draft } : {}) }
        : null;
    case "draft":
      return { annolake: 1, type: "draft", draft: data.draft ?? null };
    case "height":
      return typeof data.height === "number" && Number.isFinite(data.height)
        ? { annolake: 1, type: "height", height: data.height }
        : null;
    case "key":
      return typeof data.key === "string" ? { annolake: 1, type: "key", key: data.key } : null;
    default:
      return null;
  }
}

/** The message when it is one of the page's, well formed; else null. */
export function readToFrame(data: unknown): ToFrame | null {
  if (!isRecord(data) || data.annolake !== 1) return null;
  switch (data.type) {
    case "init":
      return { annolake: 1, type: "init", draft: data.draft ?? null };
    case "submitted":
      return { annolake: 1, type: "submitted" };
    case "rejected":
      return { annolake: 1, type: "rejected", message: typeof data.message === "string" ? data.message : "" };
    default:
      return null;
  }
}

/** Whether a value is a plain object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
