/**
 * `<crowd-semantic-segmentation>`: every pixel of an image has a label or none.
 *
 * What is kept is the list of strokes, so that undo and drafts are small; the mask is painted from them, over the one of
 * `initial-value` where an earlier job left one.
 */
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { isRecord } from "../../shared/protocol.ts";
import { changed, isTyping } from "../base.ts";
import { Drawing } from "../drawing/element.ts";
import type { Point, Shape, Size } from "../drawing/shapes.ts";
import { History } from "../history.ts";
import { labelOptions, nothingToLabel } from "../labels.ts";
import { apply, brush, colourOf, counts, type Mask, newMask, paint, readPixels, type Stroke } from "./raster.ts";
import { maskStyles } from "./styles.ts";

type Tool = "polygon" | "brush" | "eraser";
const TOOLS: readonly [Tool, string, string][] = [
  ["polygon", "Polygon", "P"],
  ["brush", "Brush", "B"],
  ["eraser", "Eraser", "E"],
];
const WIDEST = 200;
const WHITE = [255, 255, 255, 255];
/** Points of a stroke are at least so far apart, as a share of the brush. */
const STEP = 0.15;

export class CrowdSemanticSegmentation extends Drawing {
  static override properties = {
    ...Drawing.properties,
    tool: { state: true },
    width: { state: true },
    opacity: { state: true },
    isUnder: { state: true },
    tip: { state: true },
    trouble: { state: true },
  };
  declare private tool: Tool;
  /** Of the brush, in pixels of the image. */
  declare private width: number;
  declare private opacity: number;
  declare private isUnder: boolean;
  /** Where the brush is, in pixels of the image. */
  declare private tip: Point | null;
  declare private trouble: string;
  private past = new History<readonly Stroke[]>([]);
  private mask: Mask = newMask({ width: 0, height: 0 });
  /** What an earlier job left; null without one, or before it has come. */
  private earlier: Mask | null = null;
  private shares: readonly number[] = [];
  private stroke: Stroke | null = null;
  static override styles = [...Drawing.styles, maskStyles];

  protected kind = "polygon" as const;
  protected key = "labeledImage";
  protected noun = "area";
  protected nouns = "areas";
  protected override hasSelection = false;
  protected override caption = "Choose a label, then paint";

  constructor() {
    super();
    this.tool = "polygon";
    this.width = 0;
    this.opacity = 0.55;
    this.isUnder = false;
    this.tip = null;
    this.trouble = "";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("keydown", this.onMaskKey);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("keydown", this.onMaskKey);
  }

  protected get help(): string {
    if (this.tool === "polygon") {
      return "Click to set points; Enter or a click on the first point closes. Backspace takes the last one back.";
    }
    return "Drag to paint. [ and ] change the brush.";
  }

  // -- what the drawing elements ask for

  protected override get shapes(): readonly Shape[] {
    return []; // an area is no shape once it is painted
  }

  protected override get steps() {
    return this.past;
  }

  protected override commit(shapes: readonly Shape[]): void {
    const drawn = shapes.at(-1);
    if (drawn) this.paintOn(this.newStroke("polygon", drawn.points));
  }

  protected override step(way: "undo" | "redo"): void {
    super.step(way);
    this.repaint();
  }

  override updated(properties: PropertyValues): void {
    if (properties.has("size") && this.size && this.size.width !== this.mask.width) this.begin(this.size);
    if (properties.has("opacity")) this.show();
  }

  // -- the mask

  private get value(): number {
    return this.tool === "eraser" ? 0 : this.label + 1;
  }

  private newStroke(tool: Stroke["tool"], points: readonly Point[]): Stroke {
    const isUnder = this.isUnder && this.tool !== "eraser";
    return { tool, value: this.value, points: points.map(tenths), radius: this.width / 2, isUnder };
  }

  private paintOn(stroke: Stroke): void {
    this.past.commit([...this.past.present, stroke]);
    this.show(apply(this.mask, stroke));
    this.afterwards();
  }

  private afterwards(): void {
    this.isEmpty = false;
    this.problem = "";
    this.count();
    changed(this);
  }

  private begin(size: Size): void {
    this.width = Math.round(Math.max(8, Math.min(size.width, size.height) / 25));
    if (this.initialValue) void this.readEarlier(size);
    this.repaint();
  }

  private repaint(): void {
    if (!this.size) return;
    this.mask = newMask(this.size);
    if (this.earlier) this.mask.data.set(this.earlier.data);
    for (const stroke of this.past.present) apply(this.mask, stroke);
    this.show();
    this.count();
  }

  private count(): void {
    const n = Math.max(this.mask.data.length, 1);
    this.shares = counts(this.mask, 256).map((count) => count / n);
    this.requestUpdate();
  }

