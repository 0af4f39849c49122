/**
 * `<annolake-segments>`: marks, labels and transcribes segments of a recording.
 *
 * Attributes: `name`, `src` and `peaks` (URLs), `media` (audio | video), `categories` ({category: [tags]}), `value` (an
 * earlier answer to start from), `emotions` (list; empty: no such column), `min-length` (seconds), `row-fields` (also answer
 * `label` and `emotiontag` of the last row, as the form fields of older templates did). Children stand beside the table.
 * Its answer under `name` is the JSON text of `value.ts`.
 */
import { html, LitElement, nothing } from "lit";
import { isRecord } from "../../shared/protocol.ts";
import type { AnswerControl } from "../answer.ts";
import { changed, controlStyles, isTyping, readList } from "../base.ts";
import { trackColor } from "./colors.ts";
import { helpSheet } from "./help.ts";
import { History } from "./history.ts";
import { type Command, commandOf, trackOf } from "./hotkeys.ts";
import * as model from "./model.ts";
import { decodePeaks, fetchPeaks, fit, type Peaks } from "./peaks.ts";
import { styles } from "./styles.ts";
import { type TableOwner, table, trackLabel } from "./table.ts";
import { formatTime } from "./time.ts";
import { fromValue, readCategories, toValue, withTracksOf } from "./value.ts";
import { type Grip, Waveform, type WaveformOwner } from "./waveform.ts";

const EMOTIONS = ["Happy", "Angry", "Neutral", "Sad", "Worried"];
const DEFAULT_EMOTION = "Neutral";
const DEFAULT_CATEGORIES: model.Categories = { speaker: ["Speaker A", "Speaker B"] };
const RATES = [0.5, 0.75, 1, 1.25, 1.5, 2];
const NUDGE_S = 0.05;
const FRAME_S = 0.04;
const ZOOM_MAX = 256;

type Segments = readonly model.Segment[];

export class AnnolakeSegments extends LitElement implements AnswerControl, WaveformOwner, TableOwner {
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
    selected: { state: true },
    active: { state: true },
    playing: { state: true },
    rate: { state: true },
    zoomFactor: { state: true },
    isLooping: { state: true },
    status: { state: true },
    faulty: { state: true },
    nothingToMark: { state: true },
    marking: { state: true },
    version: { state: true },
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
  declare private selected: number | null;
  declare private active: number;
  declare private playing: boolean;
  declare private rate: number;
  declare private zoomFactor: number;
  declare private isLooping: boolean;
  declare private status: { text: string; isProblem: boolean };
  declare private faulty: ReadonlySet<number>;
  declare private nothingToMark: boolean;
  /** Start of the segment being marked while playing, per track index. */
  declare private marking: ReadonlyMap<number, number>;
  declare private version: number;

  private history = new History<Segments>([]);
  private waveform: Waveform | null = null;
  private tracks: model.Track[] = [];
  private labels: model.Categories = DEFAULT_CATEGORIES;
  private duration = 0;
  private startTimestamp = Date.now();

  static override styles = [controlStyles, styles];

  constructor() {
    super();
    this.state = "loading";
    this.selected = null;
    this.active = 0;
    this.playing = false;
    this.rate = 1;
    this.zoomFactor = 1;
    this.isLooping = false;
    this.status = { text: "", isProblem: false };
    this.faulty = new Set();
    this.nothingToMark = false;
    this.marking = new Map();
    this.version = 0;
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
    this.start(this.value ?? "");
    void this.load();
  }

  /** Begin from an earlier answer, or from nothing. */
  private start(value: string): void {
    const parsed = fromValue(value);
    const given = readCategories(this.categories ?? "");
    const base = Object.keys(given).length
      ? given
      : Object.keys(parsed.categories).length
        ? parsed.categories
        : DEFAULT_CATEGORIES;
    this.labels = withTracksOf(base, parsed.segments);
    this.tracks = model.tracksOf(this.labels);
    this.history = new History<Segments>(parsed.segments);
    this.version++;
  }

  // -- loading -------------------------------------------------------------------------------------------------

  private get player(): HTMLMediaElement {
    return this.renderRoot.querySelector<HTMLMediaElement>("#player")!;
  }

