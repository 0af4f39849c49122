/**
 * `<annolake-frames>`: what moves through the frames of a video, drawn with the tools of the drawing elements.
 *
 * `name` is `trackingAnnotations` (objects keep their identity; shapes between two key frames follow by themselves) or
 * `detectionAnnotations` (each frame for itself). `frames` is a JSON list of [number, file name, address]; `categories`
 * the label category configuration; `initial-src` the address of an earlier job's SeqLabel.json.
 */
import { html, nothing, type TemplateResult } from "lit";
import { changed, isTyping } from "../base.ts";
import { trackColor } from "../colors.ts";
import { Drawing } from "../drawing/element.ts";
import type { Kind, Shape } from "../drawing/shapes.ts";
import { History } from "../history.ts";
import { labelOptions, nothingToLabel } from "../labels.ts";
import { type Attribute, type Categories, missing, readCategories, withValue } from "./categories.ts";
import { attributeFields } from "./fields.ts";
import { type Frame, fromDraft, fromLabelFile, readFrames, toDraft, toFrames } from "./format.ts";
import { Loader } from "./loader.ts";
import * as model from "./model.ts";
import { frameStyles } from "./styles.ts";
import { timeline } from "./timeline.ts";

const NOUNS: Record<Kind, readonly [string, string]> = {
  box: ["box", "boxes"],
  polygon: ["polygon", "polygons"],
  polyline: ["line", "lines"],
  keypoint: ["point", "points"],
};
const DRAWS: Record<Kind, string> = {
  box: "Drag to draw a box.",
  polygon: "Click to set points; Enter or a click on the first point closes.",
  polyline: "Click to set points; Enter or a double click ends the line.",
  keypoint: "Click to set a point.",
};
const PLAY_MS = 100;
const JUMP = 10;

export class AnnolakeFrames extends Drawing {
  static override properties = {
    ...Drawing.properties,
    frames: {},
    categories: {},
    initialSrc: { attribute: "initial-src" },
    at: { state: true },
    wanted: { state: true },
    isPlaying: { state: true },
    trouble: { state: true },
  };
  declare frames: string | null;
  declare categories: string | null;
  declare initialSrc: string | null;
  /** Place of the frame that is shown; `wanted` is the one that it waits for. */
  declare private at: number;
  declare private wanted: number;
  declare private isPlaying: boolean;
  declare private trouble: string;
  private list: readonly Frame[] = [];
  private asked: Categories = readCategories(null);
  private loader = new Loader([]);
  private past = new History<model.Sequence>(model.NOTHING);
  /** What the label of an earlier job says, as it would be answered; null without one, or before it has come. */
  private earlier: string | null = null;
  private hasDraft = false;
  private timer = 0;
  private shown: { of: readonly unknown[]; marks: readonly model.Mark[] } | null = null;
  static override styles = [...Drawing.styles, frameStyles];

  protected key = "frames";

  constructor() {
    super();
    this.at = 0;
    this.wanted = 0;
    this.isPlaying = false;
    this.trouble = "";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.list = readFrames(this.frames);
    this.asked = readCategories(this.categories);
    this.loader = new Loader(this.list.map((frame) => frame.src));
    document.addEventListener("keydown", this.onFrameKey);
    if (this.initialSrc) void this.readEarlier(this.initialSrc);
    void this.go(0);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("keydown", this.onFrameKey);
    this.pause();
  }

  // -- what the drawing elements ask for

  private get isTracking(): boolean {
    return this.name === "trackingAnnotations";
  }

  protected get kind(): Kind {
    return this.asked.kind;
  }

  protected get noun(): string {
    return NOUNS[this.kind][0];
  }

  protected get nouns(): string {
    return NOUNS[this.kind][1];
  }

  protected get help(): string {
    const next = this.isTracking ? "A dashed one is where the object may be now: click or drag it to say so." : "";
    return `${DRAWS[this.kind]} ${next}`;
  }