  private show(area = { left: 0, top: 0, right: this.mask.width, bottom: this.mask.height }): void {
    const canvas = this.renderRoot.querySelector("canvas");
    if (!canvas || area.right <= area.left || area.bottom <= area.top) return;
    if (canvas.width !== this.mask.width || canvas.height !== this.mask.height) {
      canvas.width = this.mask.width;
      canvas.height = this.mask.height;
    }
    const pixels = paint(this.mask, area, Math.round(255 * this.opacity), [0, 0, 0, 0]);
    canvas.getContext("2d")!.putImageData(new ImageData(pixels, area.right - area.left), area.left, area.top);
  }

  private async readEarlier(size: Size): Promise<void> {
    try {
      const value: unknown = JSON.parse(this.initialValue ?? "");
      if (!isRecord(value) || typeof value.src !== "string") throw new Error("initial-value has no src");
      const mappings = isRecord(value.labelMappings) ? value.labelMappings : {};
      const colours = this.names.map((name) => {
        const mapping = mappings[name];
        return isRecord(mapping) && typeof mapping.color === "string" ? mapping.color : null;
      });
      this.earlier = readPixels(size, await pixelsOf(value.src, size), colours);
      this.repaint();
    } catch (error) {
      this.trouble = `The earlier mask cannot be read (${String(error)}). Load the page again, or decline the task.`;
    }
  }

  // -- brush

  private readonly onBrushDown = (event: PointerEvent): void => {
    if (event.button !== 0 || !this.size) return;
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    this.stroke = this.newStroke("brush", [this.placeOf(event)]);
    this.show(brush(this.mask, this.stroke, 0));
  };

  private readonly onBrushMove = (event: PointerEvent): void => {
    this.tip = this.placeOf(event);
    const { stroke, tip } = this;
    const last = stroke?.points.at(-1);
    if (!stroke || !last || Math.hypot(tip.x - last.x, tip.y - last.y) < Math.max(1, stroke.radius * STEP)) return;
    this.stroke = { ...stroke, points: [...stroke.points, tenths(tip)] };
    this.show(brush(this.mask, this.stroke, stroke.points.length));
  };

  private readonly onBrushUp = (): void => {
    const { stroke } = this;
    this.stroke = null;
    if (!stroke) return;
    this.past.commit([...this.past.present, stroke]);
    this.afterwards();
  };

