import { html, LitElement, nothing } from "lit";
import { keyed } from "lit/directives/keyed.js";
import type { FromFrame } from "../shared/protocol.ts";
import { type Api, type Next, newKey, Refused, type Task, Unreachable, type Worker } from "./api.ts";
import { FrameLink } from "./frame.ts";
import { Keep, type Pending } from "./keep.ts";
import { shared } from "./styles.ts";
import { leaveDialogs, type Leaving } from "./leave.ts";
import { OVER, TAKEN_BACK } from "./over.ts";
import { timeLeft } from "./words.ts";
import { workStyles } from "./work-style.ts";

type Phase =
  | { name: "loading" }
  | { name: "working" }
  /** The answer is on its way; `retryAt` when the connection failed and it will be sent again. */
  | { name: "sending"; retryAt: number | null }
  /** The task is no longer this worker's: its lease ran out, the job ended, it was answered elsewhere. */
  | { name: "over"; why: string }
  | { name: "empty"; reason: string }
  | { name: "failed"; message: string };

/** A task that just ran out is back in the pool a moment later, so the first looks follow quickly. */
const LOOK_AGAIN_MS = [2000, 5000, 20_000];
const RETRY_MS = [1000, 2000, 4000, 8000, 15000];
const WARN_S = 300;
const TOAST_MS = 5000;

/**
 * One task after another: the template in its frame, time left, drafts, the answer and what may go wrong with it.
 * The task, the session and the keys of answers live here, out of the template's reach.
 */
export class WorkPage extends LitElement {
  static override properties = {
    api: { attribute: false },
    worker: { attribute: false },
    jobName: { attribute: false },
    phase: { state: true },
    task: { state: true },
    now: { state: true },
    toast: { state: true },
    draftState: { state: true },
  };
  declare api: Api;
  declare worker: Worker;
  declare jobName: string | null;
  declare private phase: Phase;
  declare private task: Task | null;
  declare private now: number;
  declare private toast: string;
  declare private draftState: "" | "saved" | "unsaved";
  private readonly keep = new Keep();
  private readonly link = new FrameLink(
    () => this.renderRoot.querySelector("iframe"),
    (message) => this.onFrame(message),
  );
  private clock = 0;
  private lookAgain = 0;
  private looks = 0;
  private retry = 0;
  private attempt = 0;
  private toastTimer = 0;
  private pending: Pending | null = null;
  private draft: unknown = null;

  static override styles = [shared, workStyles];

  constructor() {
    super();
    this.phase = { name: "loading" };
    this.task = null;
    this.now = Date.now();
    this.toast = "";
    this.draftState = "";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.link.start();
    this.clock = window.setInterval(() => this.tick(), 1000);
    window.addEventListener("beforeunload", this.onLeave);
    this.addEventListener("resume", this.onResume);
    void this.take();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.link.stop();
    for (const timer of [this.clock, this.lookAgain, this.retry, this.toastTimer]) clearTimeout(timer);
    window.removeEventListener("beforeunload", this.onLeave);
    this.removeEventListener("resume", this.onResume);
    document.title = "Annolake";
  }

  // -- taking a task -------------------------------------------------------------------------------------------

  /** Ask the service for a task: the one already held, else the next. */
  private async take(): Promise<void> {
    clearTimeout(this.lookAgain);
    if (this.phase.name !== "empty") this.phase = { name: "loading" };
    let next: Next;
    try {
      next = await this.api.next(this.jobName);
    } catch (error) {
      if (!isLapsed(error)) this.phase = { name: "failed", message: errorText(error) };
      return;
    }
    if (!this.isConnected) return;
    if (next.task) this.open(next.task);
    else {
      this.task = null;
      this.phase = { name: "empty", reason: next.reason };
      document.title = "Annolake";
      const wait = LOOK_AGAIN_MS[Math.min(this.looks++, LOOK_AGAIN_MS.length - 1)]!;
      this.lookAgain = window.setTimeout(() => void this.take(), wait);
    }
  }

  private open(task: Task): void {
    const place = this.placeOf(task);
    this.task = task;
    this.attempt = 0;
    this.looks = 0;
    this.draft = this.keep.draft(place) ?? task.draft ?? null;
    this.draftState = this.draft === null ? "" : "saved";
    this.phase = { name: "working" };
    this.tick();
    document.title = `${task.title || task.job_name} · Annolake`;
    // An answer that was on its way when the page was reloaded is sent again, with its own key.
    this.pending = this.keep.pending(place);
    if (this.pending) void this.sendAnswer();
  }

  private placeOf(task: Task): string {
    return Keep.place(this.worker.subject, task.job_name, task.object_id);
  }

  private readonly onResume = (): void => {
    if (this.phase.name === "sending") void this.sendAnswer();
    else if (!this.task) void this.take();
    else if (this.draftState === "unsaved") void this.saveDraft(this.task);
  };

