/** Numbers and times in the words of the portal. */

/** Seconds left → "54 min", "1:05", "2 h 10 min". */
export function timeLeft(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 300) return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} days`;
}

const TASK_TYPES: Record<string, string> = {
  custom: "Custom task",
  "audio-segmentation": "Audio segmentation",
  "video-classification": "Video classification",
  VideoMultiClass: "Video classification",
  ImageMultiClass: "Image classification",
  ImageMultiClassMultiLabel: "Image labels",
  TextMultiClass: "Text classification",
  TextMultiClassMultiLabel: "Text labels",
  BoundingBox: "Bounding boxes",
  NamedEntityRecognition: "Named entities",
};

/** A task type as people read it; unknown ones as they are. */
export function taskTypeName(type: string): string {
  const known = TASK_TYPES[type] ?? TASK_TYPES[type.replaceAll("_", "-")];
  return known ?? type.replaceAll(/[-_]/g, " ");
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
