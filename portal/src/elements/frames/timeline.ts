/** The bar under a sequence: which frame is shown, on which frames something is, and the key frames of an object. */
import { html, nothing, svg } from "lit";
import type { Frame } from "./format.ts";
import { type Sequence, stretches, type Track } from "./model.ts";

export interface Timeline {
  readonly frames: readonly Frame[];
  readonly at: number;
  readonly sequence: Sequence;
  readonly track: Track | null;
  readonly colour: string;
  readonly isPlaying: boolean;
  readonly go: (at: number) => void;
  readonly play: () => void;
}

export function timeline({ frames, at, sequence, track, colour, isPlaying, go, play }: Timeline) {
  const last = frames.length - 1;
  const button = (label: string, title: string, to: number, isOff: boolean) =>
    html`<button type="button" aria-label=${title} title=${title} ?disabled=${isOff} @click=${() => go(to)}>
      ${label}
    </button>`;
  return html`<div class="timeline">
    <div class="moves">
      ${button("«", "Back 10 frames (Shift+←)", at - 10, at === 0)}
      ${button("‹", "Previous frame (←)", at - 1, at === 0)}
      <button
        type="button"
        class="play"
        aria-label=${isPlaying ? "Pause" : "Play"}
        title="${isPlaying ? "Pause" : "Play"} (Space)"
        @click=${play}
      >
        ${isPlaying ? "❚❚" : "►"}
      </button>
      ${button("›", "Next frame (→)", at + 1, at === last)}
      ${button("»", "On 10 frames (Shift+→)", at + 10, at === last)}
      <output class="frame">Frame ${at + 1} of ${frames.length}</output>
      <span class="file">${frames[at]?.name}</span>
    </div>
    <div class="track">
      <input
        type="range"
        min="0"
        max=${last}
        aria-label="Frame"
        .value=${String(at)}
        @input=${(event: Event) => go(Number((event.target as HTMLInputElement).value))}
      />
      <svg viewBox="0 0 ${frames.length} 2" preserveAspectRatio="none" aria-hidden="true">
        <title>Above: frames with something on them. Below: the selected object and its key frames.</title>
        ${svg`<path class="anything" d=${runs(stretches(sequence.tracks), 0)} />`}
        ${
          track
            ? svg`<g style="color: ${colour}">
              <path class="present" d=${runs(stretches([track]), 1)} />
              <path class="keys" d=${keyPath(track)} /></g>`
            : nothing
        }
      </svg>
    </div>
  </div>`;
}

const runs = (found: readonly [number, number][], row: number) =>
  found.map(([first, last]) => `M${first} ${row + 0.15}h${last - first + 1}v.7H${first}z`).join("");

/** Key frames as marks, unless every frame is one. */
const keyPath = (track: Track) =>
  track.keys
    .filter(
      (key, place) =>
        key.points && !(track.keys[place - 1]?.at === key.at - 1 && track.keys[place + 1]?.at === key.at + 1),
    )
    .map((key) => `M${key.at + 0.5} 1v1`)
    .join("");
