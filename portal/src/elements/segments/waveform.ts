/**
 * The waveform with its tracks: wavesurfer.js draws sound, time line and regions; pointer work is translated into
 * moments of the recording and told to the owner, who decides what becomes of the segments.
 *
 * Below the sound, every track has a lane, so that overlapping speakers never cover each other. A region spans its
 * tint on the sound and its block in the lane.
 */
import WaveSurfer from "wavesurfer.js";
import RegionsPlugin, { type Region } from "wavesurfer.js/plugins/regions";
import { trackColor } from "../colors.ts";
import type { Span } from "./editor.ts";
import { type Edge, type Segment, sameTrack, type Track } from "./model.ts";
import { Ruler } from "./ruler.ts";
import { formatTime } from "./time.ts";

export const WAVE_HEIGHT = 104;
export const TIMELINE_HEIGHT = 18;
export const LANE_HEIGHT = 30;
const DRAG_THRESHOLD_PX = 4;
const DOUBLE_CLICK_MS = 350;

export type Grip = Edge | "move";
export interface WaveformOwner {
  onSeek(time: number): void;
  /** A drag over free ground; `track` is the lane it began in, null on the sound itself. */
  onDraw(track: Track | null, from: number, to: number, isDone: boolean): void;
  onSelect(key: number): void;
  onPlaySegment(key: number): void;
  /** A grip is being dragged; `time` is where that edge, or the segment's start, should go. */
  onGrip(key: number, grip: Grip, time: number, isDone: boolean): void;
  onTime(time: number): void;
  onPlaying(isPlaying: boolean): void;
  onZoomWheel(direction: 1 | -1): void;
}

interface Drawn {
  region: Region;
  block: HTMLElement;
  words: HTMLElement;
  /** What was last drawn, to leave alone what did not change. */
  segment: Segment | null;
  isSelected: boolean;
}

export class Waveform {
  private readonly container: HTMLElement;
  private readonly media: HTMLMediaElement;
  private readonly owner: WaveformOwner;
  private readonly surfer: WaveSurfer;
  private readonly regions: InstanceType<typeof RegionsPlugin>;
  private readonly drawn = new Map<number, Drawn>();
  private readonly ruler = new Ruler();
  private readonly lanes = document.createElement("div");
  private readonly ghostLayer = document.createElement("div");
  private readonly wrapper: HTMLElement;
  private readonly scheme = matchMedia("(prefers-color-scheme: dark)");
  private tracks: Track[] = [];
  private segments: readonly Segment[] = [];
  private range: { start: number; end: number; key: number | null } | null = null;
  private lastClick = { key: -1, at: 0 };
  readonly duration: number;
  readonly ready: Promise<void>;
  loop = false;

  constructor(
    container: HTMLElement,
    media: HTMLMediaElement,
    peaks: number[],
    duration: number,
    owner: WaveformOwner,
  ) {
    this.container = container;
    this.media = media;
    this.duration = duration;
    this.owner = owner;
    this.regions = RegionsPlugin.create();
    this.surfer = WaveSurfer.create({
      container,
      media,
      peaks: [peaks],
      duration,
      height: WAVE_HEIGHT,
      normalize: true,
      interact: false,
      autoScroll: true,
      autoCenter: false,
      cursorWidth: 2,
      plugins: [this.regions],
    });
    this.paint();
    this.wrapper = this.surfer.getWrapper();
    const style = document.createElement("style");
    style.textContent = STYLE;
    this.wrapper.parentElement?.parentNode?.append(style);
    this.lanes.className = "lanes";
    this.ghostLayer.className = "ghosts";
    this.wrapper.append(this.ruler.element, this.lanes, this.ghostLayer);
    this.ready = new Promise((resolve) => this.surfer.once("ready", () => resolve()));
    this.surfer.on("timeupdate", this.onTime);
    for (const event of ["ready", "scroll", "zoom", "redraw", "resize"] as const) this.surfer.on(event, this.measure);
    this.surfer.on("play", () => owner.onPlaying(true));
    this.surfer.on("pause", () => owner.onPlaying(false));
    this.surfer.on("finish", this.onFinish);
    this.wrapper.addEventListener("pointerdown", this.onPointerDown);
    container.addEventListener("wheel", this.onWheel, { passive: false });
    this.scheme.addEventListener("change", this.paint);
  }

  destroy(): void {
    this.scheme.removeEventListener("change", this.paint);
    this.container.removeEventListener("wheel", this.onWheel);
    this.surfer.destroy();
  }

  // -- what is shown -------------------------------------------------------------------------------------------