  private async load(): Promise<void> {
    this.state = "loading";
    this.waveform?.destroy();
    this.waveform = null;
    try {
      const { src } = this;
      if (!src) throw new Error("The task names no recording.");
      const [duration, peaks] = await Promise.all([this.loadMedia(src), this.loadPeaks(src)]);
      if (!this.isConnected) return;
      // The shorter of the two lengths: no segment may end where the registered recording no longer is.
      this.duration = model.round(peaks ? Math.min(duration, Math.max(peaks.duration, duration - 0.5)) : duration);
      const container = this.renderRoot.querySelector<HTMLElement>("#wave")!;
      this.waveform = new Waveform(container, this.player, fit(peaks, duration), duration, this);
      await this.waveform.ready;
      this.state = "ready";
      this.refresh();
      if (!peaks) this.say("The waveform of this recording cannot be drawn; you can still play and mark it.");
    } catch (error) {
      this.state = "failed";
      this.say(error instanceof Error ? error.message : String(error), true);
    }
  }

  private loadMedia(src: string): Promise<number> {
    const { player } = this;
    return new Promise((resolve, reject) => {
      const fail = () => {
        const why =
          player.error?.code === MediaError.MEDIA_ERR_NETWORK
            ? "the connection was lost"
            : "it could not be loaded, or its format is not one that this browser plays";
        reject(new Error(`The recording cannot be played: ${why}.`));
      };
      player.addEventListener(
        "loadedmetadata",
        () => (Number.isFinite(player.duration) ? resolve(player.duration) : fail()),
        { once: true },
      );
      player.addEventListener("error", fail, { once: true });
      player.crossOrigin = "anonymous";
      player.preload = "auto";
      player.src = src;
      player.load();
    });
  }

  private async loadPeaks(src: string): Promise<Peaks | null> {
    const ways = [...(this.peaks ? [() => fetchPeaks(this.peaks!)] : []), () => decodePeaks(src)];
    for (const way of ways) {
      try {
        return await way();
      } catch (error) {
        console.warn("annolake-segments:", error);
      }
    }
    return null;
  }

  // -- changes -------------------------------------------------------------------------------------------------

  private get limits(): model.Limits {
    return { duration: this.duration, minLength: this.minLength ?? 0.1 };
  }

  private get segments(): Segments {
    return this.history.present;
  }

  private get emotionChoices(): string[] {
    return this.emotions === null || this.emotions === undefined ? EMOTIONS : readList(this.emotions);
  }

  /** Carry out a change, or tell why not. */
  private apply(result: model.Segment[] | string, topic: string | null = null): boolean {
    if (typeof result === "string") {
      this.say(result, true);
      return false;
    }
    this.history.commit(result, topic);
    this.afterChange();
    return true;
  }

  private afterChange(): void {
    if (!model.find(this.segments, this.selected)) this.selected = null;
    this.faulty = new Set();
    if (this.segments.length) this.nothingToMark = false;
    this.say("");
    this.refresh();
    changed(this);
  }

  private refresh(): void {
    this.version++;
    this.waveform?.show(this.tracks, this.active, this.segments, this.selected);
    this.drawGhosts();
  }

  private say(text: string, isProblem = false): void {
    if (this.status.text !== text || this.status.isProblem !== isProblem) this.status = { text, isProblem };
  }

  private select(key: number | null, reveal = false): void {
    const segment = model.find(this.segments, key);
    this.selected = segment?.key ?? null;
    if (segment) {
      const track = this.tracks.findIndex((t) => model.sameTrack(t, segment));
      if (track >= 0) this.active = track;
      if (reveal) {
        this.waveform?.reveal(segment);
        void this.updateComplete.then(() => this.row(segment.key)?.scrollIntoView({ block: "nearest" }));
      }
    }
    this.refresh();
  }

  private row(key: number): HTMLElement | null {
    return this.renderRoot.querySelector(`tr[data-key="${key}"]`);
  }

  // -- what the waveform and the table tell --------------------------------------------------------------------

  onSeek(time: number): void {
    this.waveform?.seek(time);
  }

  private drawing: { track: model.Track; from: number; to: number } | null = null;

  onDraw(lane: model.Track | null, from: number, to: number, isDone: boolean): void {
    const track = lane ?? this.tracks[this.active];
    if (!track) return;
    this.drawing = isDone ? null : { track, from, to };
    if (isDone) {
      const made = model.add(this.segments, track, from, to, this.limits, this.newEmotion);
      if (typeof made === "string") this.say(made, true);
      else {
        this.apply(made.segments);
        this.select(made.key, true);
      }
    }
    this.drawGhosts();
  }

