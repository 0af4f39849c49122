/** `<crowd-instructions>`: a link or button that opens what to do, in a dialog. */
import { css, html, LitElement, nothing } from "lit";
import { controlStyles } from "./base.ts";
import { hasRegion, slotRegions } from "./regions.ts";

const REGIONS = ["short-summary", "detailed-instructions", "positive-example", "negative-example"];

export class CrowdInstructions extends LitElement {
  static override properties = { linkText: { attribute: "link-text" }, linkType: { attribute: "link-type" } };
  declare linkText: string | null;
  declare linkType: string | null;
  private unslot: (() => void) | null = null;

  static override styles = [
    controlStyles,
    css`
      .open {
        padding: 6px 12px;
        border: 1px solid var(--a-line-strong);
        border-radius: var(--a-radius);
        background: var(--a-raised);
      }
      .open.link {
        padding: 0;
        border: 0;
        background: none;
        color: var(--a-accent);
        text-decoration: underline;
      }
      dialog {
        max-width: min(760px, 90vw);
        border: 1px solid var(--a-line);
        border-radius: 8px;
        background: var(--a-surface);
        color: var(--a-text);
      }
      .examples {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(220px, 1fr));
        gap: 12px;
      }
      .close {
        display: flex;
        justify-content: flex-end;
        margin-top: 12px;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    this.unslot = slotRegions(this, REGIONS, () => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.unslot?.();
  }

  override render() {
    const title = (region: string, text: string) => (hasRegion(this, region) ? html`<h3>${text}</h3>` : nothing);
    return html`<button
        class="open ${this.linkType === "button" ? "" : "link"}"
        type="button"
        @click=${() => this.dialog?.showModal()}
      >
        ${this.linkText ?? "Instructions"}
      </button>
      <dialog aria-label="Instructions">
        <slot name="short-summary"></slot>
        <slot name="detailed-instructions"></slot>
        <div class="examples">
          <div>${title("positive-example", "Good example")}<slot name="positive-example"></slot></div>
          <div>${title("negative-example", "Bad example")}<slot name="negative-example"></slot></div>
        </div>
        <div class="close"><button class="open" type="button" @click=${() => this.dialog?.close()}>Close</button></div>
      </dialog>`;
  }

  private get dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector("dialog");
  }
}
