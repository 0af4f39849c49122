/**
 * `<annolake-segments>`: marks, labels and transcribes segments of a recording.
 *
 * Attributes: `name`, `src` and `peaks` (URLs), `media` (audio | video), `categories` ({category: [tags]}), `value` (an
 * earlier answer to start from), `emotions` (list; empty: no such column), `min-length` (seconds), `row-fields` (also
 * answer `label` and `emotiontag` of the last row, as the form fields of older templates did). Children stand beside the
 * table. Its answer under `name` is the JSON text of `value.ts`.
 */
import { html, LitElement, nothing } from "lit";
import { isRecord } from "../../shared/protocol.ts";
import type { AnswerControl } from "../answer.ts";
import { changed, controlStyles, isTyping, readList } from "../base.ts";
import { Editor, type EditorHost } from "./editor.ts";
import { helpSheet } from "./help.ts";
import { type Command, commandOf, trackOf } from "./hotkeys.ts";
import { loadMedia, loadPeaks } from "./load.ts";
import { type Edge, round, type Segment, type Track } from "./model.ts";
import { fit } from "./peaks.ts";
import { styles } from "./styles.ts";
import type { TableOwner } from "./table.ts";
import { formatTime } from "./time.ts";
import { hint, RATES, segmentList, trackList, transport, ZOOM_MAX } from "./view.ts";
import { type Grip, Waveform, type WaveformOwner } from "./waveform.ts";

const EMOTIONS = ["Happy", "Angry", "Neutral", "Sad", "Worried"];
const NUDGE_S = 0.05;
const FRAME_S = 0.04;

export class AnnolakeSegments extends LitElement implements AnswerControl, EditorHost, WaveformOwner, TableOwner {
  static override properties = {
    name: {},
    src: {},
    peaks: {},
    media: {},
    categories: {},
    value: {},
    emotions: {},
    minLength: { type: Number, attribute: "min-length" },
    rowFields: { type: Boolean, attribute: "row-fields" },
    state: { state: true },
    playing: { state: true },
    rate: { state: true },
    zoomFactor: { state: true },
    isLooping: { state: true },
  };
  declare name: string | null;
  declare src: string | null;
  declare peaks: string | null;
  declare media: string | null;
  declare categories: string | null;
  declare value: string | null;
  declare emotions: string | null;
  declare minLength: number | null;
  declare rowFields: boolean;
  declare private state: "loading" | "ready" | "failed";
  declare private playing: boolean;
  declare private rate: number;
  declare private zoomFactor: number;
  declare private isLooping: boolean;
  private readonly editor = new Editor(this);
  private waveform: Waveform | null = null;

  static override styles = [controlStyles, styles];

  constructor() {
    super();
    this.state = "loading";
    this.playing = false;
    this.rate = 1;
    this.zoomFactor = 1;
    this.isLooping = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("keydown", this.onKey);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("keydown", this.onKey);
    this.waveform?.destroy();
    this.waveform = null;
  }

  override firstUpdated(): void {
    this.editor.emotions = typeof this.emotions === "string" ? readList(this.emotions) : EMOTIONS;
    this.editor.start(this.categories ?? "", this.value ?? "");
    void this.load();
  }

  private async load(): Promise<void> {
    this.state = "loading";
    this.waveform?.destroy();
    this.waveform = null;
    try {
      const { src } = this;
      if (!src) throw new Error("The task names no recording.");
      const player = this.renderRoot.querySelector<HTMLMediaElement>("#player")!;
      const [played, peaks] = await Promise.all([loadMedia(player, src), loadPeaks(src, this.peaks ?? null)]);
      if (!this.isConnected) return;
      // The shorter of the two lengths: no segment may end where the registered recording no longer is.
      const duration = round(peaks ? Math.min(played, Math.max(peaks.duration, played - 0.5)) : played);
      this.editor.limits = { duration, minLength: this.minLength ?? 0.1 };
      const container = this.renderRoot.querySelector<HTMLElement>("#wave")!;
      this.waveform = new Waveform(container, player, fit(peaks, played), played, this);
      await this.waveform.ready;
      this.state = "ready";
      this.editor.say(peaks ? "" : "The waveform of this recording cannot be drawn; you can still play and mark it.");
    } catch (error) {
      this.state = "failed";
      this.editor.say(error instanceof Error ? error.message : String(error), true);
    }
  }

  // -- what the editor tells -----------------------------------------------------------------------------------

  now(): number {
    return this.waveform?.time ?? 0;
  }

  onShow(): void {
    const { editor } = this;
    this.requestUpdate();
    this.waveform?.show(editor.tracks, editor.active, editor.segments, editor.selected);
    this.waveform?.showGhosts(editor.ghosts);
  }

  onAnswer(): void {
    changed(this);
  }

