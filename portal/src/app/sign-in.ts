import { css, html, LitElement, nothing } from "lit";
import { type Api, Refused, type WaysIn, type Worker } from "./api.ts";
import { shared } from "./styles.ts";

const REFUSALS: Record<string, string> = {
  denied: "Your organisation's sign-in page did not let you in.",
  state: "This sign-in took too long, or was begun in another browser. Please sign in again.",
  token: "Your organisation's sign-in could not be trusted. Tell whoever runs the labeling service.",
  no_groups: "Your account is in no group of annotators. Ask whoever runs your organisation's accounts.",
  no_provider: "Nobody can sign in through an organisation here.",
  too_many_attempts: "Too many attempts. Wait five minutes and try again.",
};

/** Why somebody came back from their provider without being signed in. */
export function refusal(code: string): string {
  return REFUSALS[code] ?? "Your organisation's sign-in does not answer as it should. Please try again later.";
}

/** The ways in: an organisation's account, a name and password, or both. Tells `signed-in` with the worker. */
export class SignIn extends LitElement {
  static override properties = {
    api: { attribute: false },
    message: {},
    name: {},
    isProviders: { attribute: false },
    refused: { attribute: false },
    ways: { state: true },
    problem: { state: true },
    busy: { state: true },
  };
  declare api: Api;
  declare message: string;
  /** Set where somebody signs in again: only the same person may go on with the work below. */
  declare name: string;
  /** Set where the one who signs in again came through the provider. */
  declare isProviders: boolean;
  /** Why the way through the provider failed. */
  declare refused: string;
  declare private ways: WaysIn | null;
  declare private problem: string;
  declare private busy: boolean;

  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        place-items: center;
        min-height: 100%;
        padding: 24px;
      }
      form {
        display: grid;
        gap: 14px;
        width: min(360px, 100%);
        padding: 28px;
        border: 1px solid var(--a-line);
        border-radius: 12px;
        background: var(--a-surface);
      }
      .brand {
        display: flex;
        gap: 12px;
        align-items: center;
      }
      p {
        margin: 0;
      }
      label {
        display: grid;
        gap: 4px;
        font-weight: 600;
      }
      input {
        padding: 8px 10px;
        border: 1px solid var(--a-line-strong);
        border-radius: var(--a-radius);
        background: var(--a-page);
        font-weight: 400;
      }
      button,
      .provider {
        min-height: 40px;
      }
      .provider {
        display: grid;
        place-content: center;
        padding: 4px 14px;
        border-radius: var(--a-radius);
        background: var(--a-accent);
        color: var(--a-on-accent);
        font-weight: 600;
        text-align: center;
        text-decoration: none;
      }
      .provider:hover {
        background: var(--a-accent-strong);
      }
      .or {
        display: flex;
        gap: 10px;
        align-items: center;
      }
      .or::before,
      .or::after {
        flex: 1;
        border-top: 1px solid var(--a-line);
        content: "";
      }
    `,
  ];

  override async firstUpdated(): Promise<void> {
    // Where this cannot be asked, the form below says that the service does not answer.
    this.ways = await this.api.waysIn().catch(() => ({ local_accounts: true, provider: null }));
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(this.name ? "#password, .provider" : ".provider, #username")?.focus();
  }

  override render() {
    const { ways } = this;
    const provider = ways?.provider && (!this.name || this.isProviders) ? ways.provider : null;
    const isLocal = ways?.local_accounts && !(this.name && this.isProviders);
    return html`<form @submit=${this.submit} aria-busy=${!ways}>
      <div class="brand">
        <img src="/portal/icon.svg" width="36" height="36" alt="" />
        <h1>Annolake</h1>
      </div>
      <p class="muted">${this.message || "Sign in to label audio and video."}</p>
      ${this.refused ? html`<p class="notice bad" role="alert">${this.refused}</p>` : nothing}
      ${provider ? this.renderProvider(provider) : nothing}
      ${provider && isLocal ? html`<p class="or muted">or with a name and password</p>` : nothing}
      ${isLocal ? this.renderLocal(!provider) : nothing}
      ${ways && !provider && !isLocal ? html`<p class="notice bad" role="alert">${refusal("no_provider")}</p>` : nothing}
    </form>`;
  }

  private renderProvider(provider: NonNullable<WaysIn["provider"]>) {
    const label = `Sign in with ${provider.name}`;
    return this.name
      ? html`<a class="provider" href="${provider.sign_in_url}?page=again" target="_blank" rel="noopener"
          >${label} in a new tab</a
        >`
      : html`<a class="provider" href=${provider.sign_in_url}>${label}</a>`;
  }

  private renderLocal(isOnly: boolean) {
    return html`<label
        >User name
        <input
          id="username"
          name="username"
          autocomplete="username"
          autocapitalize="none"
          spellcheck="false"
          required
          .value=${this.name ?? ""}
          ?readonly=${!!this.name}
        />
      </label>
      <label
        >Password
        <input id="password" name="password" type="password" autocomplete="current-password" required />
      </label>
      ${this.problem ? html`<p class="notice bad" role="alert">${this.problem}</p>` : nothing}
      <button class=${isOnly ? "primary" : ""} ?disabled=${this.busy}>
        ${this.busy ? "Signing in …" : "Sign in"}
      </button>`;
  }

  private async submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    this.busy = true;
    this.problem = "";
    try {
      const worker = await this.api.signIn(String(data.get("username")).trim(), String(data.get("password")));
      this.dispatchEvent(new CustomEvent<Worker>("signed-in", { detail: worker, bubbles: true, composed: true }));
    } catch (error) {
      this.problem = this.explain(error);
      const field = this.renderRoot.querySelector<HTMLInputElement>("#password");
      field?.focus();
      field?.select();
    } finally {
      this.busy = false;
    }
  }

  private explain(error: unknown): string {
    if (!(error instanceof Refused))
      return "The labeling service does not answer. Check your connection and try again.";
    if (error.status === 401) return "User name or password is wrong.";
    if (error.status === 429) return "Too many attempts. Wait a minute and try again.";
    return error.message;
  }
}
