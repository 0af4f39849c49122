/**
 * What the annotator is doing: segments with undo, the selection, the track for new segments, segments being marked
 * while the recording plays. Knows no browser; asks its host for the time and tells it what changed.
 */
import { History } from "../history.ts";
import * as model from "./model.ts";
import { formatTime } from "./time.ts";
import { fromValue, readCategories, toValue, withTracksOf } from "./value.ts";

export const DEFAULT_CATEGORIES: model.Categories = { speaker: ["Speaker A", "Speaker B"] };
const DEFAULT_EMOTION = "Neutral";

export interface EditorHost {
  /** Where the playhead is, seconds. */
  now(): number;
  /** Something to be drawn changed. */
  onShow(): void;
  /** The answer changed. */
  onAnswer(): void;
  /** A segment should be brought into view. */
  onReveal(segment: model.Segment): void;
}

export interface Span {
  track: model.Track;
  start: number;
  end: number;
}

type Words = Partial<Pick<model.Segment, "text" | "emotion">>;

export class Editor {
  private readonly host: EditorHost;
  private history = new History<readonly model.Segment[]>([]);
  private drawing: { track: model.Track; from: number; to: number } | null = null;
  labels: model.Categories = DEFAULT_CATEGORIES;
  tracks: model.Track[] = model.tracksOf(DEFAULT_CATEGORIES);
  emotions: string[] = [];
  limits: model.Limits = { duration: 0, minLength: 0.1 };
  selected: number | null = null;
  active = 0;
  /** Start of the segment being marked while playing, per track index. */
  marking = new Map<number, number>();
  faulty: ReadonlySet<number> = new Set();
  nothingToMark = false;
  status = { text: "", isProblem: false };
  private startTimestamp = Date.now();

  constructor(host: EditorHost) {
    this.host = host;
  }

  /** Begin with the job's categories and an earlier answer, or none. */
  start(categories: string, value: string): void {
    const parsed = fromValue(value);
    const offered = [readCategories(categories), parsed.categories].find((c) => Object.keys(c).length > 0);
    this.labels = withTracksOf(offered ?? DEFAULT_CATEGORIES, parsed.segments);
    this.tracks = model.tracksOf(this.labels);
    this.history = new History<readonly model.Segment[]>(parsed.segments);
    this.selected = null;
    this.host.onShow();
  }

  get segments(): readonly model.Segment[] {
    return this.history.present;
  }

  get rows(): model.Segment[] {
    return model.sorted(this.segments);
  }

  get selection(): model.Segment | undefined {
    return model.find(this.segments, this.selected);
  }

  get canUndo(): boolean {
    return this.history.canUndo;
  }

  get canRedo(): boolean {
    return this.history.canRedo;
  }

  say(text: string, isProblem = false): void {
    this.status = { text, isProblem };
    this.host.onShow();
  }

  // -- selection -----------------------------------------------------------------------------------------------

  select(key: number | null, reveal = false): void {
    const segment = model.find(this.segments, key);
    this.selected = segment?.key ?? null;
    if (segment) {
      const track = this.tracks.findIndex((t) => model.sameTrack(t, segment));
      if (track >= 0) this.active = track;
    }
    this.host.onShow();
    if (segment && reveal) this.host.onReveal(segment);
  }

