/** Colours of tracks: distinct hues that colour-blind people can tell apart, for light and dark pages. */
const PALETTE: readonly [light: string, dark: string][] = [
  ["#0b6fb8", "#5db4f2"],
  ["#c2570c", "#f5a25d"],
  ["#1f7a45", "#6cca92"],
  ["#9a3a8c", "#e08fd3"],
  ["#8a6a00", "#e0c04a"],
  ["#4a4fb5", "#a3a7f5"],
  ["#b02a4c", "#f58ba4"],
  ["#3c6e71", "#83c5c9"],
];

export function trackColor(index: number): string {
  const [light, dark] = PALETTE[index % PALETTE.length]!;
  return `light-dark(${light}, ${dark})`;
}
