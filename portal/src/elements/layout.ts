/** Elements that only lay out a page: alerts, badges, cards, modals and tabs. */
import { css, html, LitElement, nothing } from "lit";
import { controlStyles } from "./base.ts";

/** `<crowd-alert type="info|success|warning|error" dismissible>`. */
export class CrowdAlert extends LitElement {
  static override properties = { type: { reflect: true }, dismissible: { type: Boolean } };
  declare type: string | null;
  declare dismissible: boolean;
  static override styles = [
    controlStyles,
    css`
      :host {
        display: flex;
        gap: 12px;
        margin: 0 0 12px;
        padding: 10px 14px;
        border-radius: var(--a-radius);
        background: var(--a-accent-soft);
      }
      :host([type="success"]) {
        background: var(--a-ok-soft);
        color: var(--a-ok);
      }
      :host([type="warning"]) {
        background: var(--a-warn-soft);
        color: var(--a-warn);
      }
      :host([type="error"]) {
        background: var(--a-danger-soft);
        color: var(--a-danger);
      }
      div {
        flex: 1;
      }
      button {
        border: 0;
        background: none;
      }
    `,
  ];

  override render() {
    return html`<div role=${this.type === "error" ? "alert" : "status"}><slot></slot></div>
      ${
        this.dismissible
          ? html`<button
              type="button"
              aria-label="Dismiss"
              @click=${() => {
                this.hidden = true;
              }}
            >
              ×
            </button>`
          : nothing
      }`;
  }
}

/** `<crowd-badge label="3">` beside what it counts. */
export class CrowdBadge extends LitElement {
  static override properties = { label: {} };
  declare label: string | null;
  static override styles = [
    controlStyles,
    css`
      :host {
        display: inline-block;
        padding: 1px 8px;
        border-radius: 10px;
        background: var(--a-accent);
        color: var(--a-on-accent);
        font-size: 0.8rem;
        font-weight: 600;
      }
    `,
  ];

  override render() {
    return html`${this.label ?? ""}<slot></slot>`;
  }
}

/** `<crowd-card heading image>`. */
export class CrowdCard extends LitElement {
  static override properties = { heading: {}, image: {} };
  declare heading: string | null;
  declare image: string | null;
  static override styles = [
    controlStyles,
    css`
      :host {
        display: block;
        margin: 0 0 12px;
        overflow: hidden;
        border: 1px solid var(--a-line);
        border-radius: 8px;
        background: var(--a-surface);
      }
      img {
        display: block;
        max-width: 100%;
      }
      h2 {
        margin: 12px 16px 0;
        font-size: 1.05rem;
      }
      div {
        padding: 12px 16px;
      }
    `,
  ];

  override render() {
    return html`${this.image ? html`<img src=${this.image} alt="" />` : nothing}
      ${this.heading ? html`<h2>${this.heading}</h2>` : nothing}
      <div><slot></slot></div>`;
  }
}

/** `<crowd-modal open link-text>`: a dialog that is open at first, or opens by its link. */
export class CrowdModal extends LitElement {
  static override properties = { open: { type: Boolean }, linkText: { attribute: "link-text" } };
  declare open: boolean;
  declare linkText: string | null;
  static override styles = [
    controlStyles,
    css`
      dialog {
        max-width: min(760px, 90vw);
        border: 1px solid var(--a-line);
        border-radius: 8px;
        background: var(--a-surface);
        color: var(--a-text);
      }
      .link {
        padding: 0;
        border: 0;
        background: none;
        color: var(--a-accent);
        text-decoration: underline;
      }
      .close {
        display: flex;
        justify-content: flex-end;
        margin-top: 12px;
      }
    `,
  ];

  override render() {
    return html`${
        this.linkText
          ? html`<button class="link" type="button" @click=${() => this.dialog?.showModal()}>${this.linkText}</button>`
          : nothing
      }
      <dialog aria-label=${this.linkText ?? "Message"}>
        <slot></slot>
        <div class="close"><button type="button" @click=${() => this.dialog?.close()}>Close</button></div>
      </dialog>`;
  }

  override updated(): void {
    if (this.open && !this.dialog?.open) this.dialog?.showModal();
    this.open = false;
  }

  private get dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector("dialog");
  }
}

/** `<crowd-tabs>` around `<crowd-tab header>`: one tab is seen at a time; all of them answer. */
export class CrowdTabs extends LitElement {
  static override properties = { chosen: { state: true } };
  declare private chosen: number;
  static override styles = [
    controlStyles,
    css`
      :host {
        display: block;
        margin: 0 0 12px;
      }
      [role="tablist"] {
        display: flex;
        gap: 4px;
        border-bottom: 1px solid var(--a-line);
      }
      button {
        padding: 7px 14px;
        border: 0;
        border-bottom: 3px solid transparent;
        background: none;
      }
      button[aria-selected="true"] {
        border-bottom-color: var(--a-accent);
        font-weight: 600;
      }
      .panel {
        padding: 12px 2px;
      }
    `,
  ];

  constructor() {
    super();
    this.chosen = 0;
  }

  private get tabs(): HTMLElement[] {
    return [...this.querySelectorAll<HTMLElement>(":scope > crowd-tab")];
  }

  override render() {
    return html`<div role="tablist" @keydown=${this.onKey}>
        ${this.tabs.map(
          (tab, index) =>
            html`<button
              type="button"
              role="tab"
              aria-selected=${index === this.chosen}
              tabindex=${index === this.chosen ? 0 : -1}
              @click=${() => {
                this.chosen = index;
              }}
            >
              ${tab.getAttribute("header") ?? `Tab ${index + 1}`}
            </button>`,
        )}
      </div>
      <div class="panel"><slot @slotchange=${() => this.requestUpdate()}></slot></div>`;
  }

  override updated(): void {
    this.tabs.forEach((tab, index) => {
      tab.hidden = index !== this.chosen;
    });
  }

  private onKey(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const n = this.tabs.length;
    if (!step || n === 0) return;
    this.chosen = (this.chosen + step + n) % n;
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>('[aria-selected="true"]')?.focus());
  }
}

/** `<crowd-tab header>`. */
export class CrowdTab extends HTMLElement {
  connectedCallback(): void {
    this.setAttribute("role", "tabpanel");
    this.style.display = "";
  }
}
