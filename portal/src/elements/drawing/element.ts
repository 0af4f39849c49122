/**
 * What the elements that draw on an image share.
 *
 * Boxes are dragged, points are clicked (Enter or a click on the first point ends a polygon, a double click a line).
 * Everything is kept in the image's own pixels, however large it is shown.
 */
import { html, nothing, svg, type TemplateResult } from "lit";
import { changed, isTyping, readList } from "../base.ts";
import { trackColor } from "../colors.ts";
import { History } from "../history.ts";
import { labelOptions, nothingToLabel } from "../labels.ts";
import { TaskElement } from "../task.ts";
import {
  boxOf,
  clamp,
  drag,
  handlesOf,
  isLargeEnough,
  type Kind,
  move,
  type Point,
  readShapes,
  type Shape,
  type Size,
  toAnswer,
} from "./shapes.ts";
import { drawingStyles } from "./styles.ts";

const NUDGE: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const ZOOMS = [1, 1.5, 2, 3, 4];
const CLOSE_PX = 10;

interface Held {
  readonly from: Point;
  readonly handle: number | null;
  readonly before: readonly Point[];
}

export abstract class Drawing extends TaskElement {
  static override properties = {
    ...TaskElement.properties,
    src: {},
    labels: {},
    initialValue: { attribute: "initial-value" },
    size: { state: true },
    label: { state: true },
    selected: { state: true },
    draft: { state: true },
    zoom: { state: true },
    isEmpty: { state: true },
    isBroken: { state: true },
  };
  declare src: string | null;
  declare labels: string | null;
  declare initialValue: string | null;
  declare protected size: Size | null;
  declare protected label: number;
  declare protected selected: number | null;
  /** Points of what is being drawn. */
  declare protected draft: readonly Point[];
  declare protected zoom: number;
  /** The annotator says that there is nothing to draw. */
  declare protected isEmpty: boolean;
  declare protected isBroken: boolean;
  protected history = new History<readonly Shape[]>([]);
  private held: Held | null = null;
  static override styles = [...TaskElement.styles, drawingStyles];

  protected abstract kind: Kind;
  protected abstract key: string;
  protected abstract noun: string;
  protected abstract nouns: string;
  protected abstract help: string;
  protected caption = "Choose a label, then draw";
  /** Whether what was drawn can be selected. */
  protected hasSelection = true;

  constructor() {
    super();
    this.size = null;
    this.label = 0;
    this.selected = null;
    this.draft = [];
    this.zoom = 1;
    this.isEmpty = false;
    this.isBroken = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.history = new History<readonly Shape[]>(this.initial);
    document.addEventListener("keydown", this.onDrawKey);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("keydown", this.onDrawKey);
  }

  private get initial(): readonly Shape[] {
    return readShapes(this.kind, this.initialValue);
  }

  protected get names(): string[] {
    return readList(this.labels);
  }

  // What a sequence of pictures keeps otherwise: the shapes that are on the picture, and steps over them.

  protected get shapes(): readonly Shape[] {
    return this.history.present;
  }

  protected get steps(): Pick<History<unknown>, "canUndo" | "canRedo" | "undo" | "redo" | "settle"> {
    return this.history;
  }

  protected commit(shapes: readonly Shape[], topic: string | null): void {
    this.history.commit(shapes, topic);
  }

  protected preview(shapes: readonly Shape[]): void {
    this.history.preview(shapes);
  }

  protected get picture(): string | null {
    return this.src;
  }

  /** Whether a shape, or a new one of this label, may be changed. */
  protected isOpen(_label: string): boolean {
    return true;
  }

  /** A shape was taken hold of. */
  protected taken(_index: number): void {}

  /** How far an arrow key moves the selected shape; null where it does something else. */
  protected nudgeOf(event: KeyboardEvent): readonly [number, number] | null {
    if (event.ctrlKey || event.metaKey || event.altKey || this.isOnOption(event)) return null;
    return NUDGE[event.key] ?? null;
  }

  protected get counted(): string {
    const n = this.shapes.length;
    return `${n} ${n === 1 ? this.noun : this.nouns}`;
  }

  // -- what is shown

  protected target(): TemplateResult {
    return html`${this.bar()} ${this.stage()}
      <p class="help">${this.help}</p>`;
  }