  private placeOf(event: PointerEvent): Point {
    const box = this.renderRoot.querySelector("canvas")!.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * this.mask.width,
      y: ((event.clientY - box.top) / box.height) * this.mask.height,
    };
  }

  private readonly onMaskKey = (event: KeyboardEvent): void => {
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    const tool = TOOLS.find(([, , key]) => key.toLowerCase() === event.key.toLowerCase());
    if (tool) this.take(tool[0]);
    else if (event.key === "[") this.widen(1 / 1.25);
    else if (event.key === "]") this.widen(1.25);
    else return;
    event.preventDefault();
  };

  private take(tool: Tool): void {
    this.tool = tool;
    this.draft = [];
    this.tip = null;
  }

  private widen(by: number): void {
    this.width = Math.min(Math.max(Math.round(this.width * by), 2), WIDEST);
  }

  // -- what is shown

  protected override target(): TemplateResult {
    const tools = html`<div class="tools" role="group" aria-label="Tool">
      ${TOOLS.map(
        ([tool, name, key]) =>
          html`<button
            type="button"
            title="Key ${key}"
            aria-pressed=${this.tool === tool}
            @click=${() => this.take(tool)}
          >
            ${name}
          </button>`,
      )}
    </div>`;
    const isBrush = this.tool !== "polygon";
    return html`${this.bar(tools)}
      ${this.stage(
        html`<canvas
            class=${isBrush ? "paints" : ""}
            @pointerdown=${this.onBrushDown}
            @pointermove=${this.onBrushMove}
            @pointerup=${this.onBrushUp}
            @pointercancel=${this.onBrushUp}
            @pointerleave=${() => (this.tip = null)}
          ></canvas>
          ${isBrush ? this.brushTip() : nothing}`,
      )}
      ${this.trouble ? html`<p class="problem" role="alert">${this.trouble}</p>` : nothing}
      <p class="help">${this.help}</p>`;
  }

  private brushTip() {
    const { tip, size } = this;
    if (!tip || !size) return nothing;
    const colour = this.tool === "eraser" ? "#444" : colourOf(this.label);
    const place = `left: ${(100 * tip.x) / size.width}%; top: ${(100 * tip.y) / size.height}%`;
    const extent = `width: ${(100 * this.width) / size.width}%; aspect-ratio: 1`;
    return html`<i class="tip" style="${place}; ${extent}; --colour: ${colour}"></i>`;
  }

  protected override side(): TemplateResult {
    const used = this.names.flatMap((name, index) => (this.shares[index + 1] ? [[name, index] as const] : []));
    return html`${labelOptions(this.names, this.label, (index) => this.pick(index), colourOf)}
      ${this.range("Brush", `${this.width} px`, this.width, 2, WIDEST, (value) => (this.width = value))}
      ${this.range("Mask", `${Math.round(100 * this.opacity)} %`, Math.round(100 * this.opacity), 0, 100, (value) => (this.opacity = value / 100))}
      <label class="empty"
        ><input
          type="checkbox"
          .checked=${this.isUnder}
          @change=${(event: Event) => (this.isUnder = (event.target as HTMLInputElement).checked)}
        />
        Paint only where nothing is yet</label
      >
      <h2 class="count">Painted so far</h2>
      ${used.length ? nothing : html`<p class="none">Nothing.</p>`}
      <div class="shares">
        ${used.map(
          ([name, index]) =>
            html`<i class="colour" style="background: ${colourOf(index)}"></i><span>${name}</span
              ><output>${(100 * this.shares[index + 1]!).toFixed(1)} %</output>`,
        )}
      </div>
      ${used.length ? nothing : nothingToLabel(this.isEmpty, this.onEmpty)}`;
  }

  private range(name: string, shown: string, value: number, min: number, max: number, set: (value: number) => void) {
    const on = (event: Event) => set(Number((event.target as HTMLInputElement).value));
    return html`<label class="range"
      ><span>${name}</span><output>${shown}</output
      ><input type="range" aria-label=${name} min=${min} max=${max} .value=${String(value)} @input=${on}
    /></label>`;
  }

  // -- the answer

  private get isBlank(): boolean {
    return this.shares.slice(1).every((share) => share === 0);
  }

  override answerPart(): Record<string, unknown> {
    if (!this.name || !this.size) return {};
    const canvas = document.createElement("canvas");
    const { width, height } = this.size;
    [canvas.width, canvas.height] = [width, height];
    const whole = { left: 0, top: 0, right: width, bottom: height };
    canvas.getContext("2d")!.putImageData(new ImageData(paint(this.mask, whole, 255, WHITE), width), 0, 0);
    const { earlier } = this;
    const audit = earlier ? { initialValueModified: this.mask.data.some((v, i) => v !== earlier.data[i]) } : {};
    return {
      [this.name]: {
        labeledImage: { pngImageData: canvas.toDataURL("image/png").replace(/^.*,/, "") },
        labelMappings: Object.fromEntries(this.names.map((name, index) => [name, { color: colourOf(index) }])),
        inputImageProperties: { height, width },
        ...audit,
      },
    };
  }

  override answerProblems(): string[] {
    if (!this.size) return ["The image has not loaded yet."];
    if (this.trouble) return [this.trouble];
    if (this.initialValue && !this.earlier) return ["The earlier mask has not loaded yet."];
    if (this.draft.length) return ["Finish the polygon that you began (Enter), or drop it (Escape)."];
    if (this.isBlank && !this.isEmpty && !this.earlier) return ["Paint something, or tick “Nothing to label”."];
    return [];
  }

  override draftState(): unknown {
    return { strokes: this.past.present, isEmpty: this.isEmpty };
  }

  override restoreDraft(state: unknown): void {
    const draft = isRecord(state) ? state : {};
    const strokes = Array.isArray(draft.strokes) ? draft.strokes.filter(isStroke) : [];
    this.past = new History<readonly Stroke[]>(strokes.filter((stroke) => stroke.value <= this.names.length));
    this.isEmpty = draft.isEmpty === true;
    this.repaint();
  }

  override resetAnswer(): void {
    this.draft = [];
    this.past.commit([]);
    this.repaint();
    changed(this);
  }
}

const tenths = (p: Point): Point => ({ x: Math.round(p.x * 10) / 10, y: Math.round(p.y * 10) / 10 });

function isStroke(value: unknown): value is Stroke {
  if (!isRecord(value) || !Array.isArray(value.points) || value.points.length === 0) return false;
  const isPoint = (p: unknown) => isRecord(p) && Number.isFinite(p.x) && Number.isFinite(p.y);
  return Number.isInteger(value.value) && Number.isFinite(value.radius) && value.points.every(isPoint);
}

/** A picture's pixels as RGBA, as large as the image that it belongs to. */
async function pixelsOf(src: string, { width, height }: Size): Promise<Uint8ClampedArray> {
  const image = new Image();
  image.crossOrigin = "anonymous";
  image.src = src;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.imageSmoothingEnabled = false;
  context.drawImage(image, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}