  /** Select the next segment in time, or the one before. */
  walk(step: 1 | -1): void {
    const { rows } = this;
    const place = rows.findIndex((s) => s.key === this.selected);
    const next = place < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, place + step));
    this.select(rows[next]?.key ?? null, true);
  }

  /** The track that new segments get. */
  choose(index: number): void {
    this.active = index;
    this.host.onShow();
  }

  // -- changes -------------------------------------------------------------------------------------------------

  setEdge(key: number, edge: model.Edge, time: number): void {
    this.apply(model.setEdge(this.segments, key, edge, time, this.limits), `${edge}:${key}`);
  }

  /** While an edge or a whole segment is dragged; the drag is one step of undo. */
  drag(key: number, grip: model.Edge | "move", time: number, isDone: boolean): void {
    const moved =
      grip === "move"
        ? model.moveTo(this.segments, key, time, this.limits)
        : model.setEdge(this.segments, key, grip, time, this.limits);
    this.history.preview(moved);
    const segment = model.find(moved, key);
    if (isDone) {
      this.history.settle();
      this.afterChange();
    } else if (segment) this.say(`${formatTime(segment.start)} – ${formatTime(segment.end)}`);
  }

  /** While a new segment is drawn, from its first moment to another; added when done. */
  draw(lane: model.Track | null, from: number, to: number, isDone: boolean): void {
    const track = lane ?? this.tracks[this.active];
    if (!track) return;
    this.drawing = isDone ? null : { track, from, to };
    if (isDone) this.add(track, from, to);
    else this.host.onShow();
  }

  retag(key: number, track: model.Track): void {
    if (this.apply(model.retag(this.segments, key, track))) this.select(key);
  }

  describe(key: number, words: Words): void {
    this.apply(model.describe(this.segments, key, words), "text" in words ? `text:${key}` : null);
  }

  remove(key: number): void {
    const { rows } = this;
    const place = rows.findIndex((s) => s.key === key);
    if (!this.apply(model.remove(this.segments, key))) return;
    this.select((rows[place + 1] ?? rows[place - 1])?.key ?? null);
    this.say("Segment deleted. Ctrl Z brings it back.");
  }

  split(): void {
    if (this.selected === null) return this.say("Select a segment first.");
    const cut = model.split(this.segments, this.selected, this.host.now(), this.limits);
    if (typeof cut === "string") return this.say(cut, true);
    this.apply(cut.segments);
    this.select(cut.key);
  }

  clear(): void {
    this.apply([]);
  }

  undo(): void {
    if (this.history.undo()) this.afterChange();
    else this.say("Nothing to undo.");
  }

  redo(): void {
    if (this.history.redo()) this.afterChange();
    else this.say("Nothing to redo.");
  }

  setNothingToMark(isNothing: boolean): void {
    this.nothingToMark = isNothing;
    this.say("");
    this.host.onAnswer();
  }

  // -- marking while it plays ----------------------------------------------------------------------------------

  /** Start a segment of a track at the playhead, or end the one that was started; true when one was started. */
  mark(index: number): boolean {
    const track = this.tracks[index];
    if (!track) return false;
    const now = this.host.now();
    const from = this.marking.get(index);
    this.active = index;
    if (from === undefined) {
      if (!model.gapAt(this.segments, track, now, this.limits)) {
        this.say(`${track.tag} already has a segment here.`, true);
        return false;
      }
      this.marking.set(index, now);
      this.say(`Marking ${track.tag} from ${formatTime(now)}. The same key ends it.`);
      return true;
    }
    this.marking.delete(index);
    if (now > from) this.add(track, from, now);
    else this.say("The playhead is before the start of the segment: nothing was marked.", true);
    return false;
  }

  /** Drop what is being marked, else select nothing. */
  escape(): void {
    if (this.marking.size === 0) return this.select(null);
    this.marking.clear();
    this.say("Marking stopped; nothing was added.");
  }

  /** Segments in the making, as they would become. */
  get ghosts(): Span[] {
    const now = this.host.now();
    const spans = [...this.marking].map(([index, from]) => ({ track: this.tracks[index]!, from, to: now }));
    if (this.drawing) spans.push(this.drawing);
    return spans.flatMap(({ track, from, to }) => {
      const gap = model.gapAt(this.segments, track, Math.min(from, this.limits.duration), this.limits);
      if (!gap) return [];
      const start = Math.max(gap.from, Math.min(from, to));
      return [{ track, start, end: Math.max(start, Math.min(gap.to, Math.max(from, to))) }];
    });
  }

  // -- the answer ----------------------------------------------------------------------------------------------

  value(): string {
    return toValue(this.segments, this.labels, this.startTimestamp, Date.now(), this.nothingToMark);
  }

  /** The value of an earlier draft. */
  restore(value: string, active: number): void {
    this.start(JSON.stringify(this.labels), value);
    this.startTimestamp = fromValue(value).startTimestamp ?? this.startTimestamp;
    this.nothingToMark = value.includes('"nothingToMark":true');
    if (active < this.tracks.length) this.active = active;
    this.host.onShow();
  }

  problems(): model.Problem[] {
    if (this.marking.size) {
      return [{ key: null, message: "A segment is still being marked: press M to end it, or Escape to drop it." }];
    }
    if (this.segments.length === 0 && !this.nothingToMark) {
      return [{ key: null, message: "Mark at least one segment, or tick that there is nothing to mark." }];
    }
    return model.problems(this.segments, this.labels, this.limits);
  }

  showProblems(): void {
    const found = this.problems();
    this.faulty = new Set(found.flatMap(({ key }) => (key === null ? [] : [key])));
    const first = found.find(({ key }) => key !== null)?.key ?? null;
    if (first !== null) this.select(first, true);
    this.say(found[0]?.message ?? "", true);
  }

  private add(track: model.Track, from: number, to: number): void {
    const emotion = this.emotions.includes(DEFAULT_EMOTION) ? DEFAULT_EMOTION : "";
    const made = model.add(this.segments, track, from, to, this.limits, emotion);
    if (typeof made === "string") return this.say(made, true);
    this.apply(made.segments);
    this.select(made.key, true);
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
    if (!this.selection) this.selected = null;
    this.faulty = new Set();
    if (this.segments.length) this.nothingToMark = false;
    this.say("");
    this.host.onAnswer();
  }
}