  protected bar(more: unknown = nothing): TemplateResult {
    return html`<div class="bar">
      <button type="button" ?disabled=${!this.steps.canUndo} @click=${() => this.step("undo")}>Undo</button>
      <button type="button" ?disabled=${!this.steps.canRedo} @click=${() => this.step("redo")}>Redo</button>
      ${
        this.hasSelection
          ? html`<button type="button" ?disabled=${this.selected === null} @click=${() => this.erase(this.selected)}>
              Delete
            </button>`
          : nothing
      }
      ${more}
      <span class="space"></span>
      <button type="button" aria-label="Smaller" ?disabled=${this.zoom === ZOOMS[0]} @click=${() => this.scale(-1)}>
        −
      </button>
      <output aria-label="Zoom">${Math.round(this.zoom * 100)} %</output>
      <button type="button" aria-label="Larger" ?disabled=${this.zoom === ZOOMS.at(-1)} @click=${() => this.scale(1)}>
        +
      </button>
    </div>`;
  }

  /** The picture with what is drawn on it; `over` lies above both. */
  protected stage(over: unknown = nothing): TemplateResult {
    const aspect = this.size ? this.size.width / this.size.height : 1;
    return html`<div class="scroll">
        <div class="stage" style="--aspect: ${aspect}; --zoom: ${this.zoom}">
          <img
            src=${this.picture ?? nothing}
            alt="What to label"
            draggable="false"
            @load=${this.onLoad}
            @error=${this.onBroken}
          />
          ${this.size ? this.drawing(this.size) : nothing} ${over}
        </div>
      </div>
      ${this.isBroken ? html`<p class="problem" role="alert">The image cannot be shown. Please decline the task and tell its owner.</p>` : nothing}`;
  }

  private drawing(size: Size) {
    return html`<svg
      viewBox="0 0 ${size.width} ${size.height}"
      role="img"
      aria-label="${this.counted}"
      @pointerdown=${this.onDown}
      @pointermove=${this.onMove}
      @pointerup=${this.onUp}
      @pointercancel=${this.onUp}
      @dblclick=${this.finish}
    >
      ${this.shapes.map((shape, index) => this.outline(shape.points, this.names.indexOf(shape.label), index, shape.isGuess))}
      ${this.draft.length ? this.outline(this.draft, this.label, null) : nothing} ${this.grips()}
    </svg>`;
  }

  private outline(points: readonly Point[], label: number, index: number | null, isGuess = false) {
    const classes = `shape ${index === null ? "draft" : ""} ${isGuess ? "guess" : ""} ${index !== null && index === this.selected ? "selected" : ""}`;
    const colour = `color: ${trackColor(Math.max(label, 0))}`;
    const [a, b] = points;
    if (!a) return nothing;
    const at = points.map((p) => `${p.x},${p.y}`).join(" ");
    const number = index ?? "";
    if (this.kind === "keypoint" || !b) {
      return svg`<path class="${classes} dot" style=${colour} data-index=${number} d=${dot(a)} />`;
    }
    if (this.kind === "box") {
      return svg`<rect class=${classes} style=${colour} data-index=${number} x=${a.x} y=${a.y} width=${b.x - a.x} height=${b.y - a.y} />`;
    }
    const isOpen = this.kind === "polyline" || index === null;
    return isOpen
      ? svg`<polyline class="${classes} open" style=${colour} data-index=${number} points=${at} />`
      : svg`<polygon class=${classes} style=${colour} data-index=${number} points=${at} />`;
  }

  private grips() {
    const shape = this.selected === null ? undefined : this.shapes[this.selected];
    if (!shape || this.draft.length || !this.isOpen(shape.label)) return nothing;
    return handlesOf(this.kind, shape.points).map(
      (p, index) => svg`<path class="rim" d=${dot(p)} /><path class="grip" data-grip=${index} d=${dot(p)} />`,
    );
  }

  protected side(): TemplateResult {
    return html`${labelOptions(this.names, this.label, (index) => this.pick(index))}
      <h2 class="count">${this.counted}</h2>
      <ol class="list">
        ${this.shapes.map((shape, index) => this.row(shape, index))}
      </ol>
      ${this.shapes.length === 0 ? nothingToLabel(this.isEmpty, this.onEmpty) : nothing}`;
  }

  private row(shape: Shape, index: number) {
    return html`<li class=${index === this.selected ? "selected" : ""}>
      <button type="button" class="name" @click=${() => this.select(index)}>
        <i class="colour" style="background: ${trackColor(Math.max(this.names.indexOf(shape.label), 0))}"></i
        >${shape.label}
      </button>
      <button
        type="button"
        class="away"
        aria-label="Delete ${shape.label} ${index + 1}"
        @click=${() => this.erase(index)}
      >
        ×
      </button>
    </li>`;
  }

  // -- what is done

  protected pick(index: number): void {
    const name = this.names[index];
    if (name === undefined) return;
    this.label = index;
    const shape = this.selected === null ? undefined : this.shapes[this.selected];
    if (shape && shape.label !== name && this.isOpen(shape.label) && this.isOpen(name))
      this.put(this.selected!, { ...shape, label: name });
  }

