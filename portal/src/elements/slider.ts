/** `<crowd-slider>`: a number between two others, shown beside the bar. */
import { css, html, LitElement } from "lit";
import type { AnswerControl } from "./answer.ts";
import { changed, controlStyles } from "./base.ts";

export class CrowdSlider extends LitElement implements AnswerControl {
  static override properties = {
    name: {},
    min: { type: Number },
    max: { type: Number },
    step: { type: Number },
    value: { type: Number },
    disabled: { type: Boolean, reflect: true },
    required: { type: Boolean },
    isTouched: { state: true },
    problem: { state: true },
  };
  declare name: string | null;
  declare min: number;
  declare max: number;
  declare step: number;
  declare value: number;
  declare disabled: boolean;
  declare required: boolean;
  declare private isTouched: boolean;
  declare private problem: string;
  private initial = 0;

  static override styles = [
    controlStyles,
    css`
      :host {
        display: block;
        max-width: 480px;
        margin: 4px 0 10px;
      }
      .line {
        display: flex;
        gap: 12px;
        align-items: center;
      }
      input {
        flex: 1;
      }
      output {
        min-width: 3ch;
        text-align: right;
        font-variant-numeric: tabular-nums;
      }
      .ends {
        display: flex;
        justify-content: space-between;
        margin-right: calc(3ch + 12px);
        color: var(--a-muted);
        font-size: 0.85em;
      }
    `,
  ];

  constructor() {
    super();
    this.min = 0;
    this.max = 100;
    this.step = 1;
    this.value = 0;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.initial = this.value;
  }

  override render() {
    return html`<div class="line">
        <input
          type="range"
          aria-label=${this.getAttribute("label") ?? this.name ?? "Value"}
          min=${this.min}
          max=${this.max}
          step=${this.step}
          .value=${String(this.value)}
          ?disabled=${this.disabled}
          @input=${this.onInput}
        /><output>${this.value}</output>
      </div>
      <div class="ends"><span>${this.min}</span><span>${this.max}</span></div>
      ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : ""}`;
  }

  private onInput(event: Event): void {
    this.value = Number((event.target as HTMLInputElement).value);
    this.isTouched = true;
    this.problem = "";
    changed(this);
  }

  answerPart(): Record<string, unknown> {
    return this.name ? { [this.name]: this.value } : {};
  }

  answerProblems(): string[] {
    return this.required && !this.isTouched ? [`${this.name ?? "The slider"}: please set a value.`] : [];
  }

  showProblem(): void {
    this.problem = this.answerProblems()[0] ?? "";
    this.renderRoot.querySelector("input")?.focus();
  }

  draftState(): unknown {
    return { value: this.value, isTouched: this.isTouched };
  }

  restoreDraft(state: unknown): void {
    const draft = state as { value?: unknown; isTouched?: unknown } | null;
    if (typeof draft?.value === "number") this.value = draft.value;
    this.isTouched = draft?.isTouched === true;
  }

  resetAnswer(): void {
    this.value = this.initial;
    this.isTouched = false;
  }
}