  onReveal(segment: Segment): void {
    this.waveform?.reveal(segment);
    void this.updateComplete.then(() => this.row(segment.key)?.scrollIntoView({ block: "nearest" }));
  }

  private row(key: number): HTMLElement | null {
    return this.renderRoot.querySelector(`tr[data-key="${key}"]`);
  }

  // -- what the waveform and the table tell --------------------------------------------------------------------

  onSeek(time: number): void {
    this.waveform?.seek(time);
  }

  onDraw(lane: Track | null, from: number, to: number, isDone: boolean): void {
    this.editor.draw(lane, from, to, isDone);
  }

  onGrip(key: number, grip: Grip, time: number, isDone: boolean): void {
    this.editor.drag(key, grip, time, isDone);
  }

  onSelect(key: number): void {
    if (key !== this.editor.selected) this.editor.select(key);
  }

  onPlaySegment(key: number): void {
    this.editor.select(key, true);
    const segment = this.editor.selection;
    if (segment) void this.waveform?.playRange(segment).catch(this.sayError);
  }

  onEdge(key: number, edge: Edge, time: number): void {
    this.editor.setEdge(key, edge, time);
  }

  onTrack(key: number, track: Track): void {
    this.editor.retag(key, track);
  }

  onWords(key: number, words: Partial<Pick<Segment, "text" | "emotion">>): void {
    this.editor.describe(key, words);
  }

  onDelete(key: number): void {
    this.editor.remove(key);
  }

  onNextText(key: number): void {
    const { rows } = this.editor;
    const next = rows[rows.findIndex((s) => s.key === key) + 1];
    if (!next) return;
    this.onPlaySegment(next.key);
    this.focusText(next.key);
  }

  onTime(time: number): void {
    // Sixty times a second: past the renderer of everything else.
    const clock = this.renderRoot.querySelector("#now");
    if (clock) clock.textContent = formatTime(time);
    if (this.editor.marking.size) this.waveform?.showGhosts(this.editor.ghosts);
  }

  onPlaying(isPlaying: boolean): void {
    this.playing = isPlaying;
  }

  onZoomWheel(direction: 1 | -1): void {
    this.zoom(direction > 0 ? this.zoomFactor * 1.5 : this.zoomFactor / 1.5);
  }