  // -- what the frame says -------------------------------------------------------------------------------------

  private onFrame(message: FromFrame): void {
    const { task } = this;
    if (!task) return;
    if (message.type === "ready") {
      this.link.send({ annolake: 1, type: "init", draft: this.draft });
      this.focusFrame();
    }
    if (message.type === "draft") {
      this.draft = message.draft;
      void this.saveDraft(task);
    }
    if (message.type === "answer" && message.draft !== undefined) this.draft = message.draft;
    if (message.type === "answer" && this.phase.name === "over") {
      this.keep.putDraft(this.placeOf(task), this.draft);
      this.reject("This task is over; see the note above.");
    }
    if (message.type === "answer" && this.phase.name === "working") {
      // The same answer again (after a failed attempt) keeps its key; a changed one is a new answer.
      const isSame = this.pending && JSON.stringify(this.pending.answer) === JSON.stringify(message.answer);
      this.pending = { key: isSame && this.pending ? this.pending.key : newKey(), answer: message.answer };
      this.keep.putPending(this.placeOf(task), this.pending);
      this.attempt = 0;
      void this.sendAnswer();
    }
  }

  private reject(message: string): void {
    this.link.send({ annolake: 1, type: "rejected", message });
  }

  private focusFrame(): void {
    const active = this.shadowRoot?.activeElement;
    if (!active || active === this.shadowRoot?.querySelector("iframe"))
      this.renderRoot.querySelector("iframe")?.focus();
  }

  // -- drafts --------------------------------------------------------------------------------------------------

  private async saveDraft(task: Task): Promise<void> {
    const place = this.placeOf(task);
    const { draft } = this;
    this.keep.putDraft(place, draft);
    try {
      await this.api.saveDraft(task.task_id, draft);
      if (this.task === task && this.draft === draft) {
        this.draftState = "saved";
        if (!this.pending) this.keep.drop(place);
      }
    } catch (error) {
      if (this.task !== task) return;
      this.draftState = "unsaved";
      if (error instanceof Refused && error.code in OVER) this.end(error.code);
    }
  }

  // -- the answer ----------------------------------------------------------------------------------------------

  private async sendAnswer(): Promise<void> {
    const { task, pending } = this;
    clearTimeout(this.retry);
    if (!task || !pending) return;
    this.phase = { name: "sending", retryAt: null };
    try {
      await this.api.answer(task.task_id, pending.answer, pending.key);
    } catch (error) {
      if (this.task === task) this.onAnswerFailed(task, error);
      return;
    }
    this.keep.drop(this.placeOf(task));
    if (this.task !== task || !this.isConnected) return;
    this.pending = null;
    this.link.send({ annolake: 1, type: "submitted" });
    this.say("Answer saved.");
    await this.take();
  }

  private onAnswerFailed(task: Task, error: unknown): void {
    if (error instanceof Unreachable) {
      const wait = RETRY_MS[Math.min(this.attempt++, RETRY_MS.length - 1)]!;
      this.phase = { name: "sending", retryAt: Date.now() + wait };
      this.retry = window.setTimeout(() => void this.sendAnswer(), wait);
      return;
    }
    if (isLapsed(error)) return; // signing in again resumes it
    this.pending = null;
    this.keep.dropPending(this.placeOf(task));
    if (error instanceof Refused && error.code in OVER) {
      this.end(error.code);
      this.reject("The answer was not taken; see the note above.");
      return;
    }
    this.phase = { name: "working" };
    this.reject(`Not accepted: ${errorText(error)}`);
  }

  /** The task is over. The draft stays, for when the same object comes again; unless it was answered. */
  private end(code: string): void {
    if (this.phase.name === "over" || !this.task) return;
    const place = this.placeOf(this.task);
    if (code === "already_answered") this.keep.drop(place);
    else if (this.draft !== null) this.keep.putDraft(place, this.draft);
    this.draftState = "";
    const isEarly = code === "lease_expired" && this.secondsLeft > 10;
    this.phase = { name: "over", why: isEarly ? TAKEN_BACK : (OVER[code] ?? "") };
  }

  // -- leaving a task ------------------------------------------------------------------------------------------

  private ask(id: Leaving): void {
    this.renderRoot.querySelector<HTMLDialogElement>(`#${id}`)?.showModal();
  }

  private async giveBack(how: Leaving, reason: string): Promise<void> {
    const { task } = this;
    if (!task) return;
    try {
      if (how === "release") await this.api.release(task.task_id);
      else await this.api.decline(task.task_id, reason);
    } catch (error) {
      if (error instanceof Unreachable) {
        this.say("The labeling service does not answer; the task is still yours. Try again.");
        return;
      }
      if (isLapsed(error)) return;
    }
    this.keep.drop(this.placeOf(task));
    this.task = null;
    if (how === "release") location.hash = "#/";
    else {
      this.say("Task declined.");
      await this.take();
    }
  }

