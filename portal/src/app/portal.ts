import { css, html, LitElement, nothing } from "lit";
import { keyed } from "lit/directives/keyed.js";
import { Api, type Worker } from "./api.ts";
import { refusal } from "./sign-in.ts";
import { shared } from "./styles.ts";

const SIGNED_IN = "#/signed-in";
const REFUSED = "#/refused/";

type State = "starting" | "signed-out" | "signed-in" | "unreachable";

/** The whole application: who is signed in, and which page is open (`#/` or `#/work/<job>`). */
export class Portal extends LitElement {
  static override properties = {
    state: { state: true },
    worker: { state: true },
    hash: { state: true },
    isLapsed: { state: true },
    stranger: { state: true },
  };
  declare private state: State;
  declare private worker: Worker | null;
  declare private hash: string;
  /** The session ended while somebody was at work: they sign in over the open page. */
  declare private isLapsed: boolean;
  /** Who signed in instead, where the open page is another's work. */
  declare private stranger: string;
  private readonly api = new Api();
  /** All tabs of this portal in this browser. */
  private readonly tabs = new BroadcastChannel("annolake");

  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        grid-template-rows: auto minmax(0, 1fr);
        height: 100%;
      }
      header {
        display: flex;
        gap: 14px;
        align-items: center;
        padding: 9px 20px;
        border-bottom: 1px solid var(--a-line);
        background: var(--a-surface);
      }
      header strong {
        flex: 1;
      }
      main {
        min-height: 0;
        overflow: auto;
      }
      main.fixed {
        overflow: hidden;
      }
      .center {
        display: grid;
        place-content: center;
        gap: 14px;
        height: 100%;
        justify-items: center;
      }
      dialog {
        padding: 0;
        border: 0;
        border-radius: 12px;
        background: none;
      }
      dialog::backdrop {
        background: rgb(0 0 0 / 0.5);
      }
    `,
  ];

  constructor() {
    super();
    this.state = "starting";
    this.worker = null;
    this.hash = location.hash;
    this.isLapsed = false;
    this.api.onSignedOut = () => {
      this.isLapsed = this.worker !== null;
    };
  }

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener("hashchange", this.onHash);
    this.tabs.onmessage = this.onElsewhere;
    void this.begin();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener("hashchange", this.onHash);
  }

  /** The tab in which somebody signed in through their provider has come back. */
  private readonly onElsewhere = async (): Promise<void> => {
    if (!this.isLapsed) return;
    const worker = await this.api.session().catch(() => null);
    if (!worker) return;
    if (worker.subject === this.worker?.subject) this.enter(worker);
    else this.stranger = worker.name;
  };

  private readonly onHash = (): void => {
    this.hash = location.hash;
  };

  private async begin(): Promise<void> {
    this.state = "starting";
    try {
      this.worker = await this.api.session();
      this.state = this.worker ? "signed-in" : "signed-out";
      if (this.worker && this.hash === SIGNED_IN) this.tabs.postMessage("signed-in");
      if (this.worker && this.hash.startsWith(REFUSED)) location.hash = "#/";
    } catch {
      this.state = "unreachable";
    }
  }

  private onSignedIn(event: CustomEvent<Worker>): void {
    this.enter(event.detail);
  }

  private enter(worker: Worker): void {
    const isSame = this.worker?.subject === worker.subject;
    this.worker = worker;
    this.state = "signed-in";
    this.isLapsed = false;
    if (this.hash.startsWith(REFUSED)) location.hash = "#/";
    if (isSame) this.renderRoot.querySelector("annolake-work")?.dispatchEvent(new Event("resume"));
  }

  private async signOut(): Promise<void> {
    const next = this.worker?.signOutUrl;
    const isOut = await this.api.signOut().then(
      () => true,
      () => false,
    );
    if (next && isOut) {
      location.assign(next);
      return;
    }
    location.hash = "#/";
    this.worker = null;
    this.state = "signed-out";
  }

  override updated(): void {
    const dialog = this.renderRoot.querySelector("dialog");
    if (dialog && !dialog.open) dialog.showModal();
  }

  override render() {
    const { worker } = this;
    if (this.state === "starting")
      return html`<span></span>
        <main><div class="center muted" role="status">Loading …</div></main>`;
    if (this.state === "unreachable") {
      return html`<span></span>
        <main>
          <div class="center">
            <p class="notice bad" role="alert">The labeling service does not answer.</p>
            <button @click=${() => void this.begin()}>Try again</button>
          </div>
        </main>`;
    }
    if (this.state === "signed-out" || !worker) {
      return html`<span></span>
        <main>
          <annolake-sign-in
            .api=${this.api}
            .refused=${this.hash.startsWith(REFUSED) ? refusal(this.hash.slice(REFUSED.length)) : ""}
            @signed-in=${this.onSignedIn}
          ></annolake-sign-in>
        </main>`;
    }
    if (this.hash === SIGNED_IN) {
      return html`${this.renderHeader(worker)}
        <main>
          <div class="center">
            <p role="status">You are signed in. Go on in the other tab; you can close this one.</p>
            <a href="#/">Or go on here</a>
          </div>
        </main>`;
    }
    const work = /^#\/work\/(.*)$/.exec(this.hash);
    return html`
      ${work ? html`<span></span>` : this.renderHeader(worker)}
      <main class=${work ? "fixed" : ""}>
        ${
          work
            ? keyed(
                this.hash,
                html`<annolake-work
                  .api=${this.api}
                  .worker=${worker}
                  .jobName=${decode(work[1] ?? "") || null}
                ></annolake-work>`,
              )
            : html`<annolake-jobs .api=${this.api} .worker=${worker}></annolake-jobs>`
        }
      </main>
      ${
        this.isLapsed
          ? html`<dialog aria-label="Sign in again" @cancel=${(event: Event) => event.preventDefault()}>
              <annolake-sign-in
                .api=${this.api}
                .name=${worker.name}
                .isProviders=${worker.signOutUrl !== null}
                .refused=${this.stranger ? `You signed in as ${this.stranger}. This page is the work of ${worker.name}: sign in as ${worker.name}, or close it.` : ""}
                @signed-in=${this.onSignedIn}
                message="Your session has ended. Sign in again to go on; your work is still here."
              ></annolake-sign-in>
            </dialog>`
          : nothing
      }
    `;
  }

  private renderHeader(worker: Worker) {
    return html`<header>
      <img src="/portal/icon.svg" width="26" height="26" alt="" />
      <strong>Annolake</strong>
      <span class="muted">${worker.name}</span>
      <button class="quiet" @click=${() => void this.signOut()}>Sign out</button>
    </header>`;
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
