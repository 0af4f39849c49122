import { css, html, LitElement, nothing } from "lit";
import { type Api, type Job, Refused, type Worker } from "./api.ts";
import { shared } from "./styles.ts";
import { plural, taskTypeName } from "./words.ts";

const REFRESH_MS = 20_000;

/** The jobs of the worker's teams with their progress; choosing one opens `#/work/<job>`. */
export class JobList extends LitElement {
  static override properties = {
    api: { attribute: false },
    worker: { attribute: false },
    jobs: { state: true },
    problem: { state: true },
  };
  declare api: Api;
  declare worker: Worker;
  declare private jobs: Job[] | null;
  declare private problem: string;
  private timer = 0;

  static override styles = [
    shared,
    css`
      :host {
        display: block;
        max-width: 980px;
        margin: 0 auto;
        padding: 28px 24px 60px;
      }
      .head {
        display: flex;
        gap: 16px;
        align-items: end;
        justify-content: space-between;
        margin-bottom: 18px;
      }
      .head p {
        margin: 2px 0 0;
      }
      ul {
        display: grid;
        gap: 10px;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li {
        display: grid;
        grid-template-columns: minmax(0, 1fr) 200px 118px;
        gap: 8px 22px;
        align-items: center;
        padding: 16px 18px;
        border: 1px solid var(--a-line);
        border-radius: 10px;
        background: var(--a-surface);
      }
      @media (max-width: 680px) {
        li {
          grid-template-columns: 1fr;
        }
      }
      h2 {
        margin: 0;
        font-size: 1.04rem;
        overflow-wrap: anywhere;
      }
      li p {
        margin: 2px 0 0;
      }
      .type {
        font-size: 0.87rem;
      }
      .progress {
        display: grid;
        gap: 5px;
        font-size: 0.88rem;
      }
      progress {
        width: 100%;
      }
      .empty {
        padding: 34px 24px;
        border: 1px dashed var(--a-line-strong);
        border-radius: 10px;
        text-align: center;
      }
      .empty p {
        margin: 4px 0 0;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.load();
    this.timer = window.setInterval(() => document.visibilityState === "visible" && void this.load(), REFRESH_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  private async load(): Promise<void> {
    try {
      this.jobs = await this.api.jobs();
      this.problem = "";
    } catch (error) {
      if (error instanceof Refused && error.status === 401) return;
      this.problem = "The labeling service does not answer. This list is tried again by itself.";
    }
  }

  override render() {
    const waiting = (this.jobs ?? []).reduce((sum, job) => sum + job.available, 0);
    return html`
      <div class="head">
        <div>
          <h1>Your tasks</h1>
          <p class="muted">
            ${this.jobs ? (waiting ? `${plural(waiting, "task")} waiting for you` : "Nothing is waiting for you right now") : "Loading …"}
          </p>
        </div>
        ${waiting ? html`<button class="primary" @click=${() => go("")}>Start with the next task</button>` : nothing}
      </div>
      ${this.problem ? html`<p class="notice bad" role="alert">${this.problem}</p>` : nothing}
      ${
        this.jobs?.length === 0
          ? this.renderEmpty()
          : html`<ul>
              ${this.jobs?.map((job) => this.renderJob(job))}
            </ul>`
      }
    `;
  }

  private renderEmpty() {
    const { teams } = this.worker;
    const who = teams.length
      ? `Your ${teams.length === 1 ? "team" : "teams"} (${teams.join(", ")}) `
      : "You are in no team, so you ";
    return html`<div class="empty">
      <h2>No jobs yet</h2>
      <p class="muted">
        ${who}${teams.length === 1 ? "has" : "have"} no labeling jobs. New ones appear here by themselves.
      </p>
    </div>`;
  }

  private renderJob(job: Job) {
    const isOpen = job.available > 0;
    const share = `${job.answered_by_me} of ${job.total}`;
    return html`<li>
      <div>
        <h2>${job.title || job.job_name}</h2>
        ${job.description ? html`<p>${job.description}</p>` : nothing}
        <p class="muted type">${[taskTypeName(job.task_type), ...job.keywords].join(" · ")}</p>
      </div>
      <div class="progress">
        <span>${share} answered by you</span>
        <progress
          max=${Math.max(1, job.total)}
          value=${job.answered_by_me}
          aria-label="${share} answered by you"
        ></progress>
        <span class="muted">${this.stateOf(job)}</span>
      </div>
      <button
        class=${isOpen ? "primary" : ""}
        ?disabled=${!isOpen}
        aria-label="Open ${job.title || job.job_name}"
        @click=${() => go(job.job_name)}
      >
        ${isOpen ? (job.answered_by_me ? "Continue" : "Start") : "No task"}
      </button>
    </li>`;
  }

  private stateOf(job: Job): string {
    if (job.available > 0) return `${plural(job.available, "task")} for you`;
    if (job.status === "Completed") return "Finished";
    if (job.status === "Stopped" || job.status === "Stopping") return "Stopped by its owner";
    if (job.status === "Failed") return "Failed";
    return job.answered_by_me >= job.total && job.total > 0
      ? "You have answered all"
      : "Others are at work on the rest";
  }
}

function go(jobName: string): void {
  location.hash = `#/work/${encodeURIComponent(jobName)}`;
}
