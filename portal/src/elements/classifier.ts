/**
 * `<crowd-classifier>` and its kin: one or several of the categories for what stands in the target; digits 1 to 9 choose.
 * The image ones show the picture at `src` themselves and may take a comment.
 */
import { css, html, nothing, svg } from "lit";
import { isRecord } from "../shared/protocol.ts";
import { changed, readList } from "./base.ts";
import { trackColor } from "./colors.ts";
import { readShapes, type Shape, type Size } from "./drawing/shapes.ts";
import { hasRegion } from "./regions.ts";
import { nothingToChoose, TaskElement } from "./task.ts";

abstract class Classifier extends TaskElement {
  static override properties = { ...TaskElement.properties, categories: {}, chosen: { state: true } };
  declare categories: string | null;
  declare protected chosen: readonly string[];
  protected override regions: readonly string[] = ["classification-target"];

  protected abstract kind: "radio" | "checkbox";
  protected abstract choose(label: string): void;

  constructor() {
    super();
    this.chosen = [];
  }

  protected get options(): string[] {
    return readList(this.categories);
  }

  protected target() {
    return html`<slot name="classification-target"></slot><slot></slot>`;
  }

  protected side() {
    const role = this.kind === "radio" ? "radiogroup" : "group";
    return html`<div class="options" role=${role} aria-labelledby=${this.header ? "header" : "caption"}>
        ${this.options.map((label, index) => this.option(label, index))}
      </div>
      ${this.options.length === 0 ? nothingToChoose("categories") : nothing}`;
  }

  protected option(label: string, index: number) {
    return html`<label class="option">
      <input
        type=${this.kind}
        name="option"
        .checked=${this.chosen.includes(label)}
        @change=${() => this.choose(label)}
      />
      <span>${label}</span>${index < 9 ? html`<kbd>${index + 1}</kbd>` : nothing}
    </label>`;
  }

  protected pick(index: number): void {
    const label = this.options[index];
    if (label !== undefined) this.choose(label);
  }

  protected keep(chosen: readonly string[]): void {
    this.chosen = chosen;
    this.problem = "";
    changed(this);
  }

  draftState(): unknown {
    return this.chosen;
  }

  restoreDraft(state: unknown): void {
    if (Array.isArray(state)) this.chosen = this.options.filter((label) => state.includes(label));
  }

  resetAnswer(): void {
    this.chosen = [];
  }
}

export class CrowdClassifier extends Classifier {
  protected kind = "radio" as const;
  protected caption = "Choose one";

  protected choose(label: string): void {
    this.keep([label]);
  }

  answerPart(): Record<string, unknown> {
    return this.name && this.chosen[0] !== undefined ? { [this.name]: { label: this.chosen[0] } } : {};
  }

  answerProblems(): string[] {
    return this.chosen.length ? [] : ["Choose a category first."];
  }
}

export class CrowdClassifierMultiSelect extends Classifier {
  static override properties = { ...Classifier.properties, exclusion: { attribute: "exclusion-category" } };
  declare exclusion: string | null;
  protected kind = "checkbox" as const;
  protected caption = "Choose all that apply";

  /** `exclusion-category="{ text: 'None of the above' }"`, as templates write it, or plain text. */
  private get none(): string | null {
    if (!this.exclusion) return null;
    return /text\s*:\s*['"](.+?)['"]\s*\}/.exec(this.exclusion)?.[1] ?? this.exclusion;
  }

  protected override get options(): string[] {
    const none = this.none;
    return none === null ? super.options : [...super.options.filter((label) => label !== none), none];
  }

  protected choose(label: string): void {
    const others = this.chosen.filter((other) => other !== label && other !== this.none);
    if (this.chosen.includes(label)) this.keep(this.chosen.filter((other) => other !== label));
    else this.keep(label === this.none ? [label] : [...others, label]);
  }

  answerPart(): Record<string, unknown> {
    const labels = this.options.filter((label) => this.chosen.includes(label) && label !== this.none);
    return this.name ? { [this.name]: { labels } } : {};
  }

  answerProblems(): string[] {
    return this.chosen.length ? [] : ["Choose at least one category first."];
  }
}

const picture = css`
  .pictures {
    position: relative;
    width: fit-content;
    margin: 0 auto;
  }
  .over {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    pointer-events: none;
  }
  img.over {
    mix-blend-mode: multiply; /* white, which is background, leaves the picture as it is */
  }
  .over rect {
    fill: none;
    stroke-width: 3px;
    vector-effect: non-scaling-stroke;
  }
  .picture {
    display: block;
    max-width: 100%;
    max-height: 640px;
    margin: 0 auto;
    border-radius: 4px;
  }
`;

export class CrowdImageClassifier extends CrowdClassifier {
  static override properties = {
    ...CrowdClassifier.properties,
    src: {},
    overlay: {},
    comment: { state: true },
    size: { state: true },
  };
  declare src: string | null;
  /** An earlier label to be looked at: `{"boundingBox": {"labels", "value"}}` or `{"semanticSegmentation": {"src"}}`. */
  declare overlay: string | null;
  declare private comment: string;
  declare private size: Size | null;
  static override styles = [...TaskElement.styles, picture];
  protected override regions = ["classification-target", "worker-comment"];