  // -- keys and buttons ----------------------------------------------------------------------------------------

  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || this.state !== "ready" || this.help?.open) return;
    const command = commandOf(event);
    if (isTyping(event)) {
      if (command === "escape") (event.composedPath()[0] as HTMLElement).blur();
      else if (command === "playPause" && event.ctrlKey) this.run(command);
      else return;
      event.preventDefault();
      return;
    }
    if (belongsToFocus(event)) return;
    const digit = trackOf(event);
    if (digit && digit.index < this.editor.tracks.length) {
      if (digit.mark) this.mark(digit.index);
      else this.editor.choose(digit.index);
    } else if (command) this.run(command);
    else return;
    event.preventDefault();
  };

  private readonly run = (command: Command): void => {
    const { editor, waveform } = this;
    if (!waveform) return;
    const withSelected = (act: (segment: Segment) => void) =>
      editor.selection ? act(editor.selection) : editor.say("Select a segment first.");
    const nudge = (edge: Edge, by: number) => withSelected((s) => editor.setEdge(s.key, edge, s[edge] + by));
    const skip = (seconds: number) => waveform.seek(waveform.time + seconds);
    const actions: Record<Command, () => void> = {
      playPause: () => void waveform.playPause().catch(this.sayError),
      back: () => skip(-1),
      forward: () => skip(1),
      backFar: () => skip(-5),
      forwardFar: () => skip(5),
      framePrevious: () => skip(-FRAME_S),
      frameNext: () => skip(FRAME_S),
      toStart: () => waveform.seek(0),
      toEnd: () => waveform.seek(editor.limits.duration),
      playSegment: () => withSelected((s) => this.onPlaySegment(s.key)),
      loop: () => this.setLoop(!this.isLooping),
      slower: () => this.setRate(RATES[Math.max(0, RATES.indexOf(this.rate) - 1)]!),
      faster: () => this.setRate(RATES[Math.min(RATES.length - 1, RATES.indexOf(this.rate) + 1)]!),
      zoomIn: () => this.zoom(this.zoomFactor * 2),
      zoomOut: () => this.zoom(this.zoomFactor / 2),
      zoomFit: () => this.zoom(1),
      mark: () => this.mark(editor.active),
      setStart: () => withSelected((s) => editor.setEdge(s.key, "start", waveform.time)),
      setEnd: () => withSelected((s) => editor.setEdge(s.key, "end", waveform.time)),
      startEarlier: () => nudge("start", -NUDGE_S),
      startLater: () => nudge("start", NUDGE_S),
      endEarlier: () => nudge("end", -NUDGE_S),
      endLater: () => nudge("end", NUDGE_S),
      split: () => editor.split(),
      delete: () => withSelected((s) => editor.remove(s.key)),
      undo: () => editor.undo(),
      redo: () => editor.redo(),
      next: () => editor.walk(1),
      previous: () => editor.walk(-1),
      editText: () => withSelected((s) => this.focusText(s.key)),
      escape: () => editor.escape(),
      help: () => this.help?.showModal(),
    };
    actions[command]();
  };

  private readonly sayError = (error: unknown): void => this.editor.say(String(error), true);

  private get help(): HTMLDialogElement | null {
    return this.renderRoot.querySelector<HTMLDialogElement>("#help");
  }

  private focusText(key: number): void {
    void this.updateComplete.then(() => this.row(key)?.querySelector<HTMLElement>(".text")?.focus());
  }

  private mark(index: number): void {
    if (this.editor.mark(index) && !this.playing) void this.waveform?.playPause().catch(this.sayError);
  }

  private setLoop(isOn: boolean): void {
    this.isLooping = isOn;
    if (this.waveform) this.waveform.loop = isOn;
  }

  private readonly setRate = (rate: number): void => {
    this.rate = rate;
    this.waveform?.setRate(rate);
  };

  private zoom(factor: number): void {
    this.zoomFactor = Math.min(ZOOM_MAX, Math.max(1, factor));
    this.waveform?.zoom(this.zoomFactor, this.editor.selection);
  }

  // -- the answer ----------------------------------------------------------------------------------------------

  answerPart(): Record<string, unknown> {
    if (!this.name) return {};
    const last = this.editor.rows.at(-1);
    const rowFields = {
      ...(last?.text ? { label: last.text } : {}),
      ...(last?.emotion ? { emotiontag: last.emotion } : {}),
    };
    return { [this.name]: this.editor.value(), ...(this.rowFields ? rowFields : {}) };
  }

  answerProblems(): string[] {
    return this.editor.problems().map((problem) => problem.message);
  }

  showProblem(): void {
    this.editor.showProblems();
    this.renderRoot.querySelector(".segments")?.scrollIntoView({ block: "nearest" });
  }

  draftState(): unknown {
    return { value: this.editor.value(), active: this.editor.active };
  }

  restoreDraft(draft: unknown): void {
    if (!isRecord(draft) || typeof draft.value !== "string") return;
    this.editor.restore(draft.value, typeof draft.active === "number" ? draft.active : 0);
  }

  resetAnswer(): void {
    this.editor.clear();
  }

  // -- drawing -------------------------------------------------------------------------------------------------

  override render() {
    const { editor, state } = this;
    const isVideo = this.media === "video";
    const player = {
      isReady: state === "ready",
      isPlaying: this.playing,
      isLooping: this.isLooping,
      rate: this.rate,
      zoom: this.zoomFactor,
    };
    const failure = html`<div class="loading">
      <p>${editor.status.text}</p>
      <button class="add" type="button" @click=${() => void this.load()}>Try again</button>
    </div>`;
    return html`
      ${
        isVideo
          ? html`<video id="player" playsinline @click=${() => this.run("playPause")}></video>`
          : html`<audio id="player"></audio>`
      }
      <section class="card recording" aria-label="Recording">
        ${transport(editor, player, this.run, this.setRate)} ${state === "failed" ? failure : nothing}
        <div class="editor" ?hidden=${state === "failed"}>
          ${trackList(editor)}
          <div>
            ${state === "loading" ? html`<div class="loading">Loading the recording …</div>` : nothing}
            <div id="wave"></div>
          </div>
        </div>
        <p class="status ${editor.status.isProblem ? "problem" : ""}" role="status" aria-live="polite">
          ${editor.status.text || hint(editor)}
        </p>
      </section>
      <div class="below ${this.childElementCount ? "" : "alone"}">
        ${segmentList(editor, this)}
        <div ?hidden=${!this.childElementCount}><slot></slot></div>
      </div>
      ${helpSheet(() => this.help?.close())}
    `;
  }
}

/** Keys that a focused control needs for itself: Space and Enter press, arrows move a radio or a slider. */
function belongsToFocus(event: KeyboardEvent): boolean {
  const focused = event.composedPath()[0];
  if (!(focused instanceof HTMLElement)) return false;
  const isRadio = focused instanceof HTMLInputElement && focused.type === "radio";
  if (event.key === " ") return focused.matches("button, summary, a[href], input") && !(isRadio && focused.checked);
  if (event.key === "Enter") return focused.matches("button, summary, a[href]");
  return event.key.startsWith("Arrow") && focused.matches("input, [role='radio'], [role='slider']");
}
