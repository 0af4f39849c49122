/**
 * `<crowd-form>`: collects the answer of all its controls, keeps a draft with the page, and submits.
 *
 * A `submit` event comes first, as of a native form: `onsubmit` handlers may still change controls, or prevent it.
 * Adds a submit button unless a `crowd-button` with `form-action="submit"`, or a native submit button, is there.
 */
import { collectAnswer, collectDraft, problemsOf, reset, restoreDraft, showProblem } from "./answer.ts";
import { onMessage, send } from "./link.ts";

const DRAFT_DELAY_MS = 700;
const SUBMITTERS = 'crowd-button[form-action="submit"], button[type="submit"], input[type="submit"]';

export class CrowdForm extends HTMLElement {
  private notice: HTMLElement | null = null;
  private timer = 0;
  private sending = false;
  private restored = false;
  private stop: (() => void) | null = null;

  connectedCallback(): void {
    if (this.stop) return;
    this.addEventListener("input", this.onEdit);
    this.addEventListener("change", this.onEdit);
    this.addEventListener("click", this.onClick);
    const unhear = onMessage((message) => {
      if (message.type === "init") this.whenParsed(() => this.restore(message.draft));
      if (message.type === "submitted") this.tell("");
      if (message.type === "rejected") this.onRejected(message.message);
    });
    window.addEventListener("pagehide", this.flush);
    this.stop = () => {
      unhear();
      window.removeEventListener("pagehide", this.flush);
    };
    this.whenParsed(() => this.complete());
  }

  disconnectedCallback(): void {
    this.stop?.();
    this.stop = null;
  }

  /** Submit as by the button: event, validation, answer to the page. */
  submit(): void {
    if (this.sending) return;
    const event = new Event("submit", { bubbles: true, cancelable: true });
    if (!this.dispatchEvent(event)) return;
    const problems = problemsOf(this);
    const first = problems[0];
    if (first) {
      this.tell(problems.length > 1 ? `${first.message} (and ${problems.length - 1} more)` : first.message, true);
      showProblem(first.control);
      return;
    }
    this.setSending(true);
    clearTimeout(this.timer);
    this.tell("Sending your answer …");
    const answer = collectAnswer(this);
    this.dispatchEvent(new CustomEvent("annolake-answer", { bubbles: true, detail: answer }));
    send({ annolake: 1, type: "answer", answer, draft: collectDraft(this) });
  }

  requestSubmit(): void {
    this.submit();
  }

  reset(): void {
    reset(this);
    this.onEdit();
  }

  private readonly onEdit = (): void => {
    if (this.sending) return;
    this.tell("");
    clearTimeout(this.timer);
    this.timer = window.setTimeout(this.flush, DRAFT_DELAY_MS);
  };

  private readonly flush = (): void => {
    clearTimeout(this.timer);
    if (this.timer === 0 || this.sending) return;
    this.timer = 0;
    send({ annolake: 1, type: "draft", draft: collectDraft(this) });
  };

  /** A sandboxed frame has no form submission of its own: native submit buttons are carried out here. */
  private readonly onClick = (event: Event): void => {
    const button = event.composedPath().find((n): n is Element => n instanceof Element && n.matches(SUBMITTERS));
    if (!button || event.defaultPrevented || button.tagName === "CROWD-BUTTON") return;
    event.preventDefault();
    this.submit();
  };

  private restore(draft: unknown): void {
    if (draft === null || this.restored) return;
    this.restored = true;
    restoreDraft(this, draft);
    clearTimeout(this.timer);
    this.timer = 0;
  }

  private onRejected(message: string): void {
    this.setSending(false);
    this.tell(message || "The answer was not accepted. Change it and submit again.", true);
  }

  private setSending(sending: boolean): void {
    this.sending = sending;
    this.toggleAttribute("aria-busy", sending);
    for (const button of this.querySelectorAll(SUBMITTERS)) button.toggleAttribute("disabled", sending);
  }

  private tell(text: string, isProblem = false): void {
    if (!this.notice) return;
    this.notice.textContent = text;
    this.notice.style.color = isProblem ? "var(--a-danger)" : "var(--a-muted)";
    this.notice.setAttribute("role", isProblem ? "alert" : "status");
  }

  /** The bar at the bottom: what is wrong, and a submit button where the template has none. */
  private complete(): void {
    if (this.notice) return;
    const bar = document.createElement("div");
    bar.className = "annolake-submit-bar";
    bar.style.cssText =
      "display:flex;gap:16px;align-items:center;justify-content:flex-end;padding:10px 0 2px;min-height:24px";
    this.notice = document.createElement("span");
    this.notice.setAttribute("role", "status");
    bar.append(this.notice);
    if (!this.querySelector(SUBMITTERS)) {
      const button = document.createElement("crowd-button");
      button.setAttribute("form-action", "submit");
      button.setAttribute("variant", "primary");
      button.textContent = "Submit";
      bar.append(button);
      bar.style.cssText +=
        ";position:sticky;bottom:0;background:var(--a-page);z-index:20;border-top:1px solid var(--a-line);padding:10px 0;margin-top:12px";
    }
    this.append(bar);
  }

  /** The parser makes this element before its children: wait for them. */
  private whenParsed(then: () => void): void {
    if (document.readyState !== "loading") queueMicrotask(then);
    else document.addEventListener("DOMContentLoaded", then, { once: true });
  }
}