  onGrip(key: number, grip: Grip, time: number, isDone: boolean): void {
    this.history.preview(
      grip === "move"
        ? model.moveTo(this.segments, key, time, this.limits)
        : model.setEdge(this.segments, key, grip, time, this.limits),
    );
    if (isDone) {
      this.history.settle();
      this.afterChange();
    } else {
      const segment = model.find(this.segments, key);
      if (segment) this.say(`${formatTime(segment.start)} – ${formatTime(segment.end)}`);
      this.refresh();
    }
  }

  onSelect(key: number): void {
    if (key !== this.selected) this.select(key);
  }

  onPlaySegment(key: number): void {
    const segment = model.find(this.segments, key);
    if (!segment) return;
    this.select(key, true);
    void this.waveform?.playRange(segment).catch((error) => this.say(String(error), true));
  }

  onEdge(key: number, edge: model.Edge, time: number): void {
    this.apply(model.setEdge(this.segments, key, edge, time, this.limits), `${edge}:${key}`);
  }

  onTrack(key: number, track: model.Track): void {
    if (this.apply(model.retag(this.segments, key, track))) this.select(key);
  }

  onWords(key: number, words: Partial<Pick<model.Segment, "text" | "emotion">>): void {
    this.apply(model.describe(this.segments, key, words), "text" in words ? `text:${key}` : null);
  }

  onDelete(key: number): void {
    const rows = model.sorted(this.segments);
    const place = rows.findIndex((s) => s.key === key);
    if (!this.apply(model.remove(this.segments, key))) return;
    this.select((rows[place + 1] ?? rows[place - 1])?.key ?? null);
    this.say("Segment deleted. Ctrl Z brings it back.");
  }

  onNextText(key: number): void {
    const rows = model.sorted(this.segments);
    const next = rows[rows.findIndex((s) => s.key === key) + 1];
    if (!next) return;
    this.onPlaySegment(next.key);
    this.focusText(next.key);
  }

  onTime(time: number): void {
    const clock = this.renderRoot.querySelector("#now");
    if (clock) clock.textContent = formatTime(time);
    if (this.marking.size) this.drawGhosts();
  }

  onPlaying(isPlaying: boolean): void {
    this.playing = isPlaying;
  }

  onZoomWheel(direction: 1 | -1): void {
    this.zoom(direction > 0 ? this.zoomFactor * 1.5 : this.zoomFactor / 1.5);
  }

  private get newEmotion(): string {
    const choices = this.emotionChoices;
    return choices.includes(DEFAULT_EMOTION) ? DEFAULT_EMOTION : "";
  }

  private drawGhosts(): void {
    if (!this.waveform) return;
    const now = this.waveform.time;
    const spans = [...this.marking].map(([index, from]) => ({ track: this.tracks[index]!, from, to: now }));
    if (this.drawing) spans.push(this.drawing);
    this.waveform.showGhosts(
      spans.flatMap(({ track, from, to }) => {
        const gap = model.gapAt(this.segments, track, Math.min(from, this.duration), this.limits);
        if (!gap) return [];
        const start = Math.max(gap.from, Math.min(from, to));
        return [{ track, start, end: Math.max(start, Math.min(gap.to, Math.max(from, to))) }];
      }),
    );
  }

  // -- marking while it plays ----------------------------------------------------------------------------------

  /** Start a segment of a track at the playhead, or end the one that was started. */
  private mark(index: number): void {
    const track = this.tracks[index];
    if (!track || !this.waveform) return;
    const now = this.waveform.time;
    const marking = new Map(this.marking);
    const from = marking.get(index);
    this.active = index;
    if (from === undefined) {
      if (!model.gapAt(this.segments, track, now, this.limits)) {
        this.say(`${track.tag} already has a segment here.`, true);
        return;
      }
      this.marking = marking.set(index, now);
      this.say(`Marking ${track.tag} from ${formatTime(now)}. The same key ends it.`);
      if (!this.playing) void this.waveform.playPause();
    } else {
      marking.delete(index);
      this.marking = marking;
      if (now <= from) this.say("The playhead is before the start of the segment: nothing was marked.", true);
      else {
        const made = model.add(this.segments, track, from, now, this.limits, this.newEmotion);
        if (typeof made === "string") this.say(made, true);
        else {
          this.apply(made.segments);
          this.select(made.key, true);
        }
      }
    }
    this.refresh();
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
    if (digit && digit.index < this.tracks.length) {
      if (digit.mark) this.mark(digit.index);
      else this.choose(digit.index);
    } else if (command) this.run(command);
    else return;
    event.preventDefault();
  };