  protected override get names(): string[] {
    return [...this.asked.labels];
  }

  protected override get picture(): string | null {
    return this.list[this.at]?.src ?? null;
  }

  private get sequence(): model.Sequence {
    return this.past.present;
  }

  private get way(): model.Way {
    return { isTracking: this.isTracking, size: this.size ?? { width: 1, height: 1 }, newId };
  }

  protected override get shapes(): readonly model.Mark[] {
    const of = [this.sequence, this.at, this.size];
    if (!this.shown || of.some((one, place) => one !== this.shown!.of[place])) {
      this.shown = { of, marks: model.marksAt(this.sequence, this.at, this.isTracking ? this.size : null) };
    }
    return this.shown.marks;
  }

  protected override get steps() {
    return this.past;
  }

  protected override isOpen(label: string): boolean {
    return !this.asked.closed.has(label);
  }

  protected override commit(shapes: readonly Shape[], topic: string | null): void {
    const next = model.draw(this.sequence, this.at, this.shapes, shapes, this.way);
    this.past.commit(next, topic && `${topic} ${this.at}`);
  }

  protected override preview(shapes: readonly Shape[]): void {
    this.past.preview(model.draw(this.sequence, this.at, this.shapes, shapes, this.way));
  }

  protected override taken(index: number): void {
    const mark = this.shapes[index];
    if (!mark?.isGuess) return;
    this.change(model.confirm(this.sequence, [mark], this.at));
  }

  /** Arrow keys alone lead through the frames. */
  protected override nudgeOf(event: KeyboardEvent): readonly [number, number] | null {
    if (!event.ctrlKey && !event.metaKey) return null;
    return { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] as
      [number, number] | null;
  }

  protected override step(way: "undo" | "redo"): void {
    const leaving = this.sequence.at;
    super.step(way);
    void this.go(way === "undo" ? leaving : this.sequence.at);
  }

  // -- through the frames

  private async go(to: number): Promise<void> {
    const at = Math.min(Math.max(to, 0), this.list.length - 1);
    if (at < 0) return;
    this.wanted = at;
    const isThere = await this.loader.show(at);
    if (this.wanted !== at) return;
    const id = this.selected === null ? null : this.shapes[this.selected]?.id;
    if (this.at !== at) this.draft = [];
    this.at = at;
    this.isBroken = !isThere;
    const place = this.shapes.findIndex((mark) => mark.id === id);
    this.selected = place < 0 ? null : place;
  }

  private readonly play = (): void => {
    if (this.isPlaying) return this.pause();
    if (this.at === this.list.length - 1) void this.go(0);
    this.isPlaying = true;
    this.timer = window.setInterval(() => {
      if (this.wanted !== this.at) return; // the picture is still on its way
      if (this.at >= this.list.length - 1) this.pause();
      else void this.go(this.at + 1);
    }, PLAY_MS);
  };

  private pause(): void {
    clearInterval(this.timer);
    this.isPlaying = false;
  }

