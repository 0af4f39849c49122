/** `<crowd-button>`: a button; with `form-action` it submits or resets its form, with `href` it is a link. */
import { css, html, LitElement, nothing } from "lit";
import { controlStyles } from "./base.ts";
import { CrowdForm } from "./form.ts";

export class CrowdButton extends LitElement {
  static override properties = {
    disabled: { type: Boolean, reflect: true },
    loading: { type: Boolean },
    href: {},
    target: {},
    variant: {},
    formAction: { attribute: "form-action" },
  };
  declare disabled: boolean;
  declare loading: boolean;
  declare href: string | null;
  declare target: string | null;
  declare variant: string | null;
  declare formAction: string | null;

  static override styles = [
    controlStyles,
    css`
      :host {
        display: inline-block;
      }
      button,
      a {
        display: inline-block;
        padding: 8px 16px;
        border: 1px solid var(--a-line-strong);
        border-radius: var(--a-radius);
        background: var(--a-raised);
        color: var(--a-text);
        font-weight: 600;
        text-decoration: none;
      }
      button:hover:not(:disabled) {
        border-color: var(--a-accent);
      }
      .primary {
        border-color: transparent;
        background: var(--a-accent);
        color: var(--a-on-accent);
      }
      .primary:hover:not(:disabled) {
        background: var(--a-accent-strong);
      }
      .link {
        border-color: transparent;
        background: none;
        color: var(--a-accent);
      }
    `,
  ];

  override render() {
    const look = this.variant ?? (this.formAction === "submit" ? "primary" : "normal");
    if (this.href) return html`<a class=${look} href=${this.href} target=${this.target ?? nothing}><slot></slot></a>`;
    return html`<button class=${look} type="button" ?disabled=${this.disabled || this.loading} @click=${this.act}>
      <slot></slot>
    </button>`;
  }

  private act(): void {
    const form = this.closest("crowd-form");
    if (!(form instanceof CrowdForm)) return;
    if (this.formAction === "submit") form.submit();
    if (this.formAction === "reset") form.reset();
  }
}
