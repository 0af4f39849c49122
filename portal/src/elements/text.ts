/** `<crowd-input>` and `<crowd-text-area>`: text under its name; empty ones are absent from the answer. */
import { css, html, LitElement, nothing } from "lit";
import type { AnswerControl } from "./answer.ts";
import { changed, controlStyles } from "./base.ts";

abstract class TextControl extends LitElement implements AnswerControl {
  static override properties = {
    name: {},
    label: {},
    value: {},
    placeholder: {},
    type: {},
    rows: { type: Number },
    required: { type: Boolean },
    disabled: { type: Boolean, reflect: true },
    minLength: { type: Number, attribute: "min-length" },
    maxLength: { type: Number, attribute: "max-length" },
    charCounter: { type: Boolean, attribute: "char-counter" },
    allowedPattern: { attribute: "allowed-pattern" },
    autoFocus: { type: Boolean, attribute: "auto-focus" },
    errorMessage: { attribute: "error-message" },
    problem: { state: true },
  };
  declare name: string | null;
  declare label: string | null;
  declare value: string | null;
  declare placeholder: string | null;
  declare type: string | null;
  declare rows: number | null;
  declare required: boolean;
  declare disabled: boolean;
  declare minLength: number | null;
  declare maxLength: number | null;
  declare charCounter: boolean;
  declare allowedPattern: string | null;
  declare autoFocus: boolean;
  declare errorMessage: string | null;
  declare protected problem: string;
  private initial = "";

  static override styles = [
    controlStyles,
    css`
      :host {
        display: block;
        margin: 0 0 12px;
      }
      textarea {
        resize: vertical;
      }
      .count {
        float: right;
        color: var(--a-muted);
        font-size: 0.85em;
      }
    `,
  ];

  protected abstract field(): unknown;

  override connectedCallback(): void {
    super.connectedCallback();
    this.initial = this.value ?? "";
  }

  override render() {
    return html`
      ${this.charCounter ? html`<span class="count">${(this.value ?? "").length}${this.maxLength ? ` / ${this.maxLength}` : ""}</span>` : nothing}
      ${this.label ? html`<label class="caption" for="field">${this.label}</label>` : nothing} ${this.field()}
      ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : nothing}
    `;
  }

  override firstUpdated(): void {
    if (this.autoFocus) this.showProblem();
  }

  protected readonly onInput = (event: Event): void => {
    const field = event.target as HTMLInputElement | HTMLTextAreaElement;
    const pattern = this.allowedPattern;
    if (pattern && field.value) {
      const kept = [...field.value].filter((c) => new RegExp(pattern).test(c)).join("");
      if (kept !== field.value) field.value = kept;
    }
    this.value = field.value;
    this.problem = "";
  };

  answerPart(): Record<string, unknown> {
    return this.name && this.value ? { [this.name]: this.value } : {};
  }

  answerProblems(): string[] {
    const text = this.value ?? "";
    const what = this.label || this.name || "A field";
    if (this.required && text.trim() === "") return [this.errorMessage || `${what}: please fill this in.`];
    if (text && this.minLength && text.length < this.minLength) {
      return [this.errorMessage || `${what}: at least ${this.minLength} characters.`];
    }
    return [];
  }

  showProblem(): void {
    this.problem = this.answerProblems()[0] ?? "";
    this.renderRoot.querySelector<HTMLElement>("#field")?.focus();
  }

  draftState(): unknown {
    return this.value ?? "";
  }

  restoreDraft(state: unknown): void {
    if (typeof state === "string") this.value = state;
  }

  resetAnswer(): void {
    this.value = this.initial;
    changed(this);
  }
}

export class CrowdInput extends TextControl {
  protected field() {
    return html`<input
      id="field"
      class="field"
      type=${this.type ?? "text"}
      .value=${this.value ?? ""}
      ?disabled=${this.disabled}
      placeholder=${this.placeholder ?? nothing}
      maxlength=${this.maxLength ?? nothing}
      aria-label=${this.label ? nothing : (this.name ?? nothing)}
      aria-invalid=${this.problem ? "true" : "false"}
      @input=${this.onInput}
    />`;
  }
}

export class CrowdTextArea extends TextControl {
  protected field() {
    return html`<textarea
      id="field"
      class="field"
      rows=${this.rows ?? 3}
      .value=${this.value ?? ""}
      ?disabled=${this.disabled}
      placeholder=${this.placeholder ?? nothing}
      maxlength=${this.maxLength ?? nothing}
      aria-label=${this.label ? nothing : (this.name ?? nothing)}
      aria-invalid=${this.problem ? "true" : "false"}
      @input=${this.onInput}
    ></textarea>`;
  }
}