  private readonly onLeave = (event: BeforeUnloadEvent): void => {
    if (this.phase.name === "sending" || this.draftState === "unsaved") event.preventDefault();
  };

  private say(text: string): void {
    this.toast = text;
    clearTimeout(this.toastTimer);
    this.toastTimer = window.setTimeout(() => {
      this.toast = "";
    }, TOAST_MS);
  }

  private tick(): void {
    this.now = Date.now();
    if (this.task && this.phase.name === "working" && this.secondsLeft <= 0) this.end("lease_expired");
  }

  private get secondsLeft(): number {
    if (!this.task) return 0;
    return (Date.parse(this.task.lease_expires_at) - (this.now + this.api.skew)) / 1000;
  }

  // -- drawing -------------------------------------------------------------------------------------------------

  override render() {
    return html`
      ${this.renderBar()}
      <div role="status" aria-live="polite">${this.renderBanner()}</div>
      <div class="frame">
        ${this.renderBody()}
        <div role="status" aria-live="polite">
          ${this.toast ? html`<p class="notice good toast">${this.toast}</p>` : nothing}
        </div>
      </div>
      ${leaveDialogs((how, reason) => void this.giveBack(how, reason))}
    `;
  }

  private renderBar() {
    const { task } = this;
    const canLeave = this.phase.name === "working";
    return html`<div class="bar">
      <a href="#/">← Tasks</a>
      <div class="title">
        <h1 title=${task?.description ?? ""}>${task ? task.title || task.job_name : "Annolake"}</h1>
      </div>
      ${
        task
          ? html`
              ${this.draftState ? html`<span class="fact">${this.draftState === "saved" ? "Draft saved" : "Draft kept in this tab"}</span>` : nothing}
              <div class="fact">
                <span>${task.answered_by_me} of ${task.total} answered by you</span>
                <progress max=${Math.max(1, task.total)} value=${task.answered_by_me} aria-label="Progress"></progress>
              </div>
              ${this.renderTime()}
              <button
                ?disabled=${!canLeave}
                title="Give the task back, for you or somebody else later"
                @click=${() => this.ask("release")}
              >
                Release
              </button>
              <button
                ?disabled=${!canLeave}
                title="You cannot or will not answer it"
                @click=${() => this.ask("decline")}
              >
                Decline
              </button>
            `
          : nothing
      }
    </div>`;
  }

  private renderTime() {
    const left = this.secondsLeft;
    if (this.phase.name === "over") return html`<span class="fact time soon">Task is over</span>`;
    return html`<span
      class="fact time ${left < WARN_S ? "soon" : ""}"
      title="The task goes back to the pool after that"
    >
      ${timeLeft(left)} left
    </span>`;
  }

  private renderBanner() {
    if (this.phase.name === "sending" && this.phase.retryAt !== null) {
      const seconds = Math.max(1, Math.ceil((this.phase.retryAt - this.now) / 1000));
      return html`<div class="notice bad banner">
        <span
          >The connection to the labeling service is lost. Your answer is kept here and sent again in ${seconds}
          s.</span
        >
        <button @click=${() => void this.sendAnswer()}>Send now</button>
      </div>`;
    }
    if (this.phase.name === "over") {
      return html`<div class="notice banner">
        <span>${this.phase.why}</span>
        <button @click=${() => void this.take()}>Next task</button>
      </div>`;
    }
    return nothing;
  }

  private renderBody() {
    const { phase, task } = this;
    if (phase.name === "loading" && !task)
      return html`<div class="center muted" role="status">Looking for a task …</div>`;
    if (phase.name === "failed") {
      return html`<div class="center">
        <p class="notice bad" role="alert">${phase.message}</p>
        <button @click=${() => void this.take()}>Try again</button>
      </div>`;
    }
    if (phase.name === "empty") {
      return html`<div class="center">
        <h1>No task for you right now</h1>
        <p>${phase.reason}</p>
        <p class="muted">This page keeps looking by itself.</p>
        <div class="buttons">
          <button @click=${() => void this.take()}>Look now</button>
          <button @click=${() => (location.hash = "#/")}>All jobs</button>
        </div>
      </div>`;
    }
    if (!task) return nothing;
    return keyed(
      task.frame_url,
      html`<iframe
        title="Task: ${task.title || task.job_name}"
        sandbox="allow-scripts"
        src=${task.frame_url}
        referrerpolicy="no-referrer"
        allow="autoplay"
      ></iframe>`,
    );
  }
}

const isLapsed = (error: unknown): boolean => error instanceof Refused && error.status === 401;
const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));