  protected select(index: number | null): void {
    this.selected = index;
    const label = index === null ? -1 : this.names.indexOf(this.shapes[index]?.label ?? "");
    if (label >= 0) this.label = label;
  }

  protected put(index: number, shape: Shape, topic: string | null = null): void {
    this.keep(
      this.shapes.map((other, at) => (at === index ? shape : other)),
      topic,
    );
  }

  protected keep(shapes: readonly Shape[], topic: string | null = null): void {
    this.commit(shapes, topic);
    this.isEmpty = false;
    this.problem = "";
    this.requestUpdate();
    changed(this);
  }

  protected erase(index: number | null): void {
    const shape = index === null ? undefined : this.shapes[index];
    if (!shape || !this.isOpen(shape.label)) return;
    this.select(null);
    this.keep(this.shapes.filter((_, at) => at !== index));
  }

  protected step(way: "undo" | "redo"): void {
    if (!this.steps[way]()) return;
    this.selected = null;
    this.draft = [];
    this.requestUpdate();
    changed(this);
  }

  /** Larger or smaller around what is selected, else around the middle of what is seen. */
  private scale(by: number): void {
    const before = this.zoom;
    this.zoom = ZOOMS[ZOOMS.indexOf(this.zoom) + by] ?? this.zoom;
    const view = this.renderRoot.querySelector(".scroll");
    const first = this.selected === null ? undefined : this.shapes[this.selected]?.points[0];
    if (!view || !this.size) return;
    const [across, down] = first
      ? [first.x / this.size.width, first.y / this.size.height]
      : [
          (view.scrollLeft + view.clientWidth / 2) / view.scrollWidth,
          (view.scrollTop + view.clientHeight / 2) / view.scrollHeight,
        ];
    if (this.zoom === before) return;
    void this.updateComplete.then(() => {
      view.scrollLeft = across * view.scrollWidth - view.clientWidth / 2;
      view.scrollTop = down * view.scrollHeight - view.clientHeight / 2;
    });
  }

  private add(points: readonly Point[]): void {
    const label = this.names[this.label];
    this.draft = [];
    if (label === undefined || !this.isOpen(label) || !isLargeEnough(this.kind, points)) return;
    this.keep([...this.shapes, { label, points }]);
    this.select(this.shapes.length - 1);
  }

  private readonly finish = (): void => {
    if (this.kind === "polygon" || this.kind === "polyline") this.add(withoutRepeats(this.draft));
  };

  // -- pointer and keys

  private readonly onDown = (event: PointerEvent): void => {
    if (event.button !== 0 || !this.size) return;
    const at = this.place(event);
    const on = event.target as SVGElement;
    const grip = on.dataset.grip;
    const index = on.dataset.index;
    const isDrawing = this.draft.length > 0;
    (event.currentTarget as SVGElement).setPointerCapture(event.pointerId);
    if (grip !== undefined && this.selected !== null) return this.hold(this.selected, at, Number(grip));
    if (index && !isDrawing) {
      this.select(Number(index));
      if (this.isOpen(this.shapes[Number(index)]?.label ?? "")) this.hold(Number(index), at, null);
      return;
    }
    if (this.kind === "keypoint") return this.add([at]);
    if (this.kind === "box") {
      this.select(null);
      this.draft = boxOf(at, at);
      this.held = { from: at, handle: null, before: [] };
      return;
    }
    const first = this.draft[0];
    if (this.kind === "polygon" && first && this.draft.length >= 3 && this.isNear(first, at)) return this.finish();
    this.select(null);
    this.draft = [...this.draft, at];
  };

  private hold(index: number, from: Point, handle: number | null): void {
    this.taken(index);
    const shape = this.shapes[index];
    if (shape) this.held = { from, handle, before: shape.points };
  }

  private readonly onMove = (event: PointerEvent): void => {
    if (!this.held || !this.size) return;
    const at = this.place(event);
    const { from, handle, before } = this.held;
    if (before.length === 0) {
      this.draft = boxOf(from, at);
      return;
    }
    const shape = this.selected === null ? undefined : this.shapes[this.selected];
    if (!shape) return;
    const points =
      handle === null ? move(before, at.x - from.x, at.y - from.y, this.size) : drag(this.kind, before, handle, at);
    this.preview(this.shapes.map((other, index) => (index === this.selected ? { ...shape, points } : other)));
    this.requestUpdate();
  };

