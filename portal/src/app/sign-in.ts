import { css, html, LitElement, nothing } from "lit";
import { type Api, Refused, type Worker } from "./api.ts";
import { shared } from "./styles.ts";

/** Name and password. Tells `signed-in` with the worker. */
export class SignIn extends LitElement {
  static override properties = {
    api: { attribute: false },
    message: {},
    name: {},
    problem: { state: true },
    busy: { state: true },
  };
  declare api: Api;
  declare message: string;
  /** Set where somebody signs in again: only the same person may go on with the work below. */
  declare name: string;
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
      button {
        min-height: 40px;
      }
    `,
  ];

  override firstUpdated(): void {
    this.renderRoot.querySelector<HTMLInputElement>(this.name ? "#password" : "#username")?.focus();
  }

  override render() {
    return html`<form @submit=${this.submit}>
      <div class="brand">
        <img src="/portal/icon.svg" width="36" height="36" alt="" />
        <h1>Annolake</h1>
      </div>
      <p class="muted">${this.message || "Sign in to label audio and video."}</p>
      <label
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
      <button class="primary" ?disabled=${this.busy}>${this.busy ? "Signing in …" : "Sign in"}</button>
    </form>`;
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
