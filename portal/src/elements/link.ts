/** The frame's end of the conversation with the portal's page. */
import { type FromFrame, readToFrame, type ToFrame } from "../shared/protocol.ts";

type Listener = (message: ToFrame) => void;

const listeners = new Set<Listener>();
let last: ToFrame | null = null;

export const isEmbedded = window.parent !== window;

/** Hear the page's messages; the draft that came earlier is told at once. */
export function onMessage(listener: Listener): () => void {
  listeners.add(listener);
  if (last?.type === "init") listener(last);
  return () => listeners.delete(listener);
}

export function send(message: FromFrame): void {
  // The page's origin is unknown to an opaque frame; what is sent is the annotator's own answer to their own page.
  if (isEmbedded) window.parent.postMessage(message, "*");
}

/** Start listening, tell the page when the document is there, and how tall it is. */
export function start(): void {
  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || !isEmbedded) return;
    const message = readToFrame(event.data);
    if (!message) return;
    last = message;
    for (const listener of [...listeners]) listener(message);
  });
  const begin = () => {
    send({ annolake: 1, type: "ready" });
    new ResizeObserver(() => {
      send({ annolake: 1, type: "height", height: document.documentElement.scrollHeight });
    }).observe(document.body);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin, { once: true });
  else begin();
}
