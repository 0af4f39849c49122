/** 83.4567 → "1:23.457"; hours appear when there are any. */
export function formatTime(seconds: number): string {
  const total = Math.round(Math.max(0, seconds) * 1000);
  const [ms, s, m, h] = [
    total % 1000,
    Math.floor(total / 1000) % 60,
    Math.floor(total / 60000) % 60,
    Math.floor(total / 3600000),
  ];
  const tail = `${pad(s, 2)}.${pad(ms, 3)}`;
  return h > 0 ? `${h}:${pad(m, 2)}:${tail}` : `${m}:${tail}`;
}

/** "1:23.457", "83.457" or "0:01:23.4" → seconds; null where it is not a time. */
export function parseTime(text: string): number | null {
  const parts = text.trim().replace(",", ".").split(":");
  if (
    parts.length > 3 ||
    !parts.every((p, i) => /^\d+(\.\d+)?$/.test(p) && (i === parts.length - 1 || !p.includes(".")))
  ) {
    return null;
  }
  return parts.reduce((sum, part) => sum * 60 + Number(part), 0);
}

const pad = (value: number, width: number): string => String(value).padStart(width, "0");
