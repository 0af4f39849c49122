/** The page's end of the conversation with the template in the frame. */
import { type FromFrame, readFromFrame, type ToFrame } from "../shared/protocol.ts";

export class FrameLink {
  private readonly frame: () => HTMLIFrameElement | null;
  private readonly hear: (message: FromFrame) => void;

  constructor(frame: () => HTMLIFrameElement | null, hear: (message: FromFrame) => void) {
    this.frame = frame;
    this.hear = hear;
  }

  start(): void {
    window.addEventListener("message", this.onMessage);
  }

  stop(): void {
    window.removeEventListener("message", this.onMessage);
  }

  send(message: ToFrame): void {
    // An opaque origin cannot be named as the target; the frame only ever gets its own draft and short notices.
    this.frame()?.contentWindow?.postMessage(message, "*");
  }

  private readonly onMessage = (event: MessageEvent): void => {
    const window_ = this.frame()?.contentWindow;
    if (!window_ || event.source !== window_ || event.origin !== "null") return;
    const message = readFromFrame(event.data);
    if (message) this.hear(message);
  };
}
