/** The table of segments: one row each, by time; every cell can be changed in place. */
import { html, nothing } from "lit";
import { guard } from "lit/directives/guard.js";
import { repeat } from "lit/directives/repeat.js";
import { trackColor } from "../colors.ts";
import { type Edge, type Segment, sameTrack, type Track, trackName } from "./model.ts";
import { formatTime, parseTime } from "./time.ts";

export interface TableOwner {
  onSelect(key: number): void;
  onPlaySegment(key: number): void;
  onEdge(key: number, edge: Edge, time: number): void;
  onTrack(key: number, track: Track): void;
  onWords(key: number, words: Partial<Pick<Segment, "text" | "emotion">>): void;
  onDelete(key: number): void;
  onNextText(key: number): void;
}

export interface TableState {
  rows: Segment[];
  tracks: Track[];
  emotions: string[];
  selected: number | null;
  faulty: ReadonlySet<number>;
}

const ARROW_STEP_S = 0.01;

export function table(state: TableState, owner: TableOwner) {
  return html`<table>
    <thead>
      <tr>
        <th><span class="unseen">Play</span></th>
        <th>Start</th>
        <th>End</th>
        <th>Label</th>
        <th class="wide">Text</th>
        ${state.emotions.length ? html`<th>Emotion</th>` : nothing}
        <th><span class="unseen">Delete</span></th>
      </tr>
    </thead>
    <tbody>
      ${repeat(
        state.rows,
        (segment) => segment.key,
        // A drag redraws sixty times a second: only the rows that changed are looked at.
        (segment, index) =>
          guard([segment, index, segment.key === state.selected, state.faulty.has(segment.key), state.tracks], () =>
            row(segment, index, state, owner),
          ),
      )}
    </tbody>
  </table>`;
}

function row(segment: Segment, index: number, state: TableState, owner: TableOwner) {
  const { key } = segment;
  const place = state.tracks.findIndex((t) => sameTrack(t, segment));
  const classes = `${key === state.selected ? "selected" : ""} ${state.faulty.has(key) ? "faulty" : ""}`;
  const what = `segment ${index + 1}`;
  return html`<tr
    class=${classes}
    data-key=${key}
    aria-selected=${key === state.selected}
    @pointerdown=${() => owner.onSelect(key)}
    @focusin=${() => owner.onSelect(key)}
    style="--c:${trackColor(Math.max(0, place))}"
  >
    <td>
      <button
        class="icon"
        type="button"
        aria-label="Play ${what}"
        title="Play (Enter)"
        @click=${() => owner.onPlaySegment(key)}
      >
        ▶
      </button>
    </td>
    <td>${timeField(segment, "start", `Start of ${what}`, owner)}</td>
    <td>${timeField(segment, "end", `End of ${what}`, owner)}</td>
    <td>
      <select
        class="track"
        aria-label="Label of ${what}"
        @change=${(event: Event) => {
          const select = event.target as HTMLSelectElement;
          const track = state.tracks[Number(select.value)];
          if (track) owner.onTrack(key, track);
          select.value = String(place); // a refused change falls back at once; an accepted one is drawn anew
        }}
      >
        ${state.tracks.map((t, i) => html`<option value=${i} .selected=${i === place}>${trackLabel(t, state.tracks)}</option>`)}
      </select>
    </td>
    <td class="wide">
      <textarea
        rows="1"
        class="text"
        aria-label="Text of ${what}"
        placeholder="Text"
        .value=${segment.text}
        @input=${(event: Event) => owner.onWords(key, { text: (event.target as HTMLTextAreaElement).value })}
        @keydown=${(event: KeyboardEvent) => {
          if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          event.stopPropagation();
          owner.onNextText(key);
        }}
      ></textarea>
    </td>
    ${
      state.emotions.length
        ? html`<td>
            <select
              aria-label="Emotion of ${what}"
              @change=${(event: Event) => owner.onWords(key, { emotion: (event.target as HTMLSelectElement).value })}
            >
              ${withCurrent(state.emotions, segment.emotion).map(
                (emotion) =>
                  html`<option value=${emotion} .selected=${emotion === segment.emotion}>${emotion || "–"}</option>`,
              )}
            </select>
          </td>`
        : nothing
    }
    <td>
      <button
        class="icon"
        type="button"
        aria-label="Delete ${what}"
        title="Delete (Delete)"
        @click=${(event: Event) => {
          event.stopPropagation();
          owner.onDelete(key);
        }}
      >
        ✕
      </button>
    </td>
  </tr>`;
}

function timeField(segment: Segment, edge: Edge, label: string, owner: TableOwner) {
  const set = (event: Event) => {
    const field = event.target as HTMLInputElement;
    const time = parseTime(field.value);
    if (time === null) field.setAttribute("aria-invalid", "true");
    else {
      field.removeAttribute("aria-invalid");
      owner.onEdge(segment.key, edge, time);
      field.value = formatTime(segment[edge]); // drawn anew with what the neighbours allow
    }
  };
  return html`<input
    class="time"
    inputmode="decimal"
    aria-label=${label}
    title="↑ ↓: 0.01 s, with Shift 0.1 s"
    .value=${formatTime(segment[edge])}
    @change=${set}
    @keydown=${(event: KeyboardEvent) => {
      const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (!direction) return;
      event.preventDefault();
      owner.onEdge(segment.key, edge, segment[edge] + direction * ARROW_STEP_S * (event.shiftKey ? 10 : 1));
    }}
  />`;
}

/** The tag alone where all tracks are of one category. */
export function trackLabel(track: Track, tracks: Track[]): string {
  return tracks.every((t) => t.category === track.category) ? track.tag : trackName(track);
}

const withCurrent = (options: string[], current: string): string[] =>
  options.includes(current) ? options : [current, ...options];
