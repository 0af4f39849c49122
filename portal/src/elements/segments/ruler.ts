/**
 * The time line under the waveform: ticks and labels of the visible stretch only.
 *
 * (wavesurfer's own time line makes and measures every tick of the whole recording on each zoom: seconds of standstill
 * for an hour of sound.)
 */
import { formatTime } from "./time.ts";

const STEPS_S = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];
const LABEL_SPACE_PX = 76;
const PARTS = 5;

export interface Stretch {
  /** Pixels of the whole recording, of the part scrolled away on the left, of the visible part. */
  width: number;
  left: number;
  visible: number;
  /** Seconds of the whole recording. */
  duration: number;
}

/** Ticks of the visible stretch: position in pixels, and a label where there is one. */
export function ticksOf({ width, left, visible, duration }: Stretch): { x: number; label: string }[] {
  if (width <= 0 || duration <= 0) return [];
  const pxPerSecond = width / duration;
  const step = STEPS_S.find((s) => s * pxPerSecond >= LABEL_SPACE_PX) ?? STEPS_S.at(-1)!;
  const small = step / PARTS;
  const first = Math.max(0, Math.floor((left - LABEL_SPACE_PX) / pxPerSecond / small));
  const last = Math.min(Math.floor(duration / small + 1e-9), Math.ceil((left + visible) / pxPerSecond / small));
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => {
    const number = first + i;
    const label = number % PARTS === 0 ? tickLabel(number * small) : "";
    return { x: number * small * pxPerSecond, label };
  });
}

/** 75 → "1:15", 75.25 → "1:15.25": what a tick needs and no more. */
export function tickLabel(seconds: number): string {
  return formatTime(seconds).replace(/\.(\d*?)0*$/, (_, digits: string) => (digits ? `.${digits}` : ""));
}

export class Ruler {
  readonly element = document.createElement("div");

  constructor() {
    this.element.className = "ruler";
  }

  draw(stretch: Stretch): void {
    this.element.replaceChildren(
      ...ticksOf(stretch).map(({ x, label }) => {
        const tick = document.createElement("i");
        tick.className = label ? "tick labeled" : "tick";
        tick.style.left = `${x}px`;
        tick.textContent = label;
        return tick;
      }),
    );
  }
}