  private choose(index: number): void {
    this.active = index;
    this.refresh();
  }

  private run(command: Command): void {
    const { waveform } = this;
    if (!waveform) return;
    const segment = model.find(this.segments, this.selected);
    const rows = model.sorted(this.segments);
    const place = rows.findIndex((s) => s.key === this.selected);
    const withSelected = (act: (segment: model.Segment) => void) =>
      segment ? act(segment) : this.say("Select a segment first.");
    const nudge = (edge: model.Edge, by: number) => withSelected((s) => this.onEdge(s.key, edge, s[edge] + by));
    const actions: Record<Command, () => void> = {
      playPause: () => void waveform.playPause().catch((error) => this.say(String(error), true)),
      back: () => waveform.seek(waveform.time - 1),
      forward: () => waveform.seek(waveform.time + 1),
      backFar: () => waveform.seek(waveform.time - 5),
      forwardFar: () => waveform.seek(waveform.time + 5),
      framePrevious: () => waveform.seek(waveform.time - FRAME_S),
      frameNext: () => waveform.seek(waveform.time + FRAME_S),
      toStart: () => waveform.seek(0),
      toEnd: () => waveform.seek(this.duration),
      playSegment: () => withSelected((s) => this.onPlaySegment(s.key)),
      loop: () => this.setLoop(!this.isLooping),
      slower: () => this.setRate(RATES[Math.max(0, RATES.indexOf(this.rate) - 1)]!),
      faster: () => this.setRate(RATES[Math.min(RATES.length - 1, RATES.indexOf(this.rate) + 1)]!),
      zoomIn: () => this.zoom(this.zoomFactor * 2),
      zoomOut: () => this.zoom(this.zoomFactor / 2),
      zoomFit: () => this.zoom(1),
      mark: () => this.mark(this.active),
      setStart: () => withSelected((s) => this.onEdge(s.key, "start", waveform.time)),
      setEnd: () => withSelected((s) => this.onEdge(s.key, "end", waveform.time)),
      startEarlier: () => nudge("start", -NUDGE_S),
      startLater: () => nudge("start", NUDGE_S),
      endEarlier: () => nudge("end", -NUDGE_S),
      endLater: () => nudge("end", NUDGE_S),
      split: () => this.split(),
      delete: () => withSelected((s) => this.onDelete(s.key)),
      undo: () => this.step(this.history.undo(), "Nothing to undo."),
      redo: () => this.step(this.history.redo(), "Nothing to redo."),
      next: () => this.select(rows[Math.min(rows.length - 1, place + 1)]?.key ?? null, true),
      previous: () => this.select(rows[Math.max(0, place < 0 ? rows.length - 1 : place - 1)]?.key ?? null, true),
      editText: () => withSelected((s) => this.focusText(s.key)),
      escape: () => this.escape(),
      help: () => this.help?.showModal(),
    };
    actions[command]();
  }

  private get help(): HTMLDialogElement | null {
    return this.renderRoot.querySelector<HTMLDialogElement>("#help");
  }

  private focusText(key: number): void {
    void this.updateComplete.then(() => this.row(key)?.querySelector<HTMLElement>(".text")?.focus());
  }

  private escape(): void {
    if (this.marking.size) {
      this.marking = new Map();
      this.say("Marking stopped; nothing was added.");
      this.refresh();
    } else this.select(null);
  }

  private split(): void {
    if (!this.waveform || this.selected === null) {
      this.say("Select a segment first.");
      return;
    }
    const cut = model.split(this.segments, this.selected, this.waveform.time, this.limits);
    if (typeof cut === "string") this.say(cut, true);
    else {
      this.apply(cut.segments);
      this.select(cut.key);
    }
  }

  private step(didStep: boolean, otherwise: string): void {
    if (didStep) this.afterChange();
    else this.say(otherwise);
  }

  private setLoop(isOn: boolean): void {
    this.isLooping = isOn;
    if (this.waveform) this.waveform.loop = isOn;
  }

  private setRate(rate: number): void {
    this.rate = rate;
    this.waveform?.setRate(rate);
  }

  private zoom(factor: number): void {
    this.zoomFactor = Math.min(ZOOM_MAX, Math.max(1, factor));
    this.waveform?.zoom(this.zoomFactor, model.find(this.segments, this.selected));
  }