  /** Draw the lanes of the tracks and every segment; only what changed is touched. */
  show(tracks: Track[], active: number, segments: readonly Segment[], selected: number | null): void {
    if (tracks !== this.tracks) {
      this.tracks = tracks;
      this.lanes.replaceChildren(...tracks.map((_, index) => lane(index)));
      for (const drawn of this.drawn.values()) drawn.segment = null;
    }
    this.segments = segments;
    for (const [index, element] of [...this.lanes.children].entries()) {
      element.classList.toggle("active", index === active);
    }
    const kept = new Set(segments.map((s) => s.key));
    for (const [key, { region }] of this.drawn) {
      if (kept.has(key)) continue;
      region.remove();
      this.drawn.delete(key);
    }
    for (const segment of segments) this.draw(segment, segment.key === selected);
    const playing = this.range && segments.find((s) => s.key === this.range?.key);
    if (playing && this.range) Object.assign(this.range, { start: playing.start, end: playing.end });
  }

  /** Segments in the making: drawn, not yet there. */
  showGhosts(ghosts: Span[]): void {
    this.ghostLayer.replaceChildren(
      ...ghosts.map(({ track, start, end }) => {
        const ghost = document.createElement("div");
        const index = this.indexOf(track);
        ghost.className = "ghost";
        ghost.style.cssText = `--c:${trackColor(index)};left:${this.percent(start)};width:${this.percent(end - start)};height:${laneTop(index) + LANE_HEIGHT - 3}px`;
        return ghost;
      }),
    );
  }

  private draw(segment: Segment, isSelected: boolean): void {
    const known = this.drawn.get(segment.key);
    const drawn = known ?? this.make(segment);
    if (drawn.segment === segment && drawn.isSelected === isSelected) return;
    Object.assign(drawn, { segment, isSelected });
    const { region, block, words } = drawn;
    if (known && (region.start !== segment.start || region.end !== segment.end)) {
      region.setOptions({ start: segment.start, end: segment.end });
    }
    const index = this.indexOf(segment);
    const element = region.element;
    if (!element) return;
    element.style.setProperty("--c", trackColor(index));
    element.classList.toggle("selected", isSelected);
    element.style.zIndex = isSelected ? "3" : "1";
    block.style.top = `${laneTop(index) + 3}px`;
    block.title = `${segment.tag}  ${formatTime(segment.start)} – ${formatTime(segment.end)}`;
    words.textContent = segment.text;
  }

  private make(segment: Segment): Drawn {
    const region = this.regions.addRegion({
      id: `segment-${segment.key}`,
      start: segment.start,
      end: segment.end,
      drag: false,
      resize: false,
      color: "transparent",
    });
    const block = box("block", { key: segment.key, grip: "move" });
    const words = box("words", {});
    block.append(
      words,
      box("handle start", { key: segment.key, grip: "start" }),
      box("handle end", { key: segment.key, grip: "end" }),
    );
    const element = region.element;
    if (element) {
      element.classList.add("segment");
      element.dataset.key = String(segment.key);
      element.style.pointerEvents = "none";
      element.style.transition = "none";
      element.append(
        box("tint", {}),
        box("edge start", { key: segment.key, grip: "start" }),
        box("edge end", { key: segment.key, grip: "end" }),
        block,
      );
    }
    const drawn: Drawn = { region, block, words, segment: null, isSelected: false };
    this.drawn.set(segment.key, drawn);
    return drawn;
  }

  /** Colours of a canvas cannot follow the page's variables by themselves. */
  private readonly paint = (): void => {
    const probe = document.createElement("i");
    this.container.append(probe);
    const color = (name: string) => {
      probe.style.color = `var(${name})`;
      return getComputedStyle(probe).color;
    };
    this.surfer.setOptions({
      waveColor: color("--a-wave"),
      progressColor: color("--a-wave-played"),
      cursorColor: color("--a-danger"),
    });
    probe.remove();
  };

  private indexOf(track: Track): number {
    return Math.max(
      0,
      this.tracks.findIndex((t) => sameTrack(t, track)),
    );
  }

  private percent(seconds: number): string {
    return `${(100 * seconds) / this.duration}%`;
  }

  // -- playing -------------------------------------------------------------------------------------------------

  get time(): number {
    return Math.min(this.media.currentTime, this.duration);
  }

  get isPlaying(): boolean {
    return this.surfer.isPlaying();
  }

  seek(time: number): void {
    this.range = null;
    this.surfer.setTime(Math.min(Math.max(0, time), this.duration));
  }

