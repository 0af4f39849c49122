/**
 * `<crowd-checkbox>`, `<crowd-toggle-button>`, `<crowd-radio-button>`, `<crowd-radio-group>`: `{name: {value: boolean}}` for
 * each button.
 */
import { css, html, LitElement, nothing } from "lit";
import type { AnswerControl } from "./answer.ts";
import { changed, controlStyles } from "./base.ts";

abstract class Choice extends LitElement implements AnswerControl {
  static override properties = {
    name: {},
    value: {},
    checked: { type: Boolean, reflect: true },
    disabled: { type: Boolean, reflect: true },
    required: { type: Boolean },
    problem: { state: true },
  };
  declare name: string | null;
  declare value: string | null;
  declare checked: boolean;
  declare disabled: boolean;
  declare required: boolean;
  declare protected problem: string;
  private initial = false;

  static override styles = [
    controlStyles,
    css`
      :host {
        display: inline-block;
        margin: 2px 16px 2px 0;
      }
      label {
        display: inline-flex;
        gap: 8px;
        align-items: center;
        cursor: pointer;
      }
      input {
        width: 17px;
        height: 17px;
        margin: 0;
      }
    `,
  ];

  protected abstract kind: "checkbox" | "radio";

  override connectedCallback(): void {
    super.connectedCallback();
    this.initial = this.checked;
  }

  override render() {
    return html`<label
        ><input
          type=${this.kind}
          .checked=${this.checked}
          ?disabled=${this.disabled}
          @change=${this.onTick}
          @keydown=${this.onKey} /><slot></slot></label
      >${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : nothing}`;
  }

  private onTick(event: Event): void {
    this.checked = (event.target as HTMLInputElement).checked;
    this.problem = "";
    if (this.checked) this.exclude();
    changed(this);
  }

  protected onKey(_event: KeyboardEvent): void {}
  protected exclude(): void {}

  tick(): void {
    this.checked = true;
    this.exclude();
    this.renderRoot.querySelector("input")?.focus();
    changed(this);
  }

  answerPart(): Record<string, unknown> {
    return this.name ? { [this.name]: { [this.value ?? "on"]: this.checked } } : {};
  }

  answerProblems(): string[] {
    if (!this.required || this.checked) return [];
    return [`${this.textContent?.trim() || this.name}: this must be ticked.`];
  }

  showProblem(): void {
    this.problem = "Please tick this.";
    this.renderRoot.querySelector("input")?.focus();
  }

  draftState(): unknown {
    return this.checked;
  }

  restoreDraft(state: unknown): void {
    this.checked = state === true;
  }

  resetAnswer(): void {
    this.checked = this.initial;
  }
}

export class CrowdCheckbox extends Choice {
  protected kind = "checkbox" as const;
}

/** A checkbox that looks like a switch. */
export class CrowdToggleButton extends CrowdCheckbox {
  static override styles = [
    ...Choice.styles,
    css`
      input {
        position: relative;
        width: 36px;
        height: 20px;
        border-radius: 10px;
        background: var(--a-line-strong);
        appearance: none;
        transition: background 0.15s;
      }
      input::after {
        content: "";
        position: absolute;
        inset: 2px auto 2px 2px;
        width: 16px;
        border-radius: 8px;
        background: var(--a-surface);
        transition: translate 0.15s;
      }
      input:checked {
        background: var(--a-accent);
      }
      input:checked::after {
        translate: 16px;
      }
    `,
  ];
}

export class CrowdRadioButton extends Choice {
  protected kind = "radio" as const;

  /** Buttons that exclude each other: those of one group, or of one name where there is no group. */
  private mates(): CrowdRadioButton[] {
    const group = this.closest("crowd-radio-group");
    const all = [...(group ?? document).querySelectorAll<CrowdRadioButton>("crowd-radio-button")];
    return group ? all : all.filter((button) => button.name === this.name);
  }

  protected override exclude(): void {
    for (const mate of this.mates()) if (mate !== this) mate.checked = false;
  }

  protected override onKey(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const mates = this.mates().filter((mate) => !mate.disabled);
    event.preventDefault();
    event.stopPropagation();
    mates.at((mates.indexOf(this) + step) % mates.length)?.tick();
  }
}

export class CrowdRadioGroup extends HTMLElement {
  connectedCallback(): void {
    if (!this.hasAttribute("role")) this.setAttribute("role", "radiogroup");
  }
}