  // -- the answer ----------------------------------------------------------------------------------------------

  answerPart(): Record<string, unknown> {
    if (!this.name) return {};
    const rows = model.sorted(this.segments);
    const last = rows.at(-1);
    const text = toValue(rows, this.labels, this.startTimestamp, Date.now(), this.nothingToMark);
    const rowFields = {
      ...(last?.text ? { label: last.text } : {}),
      ...(last?.emotion ? { emotiontag: last.emotion } : {}),
    };
    return { [this.name]: text, ...(this.rowFields ? rowFields : {}) };
  }

  answerProblems(): string[] {
    if (this.marking.size) return ["A segment is still being marked: press M to end it, or Escape to drop it."];
    if (this.segments.length === 0 && !this.nothingToMark) {
      return ["Mark at least one segment, or tick that there is nothing to mark."];
    }
    return model.problems(this.segments, this.labels, this.limits).map((problem) => problem.message);
  }

  showProblem(): void {
    const found = model.problems(this.segments, this.labels, this.limits);
    this.faulty = new Set(found.flatMap(({ key }) => (key === null ? [] : [key])));
    this.say(this.answerProblems()[0] ?? "", true);
    const first = found.find(({ key }) => key !== null)?.key ?? null;
    if (first !== null) this.select(first, true);
    this.renderRoot.querySelector(".segments")?.scrollIntoView({ block: "nearest" });
  }

  draftState(): unknown {
    const value = toValue(this.segments, this.labels, this.startTimestamp, Date.now(), this.nothingToMark);
    return { value, active: this.active };
  }

  restoreDraft(draft: unknown): void {
    if (!isRecord(draft) || typeof draft.value !== "string") return;
    this.start(draft.value);
    const parsed = fromValue(draft.value);
    this.startTimestamp = parsed.startTimestamp ?? this.startTimestamp;
    this.nothingToMark = draft.value.includes('"nothingToMark":true');
    if (typeof draft.active === "number" && draft.active < this.tracks.length) this.active = draft.active;
    this.selected = null;
    this.refresh();
  }

  resetAnswer(): void {
    this.apply([]);
  }

  // -- drawing -------------------------------------------------------------------------------------------------

  override render() {
    const isVideo = this.media === "video";
    const isReady = this.state === "ready";
    return html`
      ${isVideo ? html`<video id="player" class="card" playsinline @click=${() => this.run("playPause")}></video>` : html`<audio id="player"></audio>`}
      <section class="card" aria-label="Recording" style=${isVideo ? "margin-top:12px" : ""}>
        ${this.renderTransport(isReady)}
        ${
          this.state === "failed"
            ? html`<div class="loading">
                <p>${this.status.text}</p>
                <button class="add" type="button" @click=${() => void this.load()}>Try again</button>
              </div>`
            : nothing
        }
        <div class="editor" ?hidden=${this.state === "failed"}>
          ${this.renderTracks()}
          <div>
            ${isReady ? nothing : html`<div class="loading">Loading the recording …</div>`}
            <div id="wave"></div>
          </div>
        </div>
        <p class="status ${this.status.isProblem ? "problem" : ""}" role="status" aria-live="polite">
          ${this.status.text || this.hint}
        </p>
      </section>
      <div class="below ${this.childElementCount ? "" : "alone"}">
        ${this.renderSegments()}
        <div ?hidden=${!this.childElementCount}><slot></slot></div>
      </div>
      ${helpSheet(() => this.help?.close())}
    `;
  }

  private get hint(): string {
    const track = this.tracks[this.active];
    if (!track) return "";
    return this.segments.length
      ? `New segments get the label ${track.tag}. Press ? for all keys.`
      : `Drag over the sound to mark ${track.tag}, or press M while it plays. Press ? for all keys.`;
  }