  private readonly onUp = (): void => {
    const held = this.held;
    this.held = null;
    if (!held) return;
    if (held.before.length === 0) return this.add(this.draft);
    this.steps.settle();
    this.requestUpdate();
    changed(this);
  };

  private readonly onDrawKey = (event: KeyboardEvent): void => {
    if (isTyping(event)) return;
    const isCommand = event.ctrlKey || event.metaKey;
    const by = this.nudgeOf(event);
    const shape = this.selected === null ? undefined : this.shapes[this.selected];
    if (isCommand && event.key.toLowerCase() === "z") this.step(event.shiftKey ? "redo" : "undo");
    else if (by && shape && this.size && this.isOpen(shape.label)) {
      const far = event.shiftKey ? 10 : 1;
      const points = move(shape.points, by[0] * far, by[1] * far, this.size);
      this.put(this.selected!, { ...shape, points }, `nudge ${this.selected}`);
    } else if (isCommand || event.altKey) return;
    else if (event.key === "Enter" && this.draft.length) this.finish();
    else if (event.key === "Escape" && (this.draft.length || shape)) {
      this.draft = [];
      this.select(null);
    } else if ((event.key === "Delete" || event.key === "Backspace") && this.draft.length) {
      this.draft = this.draft.slice(0, -1);
    } else if ((event.key === "Delete" || event.key === "Backspace") && shape) this.erase(this.selected);
    else return;
    event.preventDefault();
  };

  /** Arrow keys belong to a radio button that has the focus. */
  protected isOnOption(event: KeyboardEvent): boolean {
    return event.composedPath()[0] instanceof HTMLInputElement;
  }

  private place(event: PointerEvent): Point {
    const box = this.renderRoot.querySelector("svg")!.getBoundingClientRect();
    const size = this.size!;
    const at = {
      x: ((event.clientX - box.left) / box.width) * size.width,
      y: ((event.clientY - box.top) / box.height) * size.height,
    };
    return clamp(at, size);
  }

  /** The image's pixels that so many of the screen's cover. */
  private pixels(n: number): number {
    const width = this.renderRoot.querySelector("svg")?.getBoundingClientRect().width;
    return this.size && width ? (n * this.size.width) / width : n;
  }

  private isNear(a: Point, b: Point): boolean {
    return Math.hypot(a.x - b.x, a.y - b.y) <= this.pixels(CLOSE_PX);
  }

  protected readonly onLoad = (event: Event): void => {
    const image = event.target as HTMLImageElement;
    this.size = { width: image.naturalWidth, height: image.naturalHeight };
    this.isBroken = false;
  };

  private readonly onBroken = (): void => {
    this.isBroken = true;
  };

  protected readonly onEmpty = (isTicked: boolean): void => {
    this.isEmpty = isTicked;
    this.problem = "";
    changed(this);
  };

  // -- the answer

  answerPart(): Record<string, unknown> {
    if (!this.name || !this.size) return {};
    const drawn = this.shapes.map((shape) => toAnswer(this.kind, shape));
    const before = this.initial.map((shape) => toAnswer(this.kind, shape));
    const audit = this.initialValue ? { initialValueModified: JSON.stringify(drawn) !== JSON.stringify(before) } : {};
    const { width, height } = this.size;
    return { [this.name]: { [this.key]: drawn, inputImageProperties: { height, width }, ...audit } };
  }

  answerProblems(): string[] {
    if (!this.size) return ["The image has not loaded yet."];
    if (this.draft.length) return [`Finish the ${this.noun} that you began (Enter), or drop it (Escape).`];
    if (this.shapes.length || this.isEmpty) return [];
    return [`Draw at least one ${this.noun}, or tick “Nothing to label”.`];
  }

  draftState(): unknown {
    return { shapes: this.shapes.map((shape) => toAnswer(this.kind, shape)), isEmpty: this.isEmpty };
  }

  restoreDraft(state: unknown): void {
    const draft = state as { shapes?: unknown; isEmpty?: unknown } | null;
    this.history = new History<readonly Shape[]>(readShapes(this.kind, JSON.stringify(draft?.shapes ?? [])));
    this.isEmpty = draft?.isEmpty === true;
    this.requestUpdate();
  }

  resetAnswer(): void {
    this.select(null);
    this.draft = [];
    this.keep(this.initial);
  }
}

/** A line without length: its round cap is a dot of the same size on the screen however the image is scaled. */
const dot = (p: Point) => `M${p.x} ${p.y}h0`;

/** A double click leaves two points at one place. */
function withoutRepeats(points: readonly Point[]): readonly Point[] {
  return points.filter((p, i) => i === 0 || Math.hypot(p.x - points[i - 1]!.x, p.y - points[i - 1]!.y) >= 1);
}
