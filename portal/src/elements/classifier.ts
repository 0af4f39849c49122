/** `<crowd-classifier>`: one of several categories for what stands in its target; digits 1 to 9 choose. */
import { css, html, LitElement, nothing } from "lit";
import type { AnswerControl } from "./answer.ts";
import { changed, controlStyles, isTyping, readList } from "./base.ts";
import { hasRegion, slotRegions } from "./regions.ts";

const REGIONS = ["classification-target", "short-instructions", "full-instructions"];

export class CrowdClassifier extends LitElement implements AnswerControl {
  static override properties = {
    name: {},
    header: {},
    categories: {},
    chosen: { state: true },
    problem: { state: true },
    isOpen: { state: true },
  };
  declare name: string | null;
  declare header: string | null;
  declare categories: string | null;
  declare private chosen: string | null;
  declare private problem: string;
  declare private isOpen: boolean;
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

  override connectedCallback(): void {
    super.connectedCallback();
    this.unslot = slotRegions(this, REGIONS, () => this.requestUpdate());
    document.addEventListener("keydown", this.onKey);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.unslot?.();
    document.removeEventListener("keydown", this.onKey);
  }

  override render() {
    const options = readList(this.categories);
    return html`<div class="layout">
      <div class="target">
        ${this.header ? html`<h1 id="header">${this.header}</h1>` : nothing}
        <slot name="classification-target"></slot><slot></slot>
      </div>
      <div class="side">
        <h2 id="caption">Choose one</h2>
        <div class="options" role="radiogroup" aria-labelledby=${this.header ? "header" : "caption"}>
          ${options.map((label, index) => this.option(label, index))}
        </div>
        ${options.length === 0 ? html`<p class="problem">This task has no categories; decline it and tell its owner.</p>` : nothing}
        ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : nothing}
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

  private option(label: string, index: number) {
    return html`<label class="option">
      <input type="radio" name="option" .checked=${this.chosen === label} @change=${() => this.choose(label)} />
      <span>${label}</span>${index < 9 ? html`<kbd>${index + 1}</kbd>` : nothing}
    </label>`;
  }

  private get dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector("dialog");
  }

  private choose(label: string): void {
    this.chosen = label;
    this.problem = "";
    changed(this);
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    const label = /^[1-9]$/.test(event.key) ? readList(this.categories)[Number(event.key) - 1] : undefined;
    if (label === undefined) return;
    event.preventDefault();
    this.choose(label);
  };

  answerPart(): Record<string, unknown> {
    return this.name && this.chosen !== null && this.chosen !== undefined
      ? { [this.name]: { label: this.chosen } }
      : {};
  }

  answerProblems(): string[] {
    return this.chosen ? [] : ["Choose a category first."];
  }

  showProblem(): void {
    this.problem = "Choose a category first.";
    this.renderRoot.querySelector("input")?.focus();
  }

  draftState(): unknown {
    return this.chosen ?? null;
  }

  restoreDraft(state: unknown): void {
    if (typeof state === "string" && readList(this.categories).includes(state)) this.chosen = state;
  }

  resetAnswer(): void {
    this.chosen = null;
  }
}
