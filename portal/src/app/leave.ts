import { html } from "lit";

export type Leaving = "release" | "decline";

/** The two dialogs that ask before a task is given back; `#release` and `#decline`. */
export function leaveDialogs(leave: (how: Leaving, reason: string) => void) {
  const close = (how: Leaving) => (event: SubmitEvent) => {
    const button = event.submitter as HTMLButtonElement | null;
    const reason = new FormData(event.target as HTMLFormElement).get("reason");
    if (button?.value === "yes") leave(how, String(reason ?? "").trim());
  };
  return html`
    <dialog id="release" aria-labelledby="release-title">
      <form method="dialog" @submit=${close("release")}>
        <h2 id="release-title">Give this task back?</h2>
        <p>It returns to the pool, for you or somebody else. Should it come to you again, your draft is still there.</p>
        <div class="buttons">
          <button value="no" autofocus>Keep working</button><button class="primary" value="yes">Release</button>
        </div>
      </form>
    </dialog>
    <dialog id="decline" aria-labelledby="decline-title">
      <form method="dialog" @submit=${close("decline")}>
        <h2 id="decline-title">Decline this task?</h2>
        <p>It goes to somebody else and does not come to you again.</p>
        <label>Why? (if you like) <textarea name="reason" rows="2" maxlength="500"></textarea></label>
        <div class="buttons">
          <button value="no" autofocus>Keep working</button><button class="primary" value="yes">Decline</button>
        </div>
      </form>
    </dialog>
  `;
}