  async playPause(): Promise<void> {
    if (this.isPlaying) {
      this.surfer.pause();
    } else {
      if (this.time >= this.duration - 0.01) this.surfer.setTime(0);
      await this.surfer.play();
    }
  }

  async playRange(segment: Segment): Promise<void> {
    this.range = { start: segment.start, end: segment.end, key: segment.key };
    this.surfer.setTime(segment.start);
    await this.surfer.play();
  }

  pause(): void {
    this.surfer.pause();
  }

  setRate(rate: number): void {
    this.surfer.setPlaybackRate(rate, true);
  }

  private readonly onTime = (): void => {
    if (this.range && this.isPlaying && this.time >= this.range.end) {
      if (this.loop) this.surfer.setTime(this.range.start);
      else {
        const { end } = this.range;
        this.range = null;
        this.surfer.pause();
        this.surfer.setTime(end);
      }
    }
    this.owner.onTime(this.time);
  };

  private readonly onFinish = (): void => {
    if (!this.loop) return;
    this.surfer.setTime(this.range?.start ?? 0);
    void this.surfer.play();
  };

  // -- zoom ----------------------------------------------------------------------------------------------------

  /** Show the recording `factor` times as wide as the window; what is looked at (selection, playhead) stays in place. */
  zoom(factor: number, selected: Segment | undefined): void {
    const width = this.surfer.getWidth();
    const before = this.wrapper.getBoundingClientRect().width || width;
    const scroll = this.surfer.getScroll();
    const moments = [...(selected ? [(selected.start + selected.end) / 2] : []), this.time];
    const places = moments.map((time) => (time / this.duration) * before);
    const anchor = places.find((place) => place >= scroll && place <= scroll + width) ?? scroll + width / 2;
    this.surfer.zoom(factor <= 1 ? 0 : (width * factor) / this.duration);
    const after = this.wrapper.getBoundingClientRect().width;
    this.surfer.setScroll((anchor / before) * after - (anchor - scroll));
  }

  private readonly measure = (): void => {
    const { width } = this.wrapper.getBoundingClientRect();
    const [left, visible] = [this.surfer.getScroll(), this.surfer.getWidth()];
    this.ruler.draw({ width, left, visible, duration: this.duration });
  };

  /** Scroll a segment into view where it is not. */
  reveal(segment: Segment): void {
    const width = this.wrapper.getBoundingClientRect().width;
    const [from, to] = [(segment.start / this.duration) * width, (segment.end / this.duration) * width];
    const left = this.surfer.getScroll();
    if (to > left + 20 && from < left + this.surfer.getWidth() - 20) return;
    this.surfer.setScroll(from - 40);
  }

  private readonly onWheel = (event: WheelEvent): void => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.owner.onZoomWheel(event.deltaY < 0 ? 1 : -1);
  };

  // -- pointer -------------------------------------------------------------------------------------------------

  private timeAt(clientX: number): number {
    const box = this.wrapper.getBoundingClientRect();
    return Math.min(Math.max(0, ((clientX - box.left) / box.width) * this.duration), this.duration);
  }

  private readonly onPointerDown = (event: PointerEvent): void => {
    if (event.button !== 0 || !(event.target instanceof HTMLElement)) return;
    const target = event.target.closest<HTMLElement>("[data-grip], [data-lane]");
    const key = Number(target?.dataset.key ?? Number.NaN);
    const grip = target?.dataset.grip as Grip | undefined;
    const track = target?.dataset.lane === undefined ? null : (this.tracks[Number(target.dataset.lane)] ?? null);
    const from = this.timeAt(event.clientX);
    const segment = this.segments.find((s) => s.key === key);
    // The distance between the pointer and what it holds stays the same during the whole drag.
    const held = segment ? (grip === "end" ? segment.end : segment.start) - from : 0;
    let isDragging = false;
    if (segment) this.owner.onSelect(key);

    const tell = (at: PointerEvent, isDone: boolean) => {
      const time = this.timeAt(at.clientX);
      if (segment && grip) this.owner.onGrip(key, grip, time + held, isDone);
      else this.owner.onDraw(track, from, time, isDone);
    };
    const onMove = (at: PointerEvent) => {
      isDragging ||= Math.abs(at.clientX - event.clientX) >= DRAG_THRESHOLD_PX;
      if (!isDragging) return;
      this.scrollAtRim(at.clientX);
      tell(at, false);
    };
    const onEnd = (at: PointerEvent) => {
      this.wrapper.removeEventListener("pointermove", onMove);
      this.wrapper.removeEventListener("pointerup", onEnd);
      this.wrapper.removeEventListener("pointercancel", onEnd);
      if (isDragging) tell(at, true);
      else if (segment) this.click(key);
      else this.owner.onSeek(from);
    };
    event.preventDefault();
    // Whoever was typing means the waveform now: its keys must work at once.
    // (The document's active element is the host of the one inside; leaving the host leaves that too.)
    const root = this.container.getRootNode() as Document | ShadowRoot;
    for (const active of [root.activeElement, document.activeElement]) if (active instanceof HTMLElement) active.blur();
    this.wrapper.setPointerCapture(event.pointerId);
    this.wrapper.addEventListener("pointermove", onMove);
    this.wrapper.addEventListener("pointerup", onEnd);
    this.wrapper.addEventListener("pointercancel", onEnd);
  };

  private click(key: number): void {
    const now = performance.now();
    if (this.lastClick.key === key && now - this.lastClick.at < DOUBLE_CLICK_MS) this.owner.onPlaySegment(key);
    this.lastClick = { key, at: now };
  }

  private scrollAtRim(clientX: number): void {
    const box = this.container.getBoundingClientRect();
    if (clientX > box.right - 12) this.surfer.setScroll(this.surfer.getScroll() + 12);
    if (clientX < box.left + 12) this.surfer.setScroll(this.surfer.getScroll() - 12);
  }
}