  private readonly onFrameKey = (event: KeyboardEvent): void => {
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || this.isOnOption(event)) return;
    const by = event.shiftKey ? JUMP : 1;
    const isOnButton = event.composedPath()[0] instanceof HTMLButtonElement;
    if (event.key === "ArrowRight") void this.go(this.wanted + by);
    else if (event.key === "ArrowLeft") void this.go(this.wanted - by);
    else if (event.key === "PageDown") void this.go(this.wanted + JUMP);
    else if (event.key === "PageUp") void this.go(this.wanted - JUMP);
    else if (event.key === "Home") void this.go(0);
    else if (event.key === "End") void this.go(this.list.length - 1);
    else if (event.key === " " && !isOnButton) this.play();
    else if (event.key === "c") this.copyOn();
    else if (event.key === "C") this.copyToEnd();
    else if (event.key === "e") this.endHere();
    else return;
    event.preventDefault();
  };

  // -- what can be done beside drawing

  private change(next: model.Sequence, topic: string | null = null): void {
    this.past.commit(next, topic);
    this.isEmpty = false;
    this.problem = "";
    this.requestUpdate();
    changed(this);
  }

  /** The selected mark, or all that may be changed. */
  private get chosen(): readonly model.Mark[] {
    const one = this.selected === null ? undefined : this.shapes[this.selected];
    return (one ? [one] : this.shapes).filter((mark) => this.isOpen(mark.label));
  }

  /** Guesses here become true; where there are none, what is here is put on the next frame too. */
  private copyOn(): void {
    const marks = this.chosen;
    if (marks.some((mark) => mark.isGuess)) {
      this.change(model.confirm(this.sequence, marks, this.at));
      return;
    }
    const to = this.at + 1;
    if (!marks.length || to >= this.list.length) return;
    this.change(model.copyTo(this.sequence, marks, to, this.way));
    void this.go(to);
  }

  private copyToEnd(): void {
    const marks = this.chosen.filter((mark) => !mark.isGuess);
    const last = this.list.length - 1;
    if (!marks.length || this.at === last) return;
    if (this.isTracking) this.change({ ...model.copyTo(this.sequence, marks, last, this.way), at: this.at });
    else {
      let next = this.sequence;
      for (let to = this.at + 1; to <= last; to++) next = model.copyTo(next, marks, to, this.way);
      this.change({ ...next, at: this.at });
    }
  }

  private endHere(): void {
    const mark = this.selected === null ? undefined : this.shapes[this.selected];
    if (!mark || !this.isTracking || !this.isOpen(mark.label)) return;
    const by = (track: model.Track) =>
      mark.isGuess ? model.removeAt(track, this.at, true) : model.endAt(track, this.at);
    this.select(null);
    this.change(model.replace(this.sequence, mark.id, this.at, by));
  }

  private eraseEverywhere(): void {
    const mark = this.selected === null ? undefined : this.shapes[this.selected];
    if (!mark || !this.isOpen(mark.label)) return;
    this.select(null);
    this.change(model.replace(this.sequence, mark.id, this.at, () => []));
  }

  // -- what is shown

  protected override target(): TemplateResult {
    return html`${this.bar(this.copyButtons())} ${this.stage(this.tags())}
      ${this.trouble ? html`<p class="problem" role="alert">${this.trouble}</p>` : nothing}
      ${timeline({
        frames: this.list,
        at: this.wanted,
        sequence: this.sequence,
        track: this.selectedTrack,
        colour: this.colourOf(this.selectedTrack?.label ?? ""),
        isPlaying: this.isPlaying,
        go: (at) => void this.go(at),
        play: this.play,
      })}
      <p class="help">${this.help}</p>`;
  }

  private copyButtons() {
    const hasGuess = this.chosen.some((mark) => mark.isGuess);
    const isLast = this.at === this.list.length - 1;
    const isNone = this.chosen.length === 0;
    return html`<button
        type="button"
        title="Key C"
        ?disabled=${isNone || (isLast && !hasGuess)}
        @click=${() => this.copyOn()}
      >
        ${hasGuess ? "Take the dashed ones" : "Copy to next frame"}
      </button>
      <button type="button" title="Shift+C" ?disabled=${isNone || isLast} @click=${() => this.copyToEnd()}>
        Copy to the end
      </button>`;
  }

  private get selectedTrack(): model.Track | null {
    const id = this.selected === null ? null : this.shapes[this.selected]?.id;
    return this.sequence.tracks.find((track) => track.id === id) ?? null;
  }

  private colourOf(label: string): string {
    return trackColor(Math.max(this.names.indexOf(label), 0));
  }

  /** Names above the shapes, as large on the screen however the picture is scaled. */
  private tags() {
    const size = this.size;
    if (!size) return nothing;
    return this.shapes.map((mark) => {
      const [x, y] = [Math.min(...mark.points.map((p) => p.x)), Math.min(...mark.points.map((p) => p.y))];
      const place = `left: ${(100 * x) / size.width}%; top: ${(100 * y) / size.height}%`;
      const classes = `tag ${mark.isGuess ? "guess" : ""} ${y < size.height * 0.05 ? "under" : ""}`;
      return html`<span class=${classes} style="${place}; --colour: ${this.colourOf(mark.label)}"
        >${this.isTracking ? mark.name : mark.label}</span
      >`;
    });
  }

  protected override side(): TemplateResult {
    const marks = this.shapes;
    return html`${labelOptions(this.names, this.label, (index) => this.pick(index))}
      <h2 class="count">On this frame: ${this.counted}</h2>
      ${marks.length === 0 ? html`<p class="none">Nothing yet.</p>` : nothing}
      <ol class="list">
        ${marks.map((mark, index) => this.entry(mark, index))}
      </ol>
      ${this.selectedActs()} ${this.frameFields()}
      ${this.sequence.tracks.length === 0 ? nothingToLabel(this.isEmpty, this.onEmpty) : nothing}
      ${keySheet(this.isTracking)}`;
  }

  protected override get counted(): string {
    const n = this.shapes.filter((mark) => !mark.isGuess).length;
    return `${n} ${n === 1 ? this.noun : this.nouns}`;
  }

  private entry(mark: model.Mark, index: number) {
    const what = mark.isGuess ? "not here yet" : this.isTracking && !mark.isKey ? "follows" : "";
    return html`<li class=${index === this.selected ? "selected" : ""}>
      <button type="button" class="name ${mark.isGuess ? "guess" : ""}" @click=${() => this.select(index)}>
        <i class="colour" style="background: ${this.colourOf(mark.label)}"></i
        >${this.isTracking ? mark.name : mark.label}
        <span class="what">${what}</span>
      </button>
      ${
        this.isOpen(mark.label)
          ? html`<button
              type="button"
              class="away"
              aria-label="Delete ${mark.name} on this frame"
              title="Not on this frame (Delete)"
              @click=${() => this.erase(index)}
            >
              ×
            </button>`
          : nothing
      }
    </li>`;
  }

  private selectedActs() {
    const mark = this.selected === null ? undefined : this.shapes[this.selected];
    if (!mark) return nothing;
    const attributes = this.asked.attributes.get(mark.label) ?? [];
    const set = (attribute: Attribute, text: string) =>
      this.put(this.selected!, { ...mark, attributes: withValue(mark.attributes, attribute, text) } as Shape);
    return html`${
      this.isTracking && this.isOpen(mark.label)
        ? html`<div class="acts">
            <button type="button" title="Key E" @click=${() => this.endHere()}>Gone from here</button>
            <button type="button" @click=${() => this.eraseEverywhere()}>Delete everywhere</button>
          </div>`
        : nothing
    }
    ${mark.isGuess ? nothing : attributeFields(attributes, mark.attributes, set)}`;
  }

  private frameFields() {
    const attributes = this.asked.frameAttributes;
    if (attributes.length === 0) return nothing;
    const given = this.sequence.frameAttributes[this.at] ?? {};
    const to = (frames: readonly number[], values: model.Attributes) =>
      this.change(model.setFrameAttributes(this.sequence, frames, values));
    const rest = Array.from({ length: this.list.length - this.at }, (_, n) => this.at + n);
    return html`<h2 class="count">This frame</h2>
      ${attributeFields(attributes, given, (attribute, text) => to([this.at], withValue(given, attribute, text)))}
      <div class="acts">
        <button type="button" ?disabled=${rest.length < 2} @click=${() => to(rest, given)}>
          Same from here to the end
        </button>
      </div>`;
  }

  // -- the answer

  private async readEarlier(src: string): Promise<void> {
    try {
      const response = await fetch(src);
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      const file: unknown = await response.json();
      const sequence = fromLabelFile(file, this.list, this.kind, this.asked.labels, newId);
      this.earlier = JSON.stringify(toFrames(sequence, this.list, this.kind, this.isTracking));
      if (!this.hasDraft) this.past = new History(sequence);
      this.requestUpdate();
    } catch (error) {
      this.trouble = `The earlier labels cannot be read (${String(error)}). Load the page again, or decline the task.`;
    }
  }

  override answerPart(): Record<string, unknown> {
    if (!this.name) return {};
    const frames = toFrames(this.sequence, this.list, this.kind, this.isTracking);
    const audit = this.initialSrc ? { initialValueModified: JSON.stringify(frames) !== this.earlier } : {};
    return { [this.name]: { frames, ...audit } };
  }

  override answerProblems(): string[] {
    if (!this.list.length) return ["This task has no frames; decline it and tell its owner."];
    if (this.trouble) return [this.trouble];
    if (this.initialSrc && this.earlier === null) return ["The earlier labels have not loaded yet."];
    if (this.draft.length) return [`Finish the ${this.noun} that you began (Enter), or drop it (Escape).`];
    const lack = this.lack();
    if (lack) return [lack.what];
    const frames = toFrames(this.sequence, this.list, this.kind, this.isTracking);
    if (frames.length || this.isEmpty || this.initialSrc) return [];
    return [`Draw at least one ${this.noun} on a frame, or tick “Nothing to label”.`];
  }

  /** The first attribute that is asked for and has no value. */
  private lack(): { at: number; id: string | null; what: string } | null {
    for (let at = 0; at < this.list.length; at++) {
      const ofFrame = missing(this.asked.frameAttributes, this.sequence.frameAttributes[at] ?? {});
      if (ofFrame) return { at, id: null, what: `Frame ${at + 1} needs a value for ${ofFrame.name}.` };
      for (const { id, name, label, attributes } of model.marksAt(this.sequence, at)) {
        const one = missing(this.asked.attributes.get(label) ?? [], attributes);
        if (one) return { at, id, what: `Frame ${at + 1}: ${name} needs a value for ${one.name}.` };
      }
    }
    return null;
  }

  /** Goes to where a value is missing. */
  override showProblem(): void {
    this.problem = this.answerProblems()[0] ?? "";
    const lack = this.draft.length ? null : this.lack();
    if (!lack) return;
    void this.go(lack.at).then(() => {
      const place = this.shapes.findIndex((mark) => mark.id === lack.id);
      this.select(place < 0 ? null : place);
    });
  }

  override draftState(): unknown {
    return { ...(toDraft(this.sequence) as object), isEmpty: this.isEmpty };
  }

  override restoreDraft(state: unknown): void {
    this.hasDraft = true;
    const sequence = fromDraft(state);
    this.past = new History(sequence);
    this.isEmpty = (state as { isEmpty?: unknown } | null)?.isEmpty === true;
    this.requestUpdate();
    void this.go(sequence.at);
  }

  override resetAnswer(): void {
    this.select(null);
    this.draft = [];
    this.change(model.NOTHING);
    if (this.initialSrc) void this.readEarlier(this.initialSrc);
  }
}

/** `crypto.randomUUID` is missing where the portal is reached without TLS by another name than localhost. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

const KEYS: readonly [string, string][] = [
  ["← →", "one frame (with Shift ten)"],
  ["Space", "play, pause"],
  ["1 … 9", "label"],
  ["C", "copy to the next frame; with Shift to the end"],
  ["Delete", "take off this frame"],
  ["Ctrl + arrows", "move the selected one"],
  ["Ctrl + Z", "undo (with Shift redo)"],
];

function keySheet(isTracking: boolean) {
  const keys: readonly [string, string][] = isTracking ? [...KEYS, ["E", "the object is gone from here on"]] : KEYS;
  return html`<details>
    <summary>Keys</summary>
    <dl class="keysheet">
      ${keys.map(
        ([key, what]) =>
          html`<dt><kbd>${key}</kbd></dt>
            <dd>${what}</dd>`,
      )}
    </dl>
  </details>`;
}
