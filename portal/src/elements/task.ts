/** What the elements of a whole task share: its target on the left, the question and the instructions on the right. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import type { AnswerControl } from "./answer.ts";
import { controlStyles, isTyping } from "./base.ts";
import { hasRegion, slotRegions } from "./regions.ts";

export abstract class TaskElement extends LitElement implements AnswerControl {
  static override properties = {
    name: {},
    header: {},
    problem: { state: true },
  };
  declare name: string | null;
  declare header: string | null;
  declare protected problem: string;
  private unslot: (() => void) | null = null;

  static override styles = [
    controlStyles,
    css`
      :host {
        display: block;
      }
      .layout {
        display: grid;
        grid-template-columns: minmax(0, 1fr) 300px;
        gap: 16px;
        align-items: start;
      }
      @media (max-width: 760px) {
        .layout {
          grid-template-columns: 1fr;
        }
      }
      .target,
      .side {
        padding: 14px 16px;
        border: 1px solid var(--a-line);
        border-radius: 8px;
        background: var(--a-surface);
      }
      h1 {
        margin: 0 0 12px;
        font-size: 1.15rem;
        line-height: 1.35;
      }
      h2 {
        margin: 0 0 8px;
        color: var(--a-muted);
        font-size: 0.85rem;
        font-weight: 600;
      }
      .options {
        display: grid;
        gap: 6px;
      }
      .option {
        display: flex;
        gap: 10px;
        align-items: center;
        padding: 9px 12px;
        border: 1px solid var(--a-line-strong);
        border-radius: var(--a-radius);
        background: var(--a-raised);
        cursor: pointer;
        overflow-wrap: anywhere;
      }
      .option:hover {
        border-color: var(--a-accent);
      }
      .option:has(input:checked) {
        border-color: var(--a-accent);
        background: var(--a-accent-soft);
        box-shadow: inset 0 0 0 1px var(--a-accent);
        font-weight: 600;
      }
      .option:has(:focus-visible) {
        outline: 2px solid var(--a-focus);
        outline-offset: 2px;
      }
      .option input {
        margin: 0;
        width: 16px;
        height: 16px;
        outline: none;
      }
      .option span {
        flex: 1;
      }
      .colour {
        flex: none;
        width: 12px;
        height: 12px;
        border-radius: 3px;
      }
      .empty {
        display: flex;
        gap: 8px;
        align-items: center;
        margin-top: 12px;
      }
      kbd {
        min-width: 22px;
        padding: 0 5px;
        border: 1px solid var(--a-line-strong);
        border-radius: 4px;
        color: var(--a-muted);
        font: 0.8rem/1.5 var(--a-mono);
        text-align: center;
      }
      .instructions {
        margin-top: 14px;
        color: var(--a-muted);
        font-size: 0.93em;
      }
      .more {
        padding: 0;
        border: 0;
        background: none;
        color: var(--a-accent);
        text-decoration: underline;
      }
      dialog {
        max-width: min(720px, 90vw);
        border: 1px solid var(--a-line);
        border-radius: 8px;
        background: var(--a-surface);
        color: var(--a-text);
      }
      dialog form,
      dialog .close {
        display: flex;
        justify-content: flex-end;
      }
    `,
  ];

  /** Child tags that a template may give beside the instructions. */
  protected regions: readonly string[] = [];
  /** Caption of the right side. */
  protected abstract caption: string;
  protected abstract target(): TemplateResult;
  protected abstract side(): TemplateResult;
  /** A digit was pressed, 0 for the first option. */
  protected abstract pick(index: number): void;

  abstract answerPart(): Record<string, unknown>;
  abstract answerProblems(): string[];
  abstract draftState(): unknown;
  abstract restoreDraft(state: unknown): void;

  override connectedCallback(): void {
    super.connectedCallback();
    const regions = [...this.regions, "short-instructions", "full-instructions"];
    this.unslot = slotRegions(this, regions, () => this.requestUpdate());
    document.addEventListener("keydown", this.onTaskKey);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.unslot?.();
    document.removeEventListener("keydown", this.onTaskKey);
  }

  override render() {
    return html`<div class="layout">
      <div class="target">${this.header ? html`<h1 id="header">${this.header}</h1>` : nothing} ${this.target()}</div>
      <div class="side">
        <h2 id="caption">${this.caption}</h2>
        ${this.side()} ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : nothing}
        <div class="instructions">
          <slot name="short-instructions"></slot>
          ${
            hasRegion(this, "full-instructions")
              ? html`<button class="more" type="button" @click=${() => this.dialog?.showModal()}>
                  Full instructions
                </button>`
              : nothing
          }
        </div>
      </div>
      <dialog aria-label="Full instructions">
        <slot name="full-instructions"></slot>
        <div class="close"><button type="button" @click=${() => this.dialog?.close()}>Close</button></div>
      </dialog>
    </div>`;
  }

  showProblem(): void {
    this.problem = this.answerProblems()[0] ?? "";
    this.renderRoot.querySelector("input")?.focus();
  }

  private get dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector("dialog");
  }

  private readonly onTaskKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event) || !/^[1-9]$/.test(event.key)) return;
    event.preventDefault();
    this.pick(Number(event.key) - 1);
  };
}

/** Text of a task that lists nothing to choose from. */
export const nothingToChoose = (what: string) =>
  html`<p class="problem">This task has no ${what}; decline it and tell its owner.</p>`;
