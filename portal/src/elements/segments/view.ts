/** What is drawn around the waveform: the player's bar, the list of tracks, the table of segments. */
import { html, nothing } from "lit";
import { trackColor } from "../colors.ts";
import type { Editor } from "./editor.ts";
import type { Command } from "./hotkeys.ts";
import { round, trackName } from "./model.ts";
import { table, type TableOwner, trackLabel } from "./table.ts";
import { formatTime } from "./time.ts";

export const RATES = [0.5, 0.75, 1, 1.25, 1.5, 2];
export const ZOOM_MAX = 256;

export interface TransportState {
  isReady: boolean;
  isPlaying: boolean;
  isLooping: boolean;
  rate: number;
  zoom: number;
}

export function transport(
  editor: Editor,
  state: TransportState,
  run: (command: Command) => void,
  setRate: (rate: number) => void,
) {
  const isMarking = editor.marking.has(editor.active);
  const button = (
    command: Command,
    face: unknown,
    options: { title: string; label?: string; off?: boolean; pressed?: boolean; look?: string },
  ) =>
    html`<button
      type="button"
      class=${options.look ?? nothing}
      title=${options.title}
      aria-label=${options.label ?? nothing}
      aria-pressed=${options.pressed ?? nothing}
      ?disabled=${!state.isReady || options.off}
      @click=${() => run(command)}
    >
      ${face}
    </button>`;
  const glyph = (sign: string, word: string) => html`<span aria-hidden="true">${sign}</span> ${word}`;
  const play = state.isPlaying ? glyph("❚❚", "Pause") : glyph("▶", "Play");
  const mark = isMarking ? glyph("■", "End segment") : glyph("●", "Mark");
  return html`<div class="transport" role="toolbar" aria-label="Player" @mousedown=${keepFocus}>
    <div class="group">
      ${button("playPause", play, { title: "Space", look: "play" })}
      ${button("back", "−1 s", { title: "1 s back (←)", label: "One second back" })}
      ${button("forward", "+1 s", { title: "1 s forward (→)", label: "One second forward" })}
    </div>
    <div class="clock">
      <span id="now">${formatTime(0)}</span><span class="total"> / ${formatTime(editor.limits.duration)}</span>
    </div>
    <div class="group">
      ${button("mark", mark, { title: "M", look: "mark", pressed: isMarking })}
      ${button("loop", "Loop", { title: "L", pressed: state.isLooping })}
      <select
        aria-label="Speed"
        title="Speed (&lt; and &gt;)"
        @change=${(event: Event) => setRate(Number((event.target as HTMLSelectElement).value))}
      >
        ${RATES.map((rate) => html`<option value=${rate} .selected=${rate === state.rate}>${rate}×</option>`)}
      </select>
    </div>
    <div class="group" role="group" aria-label="Zoom">
      ${button("zoomOut", "−", { title: "Zoom out (−)", label: "Zoom out", off: state.zoom <= 1 })}
      ${button("zoomIn", "+", { title: "Zoom in (+)", label: "Zoom in", off: state.zoom >= ZOOM_MAX })}
      ${button("zoomFit", "Fit", { title: "Whole recording (0)", off: state.zoom <= 1 })}
    </div>
    <span class="spring"></span>
    <div class="group">
      ${button("undo", "Undo", { title: "Ctrl Z", off: !editor.canUndo })}
      ${button("redo", "Redo", { title: "Ctrl Shift Z", off: !editor.canRedo })}
      ${button("help", "Keys", { title: "?" })}
    </div>
  </div>`;
}

export function trackList(editor: Editor) {
  return html`<div class="tracks" role="group" aria-label="Labels" @mousedown=${keepFocus}>
    <div class="head">Label for<br />new segments</div>
    ${editor.tracks.map(
      (track, index) =>
        html`<button
          type="button"
          aria-pressed=${index === editor.active}
          style="--c:${trackColor(index)}"
          title=${trackName(track)}
          @click=${() => editor.choose(index)}
        >
          ${index < 9 ? html`<kbd>${index + 1}</kbd>` : nothing}
          <span class="name">${trackLabel(track, editor.tracks)}</span>
          ${editor.marking.has(index) ? html`<span class="live" aria-label="marking">●</span>` : nothing}
        </button>`,
    )}
  </div>`;
}

export function segmentList(editor: Editor, owner: TableOwner) {
  const { rows, tracks, emotions, selected, faulty } = editor;
  const marked = round(rows.reduce((sum, s) => sum + Math.max(0, s.end - s.start), 0));
  const setNothing = (event: Event) => editor.setNothingToMark((event.target as HTMLInputElement).checked);
  return html`<section class="card segments" aria-label="Segments" @mousedown=${keepFocus}>
    <h2>Segments ${rows.length ? html`<span>${rows.length}, ${marked} s marked</span>` : nothing}</h2>
    ${
      rows.length
        ? table({ rows, tracks, emotions, selected, faulty }, owner)
        : html`<div class="empty">
            None yet.
            <label
              ><input type="checkbox" .checked=${editor.nothingToMark} @change=${setNothing} />There is nothing to mark
              in this recording</label
            >
          </div>`
    }
  </section>`;
}

/** What can be done next, where there is nothing else to say. */
export function hint(editor: Editor): string {
  const track = editor.tracks[editor.active];
  if (!track) return "";
  return editor.segments.length
    ? `New segments get the label ${track.tag}. Press ? for all keys.`
    : `Drag over the sound to mark ${track.tag}, or press M while it plays. Press ? for all keys.`;
}

/** Pressing a button by mouse leaves the focus where it is, so that Space still plays. */
function keepFocus(event: Event): void {
  if (event.target instanceof Element && event.target.closest("button")) event.preventDefault();
}
