/** Waveform peaks: from the prepared file, else decoded here, else flat. */
import { isRecord } from "../../shared/protocol.ts";

export interface Peaks {
  /** Absolute maxima, 0 to 1, in equal bins. */
  values: number[];
  perSecond: number;
  /** Length that the peaks stand for, seconds. */
  duration: number;
}

const PER_SECOND = 100;
const DECODE_LIMIT_BYTES = 150_000_000;

/** Peaks of a file made beforehand: `{"version": 1, "duration_s", "peaks_per_s", "peaks": [0..1]}`. */
export async function fetchPeaks(url: string): Promise<Peaks> {
  const response = await fetch(url, { credentials: "omit" });
  if (!response.ok) throw new Error(`peaks: HTTP ${response.status}`);
  const file: unknown = await response.json();
  if (!isRecord(file) || !Array.isArray(file.peaks) || typeof file.duration_s !== "number") {
    throw new Error("peaks: not a peaks file");
  }
  const perSecond = typeof file.peaks_per_s === "number" ? file.peaks_per_s : file.peaks.length / file.duration_s;
  return { values: file.peaks.map(Number), perSecond, duration: file.duration_s };
}

/** Download and decode the recording; for jobs whose manifest brings no peaks. */
export async function decodePeaks(url: string): Promise<Peaks> {
  const response = await fetch(url, { credentials: "omit" });
  if (!response.ok) throw new Error(`recording: HTTP ${response.status}`);
  if (Number(response.headers.get("content-length") ?? 0) > DECODE_LIMIT_BYTES) {
    await response.body?.cancel();
    throw new Error("recording: too large to draw its waveform here");
  }
  const audio = await new OfflineAudioContext(1, 1, 8000).decodeAudioData(await response.arrayBuffer());
  const channels = Array.from({ length: audio.numberOfChannels }, (_, i) => audio.getChannelData(i));
  const bin = Math.max(1, Math.round(audio.sampleRate / PER_SECOND));
  const values = Array.from({ length: Math.ceil(audio.length / bin) }, (_, index) => {
    let highest = 0;
    for (const samples of channels) {
      for (let i = index * bin; i < Math.min((index + 1) * bin, samples.length); i++) {
        highest = Math.max(highest, Math.abs(samples[i] ?? 0));
      }
    }
    return highest;
  });
  return { values, perSecond: audio.sampleRate / bin, duration: audio.duration };
}

/** Peaks cut or padded to exactly the duration that the player has, so that picture and sound stay aligned. */
export function fit(peaks: Peaks | null, duration: number): number[] {
  if (!peaks || peaks.values.length === 0) return new Array(Math.max(2, Math.ceil(duration))).fill(0);
  const length = Math.max(2, Math.round(duration * peaks.perSecond));
  const values = peaks.values.slice(0, length);
  while (values.length < length) values.push(0);
  return values;
}
