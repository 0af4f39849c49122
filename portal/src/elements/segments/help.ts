import { html } from "lit";
import { HOTKEYS } from "./hotkeys.ts";

/** The sheet of keys and gestures. */
export function helpSheet(close: () => void) {
  return html`<dialog id="help" aria-labelledby="help-title">
    <h2 id="help-title">Keys and gestures</h2>
    <p>
      Drag over the sound to mark a segment of the chosen label, or over a label's own lane. Drag a segment's edges to
      change it, its middle to move it; double-click plays it. Segments of one label never overlap.
      <kbd>1</kbd> to <kbd>9</kbd> choose a label; with <kbd>Shift</kbd> they start and stop a segment of it while the
      recording plays. In the text column, <kbd>Ctrl</kbd> <kbd>Enter</kbd> goes on to the next segment and plays it.
    </p>
    <div class="sheet">
      ${HOTKEYS.map(
        (group) =>
          html`<div>
            <h3>${group.title}</h3>
            <dl>
              ${group.keys.map(
                (key) =>
                  html`<dt>${key.shown.split(" ").map((part) => html`<kbd>${part}</kbd> `)}</dt>
                    <dd>${key.does}</dd>`,
              )}
            </dl>
          </div>`,
      )}
    </div>
    <div class="close"><button type="button" @click=${close}>Close</button></div>
  </dialog>`;
}
