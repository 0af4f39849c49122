/** Keys of the segment editor: one table that both acts and fills the help sheet. */
export type Command =
  | "playPause"
  | "back"
  | "forward"
  | "backFar"
  | "forwardFar"
  | "framePrevious"
  | "frameNext"
  | "toStart"
  | "toEnd"
  | "playSegment"
  | "loop"
  | "slower"
  | "faster"
  | "zoomIn"
  | "zoomOut"
  | "zoomFit"
  | "mark"
  | "setStart"
  | "setEnd"
  | "startEarlier"
  | "startLater"
  | "endEarlier"
  | "endLater"
  | "split"
  | "delete"
  | "undo"
  | "redo"
  | "next"
  | "previous"
  | "editText"
  | "escape"
  | "help";

interface Hotkey {
  keys: string[];
  /** As written on the help sheet. */
  shown: string;
  command: Command;
  does: string;
}

export const HOTKEYS: readonly { title: string; keys: readonly Hotkey[] }[] = [
  {
    title: "Listen",
    keys: [
      {
        keys: ["Space", "Ctrl+Space"],
        shown: "Space",
        command: "playPause",
        does: "play or pause (in a text field: Ctrl Space)",
      },
      { keys: ["ArrowLeft"], shown: "←", command: "back", does: "1 s back" },
      { keys: ["ArrowRight"], shown: "→", command: "forward", does: "1 s forward" },
      { keys: ["Shift+ArrowLeft"], shown: "Shift ←", command: "backFar", does: "5 s back" },
      { keys: ["Shift+ArrowRight"], shown: "Shift →", command: "forwardFar", does: "5 s forward" },
      { keys: [","], shown: ",", command: "framePrevious", does: "0.04 s back (a video frame)" },
      { keys: ["."], shown: ".", command: "frameNext", does: "0.04 s forward" },
      { keys: ["Home"], shown: "Home", command: "toStart", does: "to the start" },
      { keys: ["End"], shown: "End", command: "toEnd", does: "to the end" },
      { keys: ["Enter"], shown: "Enter", command: "playSegment", does: "play the selected segment" },
      { keys: ["l"], shown: "L", command: "loop", does: "loop on or off" },
      { keys: ["<"], shown: "<", command: "slower", does: "slower" },
      { keys: [">"], shown: ">", command: "faster", does: "faster" },
    ],
  },
  {
    title: "Mark",
    keys: [
      { keys: ["m"], shown: "M", command: "mark", does: "start or stop a segment while it plays" },
      { keys: ["i"], shown: "I", command: "setStart", does: "selected segment starts at the playhead" },
      { keys: ["o"], shown: "O", command: "setEnd", does: "selected segment ends at the playhead" },
      { keys: ["q"], shown: "Q", command: "startEarlier", does: "start 0.05 s earlier" },
      { keys: ["w"], shown: "W", command: "startLater", does: "start 0.05 s later" },
      { keys: ["e"], shown: "E", command: "endEarlier", does: "end 0.05 s earlier" },
      { keys: ["r"], shown: "R", command: "endLater", does: "end 0.05 s later" },
      { keys: ["s"], shown: "S", command: "split", does: "split at the playhead" },
      { keys: ["Delete", "Backspace"], shown: "Delete", command: "delete", does: "delete the selected segment" },
      { keys: ["Ctrl+z"], shown: "Ctrl Z", command: "undo", does: "undo" },
      { keys: ["Ctrl+Shift+z", "Ctrl+y"], shown: "Ctrl Shift Z", command: "redo", does: "redo" },
    ],
  },
  {
    title: "Find your way",
    keys: [
      { keys: ["n"], shown: "N", command: "next", does: "next segment" },
      { keys: ["b"], shown: "B", command: "previous", does: "segment before" },
      { keys: ["t"], shown: "T", command: "editText", does: "write the selected segment's text" },
      { keys: ["Escape"], shown: "Esc", command: "escape", does: "leave a field, stop marking, select nothing" },
      { keys: ["+", "="], shown: "+", command: "zoomIn", does: "zoom in (or Ctrl and wheel)" },
      { keys: ["-"], shown: "−", command: "zoomOut", does: "zoom out" },
      { keys: ["0"], shown: "0", command: "zoomFit", does: "whole recording" },
      { keys: ["?"], shown: "?", command: "help", does: "this sheet" },
    ],
  },
];

const COMMANDS = new Map(
  HOTKEYS.flatMap((group) => group.keys.flatMap((hotkey) => hotkey.keys.map((k) => [k, hotkey.command] as const))),
);

type Press = Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

/** The command of a key press, or null. */
export function commandOf(press: Press): Command | null {
  return COMMANDS.get(combination(press)) ?? null;
}

/** Digit keys stand for tracks: 1 to 9 choose, with Shift they start or stop marking there. Zero-based, or null. */
export function trackOf(press: Press): { index: number; mark: boolean } | null {
  const digit = /^Digit([1-9])$/.exec(press.code)?.[1] ?? (/^[1-9]$/.test(press.key) ? press.key : undefined);
  if (!digit || press.ctrlKey || press.metaKey || press.altKey) return null;
  return { index: Number(digit) - 1, mark: press.shiftKey };
}

function combination(press: Press): string {
  if (press.altKey) return "";
  const key = press.key === " " ? "Space" : press.key.length === 1 ? press.key.toLowerCase() : press.key;
  const control = press.ctrlKey || press.metaKey ? "Ctrl+" : "";
  // Of printable signs such as "?" only the sign counts: which of them need Shift depends on the keyboard.
  const shift = press.shiftKey && (key.length > 1 || /[a-z]/.test(key)) ? "Shift+" : "";
  return control + shift + key;
}
