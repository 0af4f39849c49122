/** Loads a recording into its player, and its waveform from the best source there is. */
import { decodePeaks, fetchPeaks, type Peaks } from "./peaks.ts";

/** Length of the recording once the player knows it; rejects with a sentence for the annotator. */
export function loadMedia(player: HTMLMediaElement, src: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = () => {
      const isNetwork = player.error?.code === MediaError.MEDIA_ERR_NETWORK;
      const why = isNetwork
        ? "the connection was lost"
        : "it could not be loaded, or its format is not one that this browser plays";
      reject(new Error(`The recording cannot be played: ${why}.`));
    };
    const know = () => (Number.isFinite(player.duration) ? resolve(player.duration) : fail());
    player.addEventListener("loadedmetadata", know, { once: true });
    player.addEventListener("error", fail, { once: true });
    player.crossOrigin = "anonymous"; // the frame's origin is opaque: without CORS nothing may be read
    player.preload = "auto";
    player.src = src;
    player.load();
  });
}

/** Peaks made beforehand, else decoded here; null where neither works (no sound, too large, unknown format). */
export async function loadPeaks(src: string, peaks: string | null): Promise<Peaks | null> {
  const ways = [...(peaks ? [() => fetchPeaks(peaks)] : []), () => decodePeaks(src)];
  for (const way of ways) {
    try {
      return await way();
    } catch (error) {
      console.warn("annolake-segments:", error);
    }
  }
  return null;
}