  protected override target() {
    const onLoad = (event: Event) => {
      const image = event.target as HTMLImageElement;
      this.size = { width: image.naturalWidth, height: image.naturalHeight };
    };
    return html`<div class="pictures">
        <img class="picture" src=${this.src ?? nothing} alt="What to classify" @load=${onLoad} />${this.earlier()}
      </div>
      ${super.target()}`;
  }

  private earlier() {
    const { mask, boxes, labels } = readOverlay(this.overlay);
    if (!this.size) return nothing;
    if (mask) return html`<img class="over" src=${mask} alt="The earlier mask" />`;
    if (!boxes.length) return nothing;
    const { width, height } = this.size;
    return html`<svg
      class="over"
      viewBox="0 0 ${width} ${height}"
      role="img"
      aria-label="${boxes.length} earlier boxes"
    >
      ${boxes.map(({ label, points: [a, b] }) => {
        const colour = `stroke: ${trackColor(Math.max(labels.indexOf(label), 0))}`;
        return svg`<rect style=${colour} x=${a!.x} y=${a!.y} width=${b!.x - a!.x} height=${b!.y - a!.y}><title>${label}</title></rect>`;
      })}
    </svg>`;
  }

  protected override side() {
    return html`${super.side()}${
      hasRegion(this, "worker-comment")
        ? html`<div class="instructions">
            <slot name="worker-comment"></slot>
            <textarea
              class="field"
              rows="2"
              aria-label="Comment"
              .value=${this.comment ?? ""}
              @input=${(event: Event) => {
                this.comment = (event.target as HTMLTextAreaElement).value;
              }}
            ></textarea>
          </div>`
        : nothing
    }`;
  }

  override answerPart(): Record<string, unknown> {
    const part = super.answerPart();
    const comment = this.comment?.trim();
    const value = this.name ? part[this.name] : undefined;
    return comment && this.name && value ? { [this.name]: { ...value, workerComment: comment } } : part;
  }

  override draftState(): unknown {
    return { chosen: this.chosen, comment: this.comment ?? "" };
  }

  override restoreDraft(state: unknown): void {
    const draft = state as { chosen?: unknown; comment?: unknown } | null;
    super.restoreDraft(draft?.chosen);
    if (typeof draft?.comment === "string") this.comment = draft.comment;
  }
}

export class CrowdImageClassifierMultiSelect extends CrowdClassifierMultiSelect {
  static override properties = { ...CrowdClassifierMultiSelect.properties, src: {} };
  declare src: string | null;
  static override styles = [...TaskElement.styles, picture];

  protected override target() {
    return html`<img class="picture" src=${this.src ?? nothing} alt="What to classify" />${super.target()}`;
  }
}

/** What an `overlay` attribute shows; nothing where it is none. */
function readOverlay(text: string | null): { mask: string | null; boxes: readonly Shape[]; labels: readonly string[] } {
  const nothingThere = { mask: null, boxes: [], labels: [] };
  try {
    const value: unknown = JSON.parse(text ?? "null");
    if (!isRecord(value)) return nothingThere;
    const { semanticSegmentation: mask, boundingBox: drawn } = value;
    if (isRecord(mask) && typeof mask.src === "string") return { ...nothingThere, mask: mask.src };
    if (!isRecord(drawn)) return nothingThere;
    const labels = Array.isArray(drawn.labels) ? drawn.labels.map(String) : [];
    return { mask: null, boxes: readShapes("box", JSON.stringify(drawn.value)), labels };
  } catch {
    return nothingThere;
  }
}