const laneTop = (index: number): number => WAVE_HEIGHT + TIMELINE_HEIGHT + index * LANE_HEIGHT;

function lane(index: number): HTMLElement {
  const element = box("lane", {});
  element.dataset.lane = String(index);
  element.style.setProperty("--c", trackColor(index));
  return element;
}

function box(className: string, data: { key?: number; grip?: Grip }): HTMLElement {
  const element = document.createElement("div");
  element.className = className;
  if (data.key !== undefined) element.dataset.key = String(data.key);
  if (data.grip) element.dataset.grip = data.grip;
  return element;
}

const STYLE = `
.wrapper { cursor: crosshair; touch-action: pan-x; }
.ruler { position: relative; height: ${TIMELINE_HEIGHT}px; overflow: hidden; box-sizing: border-box;
  border-top: 1px solid var(--a-line); color: var(--a-muted); pointer-events: none; }
.tick { position: absolute; top: 0; height: 5px; border-left: 1px solid var(--a-line-strong); }
.tick.labeled { height: 100%; padding-left: 4px; font: 11px/${TIMELINE_HEIGHT}px var(--a-font); }
.lane { height: ${LANE_HEIGHT}px; border-top: 1px solid var(--a-line); box-sizing: border-box; }
.lane.active { background: color-mix(in srgb, var(--c) 9%, transparent); }
.lanes { position: relative; }
.ghosts { position: absolute; inset: 0; pointer-events: none; z-index: 4; }
.ghost { position: absolute; top: 0; background: color-mix(in srgb, var(--c) 22%, transparent);
  border: 1px dashed var(--c); box-sizing: border-box; }
.segment .tint { position: absolute; inset: 0 0 auto 0; height: ${WAVE_HEIGHT}px;
  background: color-mix(in srgb, var(--c) 14%, transparent); }
.segment.selected .tint { background: color-mix(in srgb, var(--c) 28%, transparent); }
.segment .edge { display: none; position: absolute; top: 0; height: ${WAVE_HEIGHT}px; width: 9px; cursor: ew-resize;
  pointer-events: auto; }
.segment.selected .edge { display: block; }
.segment .edge.start { left: -1px; border-left: 2px solid var(--c); }
.segment .edge.end { right: -1px; border-right: 2px solid var(--c); }
.segment .block { position: absolute; left: 0; right: 0; min-width: 3px; height: ${LANE_HEIGHT - 6}px; border-radius: 4px;
  box-sizing: border-box; pointer-events: auto; cursor: grab; overflow: hidden;
  background: color-mix(in srgb, var(--c) 42%, var(--a-surface)); border: 1px solid var(--c); }
.segment.selected .block { background: color-mix(in srgb, var(--c) 62%, var(--a-surface));
  box-shadow: 0 0 0 2px var(--a-surface), 0 0 0 3px var(--a-text); overflow: visible; }
.segment .words { padding: 0 10px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis;
  font: 12px/${LANE_HEIGHT - 8}px var(--a-font); color: var(--a-text); pointer-events: none; }
.segment .handle { position: absolute; top: 0; bottom: 0; width: min(8px, 35%); cursor: ew-resize;
  background: color-mix(in srgb, var(--c) 85%, transparent); }
.segment .handle.start { left: 0; } .segment .handle.end { right: 0; }
`;
