/** The labels to draw or mark with, each in its colour, and the way to say that there is nothing. */
import { html, nothing } from "lit";
import { trackColor } from "./colors.ts";
import { nothingToChoose } from "./task.ts";

export function labelOptions(
  names: readonly string[],
  chosen: number,
  pick: (index: number) => void,
  colour: (index: number) => string = trackColor,
) {
  return html`<div class="options" role="radiogroup" aria-labelledby="caption">
      ${names.map(
        (name, index) =>
          html`<label class="option">
            <input type="radio" name="label" .checked=${chosen === index} @change=${() => pick(index)} />
            <i class="colour" style="background: ${colour(index)}"></i><span>${name}</span>
            ${index < 9 ? html`<kbd>${index + 1}</kbd>` : nothing}
          </label>`,
      )}
    </div>
    ${names.length === 0 ? nothingToChoose("labels") : nothing}`;
}

export function nothingToLabel(isTicked: boolean, tick: (isTicked: boolean) => void) {
  return html`<label class="empty"
    ><input
      type="checkbox"
      .checked=${isTicked}
      @change=${(event: Event) => tick((event.target as HTMLInputElement).checked)}
    />
    Nothing to label</label
  >`;
}