  private renderTransport(isReady: boolean) {
    const press = (command: Command) => () => this.run(command);
    const isMarking = this.marking.has(this.active);
    return html`<div class="transport" role="toolbar" aria-label="Player" @pointerdown=${keepFocus}>
      <div class="group">
        <button class="play" type="button" ?disabled=${!isReady} title="Space" @click=${press("playPause")}>
          <span aria-hidden="true">${this.playing ? "❚❚" : "▶"}</span> ${this.playing ? "Pause" : "Play"}
        </button>
        <button
          type="button"
          ?disabled=${!isReady}
          aria-label="One second back"
          title="1 s back (←)"
          @click=${press("back")}
        >
          −1 s
        </button>
        <button
          type="button"
          ?disabled=${!isReady}
          aria-label="One second forward"
          title="1 s forward (→)"
          @click=${press("forward")}
        >
          +1 s
        </button>
      </div>
      <div class="clock">
        <span id="now">${formatTime(0)}</span><span class="total"> / ${formatTime(this.duration)}</span>
      </div>
      <div class="group">
        <button
          class="mark"
          type="button"
          ?disabled=${!isReady}
          aria-pressed=${isMarking}
          title="M"
          @click=${press("mark")}
        >
          <span aria-hidden="true">${isMarking ? "■" : "●"}</span> ${isMarking ? "End segment" : "Mark"}
        </button>
        <button type="button" ?disabled=${!isReady} aria-pressed=${this.isLooping} title="L" @click=${press("loop")}>
          Loop
        </button>
        <select
          aria-label="Speed"
          title="Speed (&lt; and &gt;)"
          @change=${(event: Event) => this.setRate(Number((event.target as HTMLSelectElement).value))}
        >
          ${RATES.map((rate) => html`<option value=${rate} .selected=${rate === this.rate}>${rate}×</option>`)}
        </select>
      </div>
      <div class="group" role="group" aria-label="Zoom">
        <button
          type="button"
          ?disabled=${!isReady || this.zoomFactor <= 1}
          aria-label="Zoom out"
          title="Zoom out (−)"
          @click=${press("zoomOut")}
        >
          −
        </button>
        <button
          type="button"
          ?disabled=${!isReady || this.zoomFactor >= ZOOM_MAX}
          aria-label="Zoom in"
          title="Zoom in (+)"
          @click=${press("zoomIn")}
        >
          +
        </button>
        <button
          type="button"
          ?disabled=${!isReady || this.zoomFactor <= 1}
          title="Whole recording (0)"
          @click=${press("zoomFit")}
        >
          Fit
        </button>
      </div>
      <span class="spring"></span>
      <div class="group">
        <button type="button" ?disabled=${!this.history.canUndo} title="Ctrl Z" @click=${press("undo")}>Undo</button>
        <button type="button" ?disabled=${!this.history.canRedo} title="Ctrl Shift Z" @click=${press("redo")}>
          Redo
        </button>
        <button type="button" title="?" @click=${press("help")}>Keys</button>
      </div>
    </div>`;
  }

  private renderTracks() {
    return html`<div class="tracks" role="group" aria-label="Labels" @pointerdown=${keepFocus}>
      <div class="head">Label for<br />new segments</div>
      ${this.tracks.map(
        (track, index) =>
          html`<button
            type="button"
            aria-pressed=${index === this.active}
            style="--c:${trackColor(index)}"
            title=${model.trackName(track)}
            @click=${() => this.choose(index)}
          >
            ${index < 9 ? html`<kbd>${index + 1}</kbd>` : nothing}
            <span class="name">${trackLabel(track, this.tracks)}</span>
            ${this.marking.has(index) ? html`<span class="live" aria-label="marking">●</span>` : nothing}
          </button>`,
      )}
    </div>`;
  }

  private renderSegments() {
    const rows = model.sorted(this.segments);
    const marked = model.round(rows.reduce((sum, s) => sum + Math.max(0, s.end - s.start), 0));
    return html`<section class="card segments" aria-label="Segments">
      <h2>Segments ${rows.length ? html`<span>${rows.length}, ${marked} s marked</span>` : nothing}</h2>
      ${
        rows.length
          ? table(
              {
                rows,
                tracks: this.tracks,
                emotions: this.emotionChoices,
                selected: this.selected,
                faulty: this.faulty,
              },
              this,
            )
          : html`<div class="empty">
              None yet.
              <label
                ><input type="checkbox" .checked=${this.nothingToMark} @change=${this.onNothing} />There is nothing to
                mark in this recording</label
              >
            </div>`
      }
    </section>`;
  }

  private readonly onNothing = (event: Event): void => {
    this.nothingToMark = (event.target as HTMLInputElement).checked;
    this.say("");
    changed(this);
  };
}

/** Pressing a button of the bar by mouse leaves the focus where it is, so that Space still plays. */
function keepFocus(event: Event): void {
  if (event.target instanceof Element && event.target.closest("button")) event.preventDefault();
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
