/**
 * What a form's controls answer, and how a draft of them is kept and restored.
 *
 * Radios and checkboxes answer `{name: {value: boolean}}`, merged per name; everything else `{name: text}`; empty inputs
 * are absent. An element of ours takes part by implementing `AnswerControl`.
 */
import { isRecord } from "../shared/protocol.ts";

export interface AnswerControl extends HTMLElement {
  /** Its part of the answer; merged into the rest by `merge`. */
  answerPart(): Record<string, unknown>;
  /** Sentences that say why it cannot be submitted as it is. */
  answerProblems(): string[];
  draftState(): unknown;
  restoreDraft(state: unknown): void;
  /** Put the eye and the focus on what is wrong. */
  showProblem(): void;
  resetAnswer?(): void;
}

type Native = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;
type Control = AnswerControl | Native;

const SILENT_TYPES = new Set(["submit", "button", "reset", "image", "file"]);

/** Whether an element answers for itself. */
export function isAnswerControl(element: Element): element is AnswerControl {
  return "answerPart" in element && typeof element.answerPart === "function";
}

/** Named controls under a form, in document order; disabled ones do not answer. */
export function controlsOf(form: HTMLElement): Control[] {
  return [...form.querySelectorAll<HTMLElement>("*")].filter((element): element is Control => {
    if (isAnswerControl(element)) return !element.hasAttribute("disabled");
    if (!isNative(element)) return false;
    return element.name !== "" && !element.matches(":disabled") && !SILENT_TYPES.has(element.type);
  });
}

export function collectAnswer(form: HTMLElement): Record<string, unknown> {
  const answer: Record<string, unknown> = {};
  for (const control of controlsOf(form)) {
    merge(answer, isAnswerControl(control) ? control.answerPart() : nativePart(control));
  }
  return answer;
}

/** Problems of all controls with the control that has each. */
export function problemsOf(form: HTMLElement): { control: Control; message: string }[] {
  return controlsOf(form).flatMap((control): { control: Control; message: string }[] => {
    if (isAnswerControl(control)) return control.answerProblems().map((message) => ({ control, message }));
    return control.checkValidity() ? [] : [{ control, message: `${labelOf(control)}: ${control.validationMessage}` }];
  });
}

export function showProblem(control: Control): void {
  if (isAnswerControl(control)) control.showProblem();
  else control.reportValidity();
}

/** Keeps every control's state under its name and its place among those of the same name. */
export function collectDraft(form: HTMLElement): Record<string, unknown> {
  const draft: Record<string, unknown> = {};
  for (const [id, control] of identified(form)) {
    draft[id] = isAnswerControl(control) ? control.draftState() : nativeState(control);
  }
  return draft;
}

export function restoreDraft(form: HTMLElement, draft: unknown): void {
  if (!isRecord(draft)) return;
  for (const [id, control] of identified(form)) {
    if (!(id in draft)) continue;
    if (isAnswerControl(control)) control.restoreDraft(draft[id]);
    else restoreNative(control, draft[id]);
  }
}

export function reset(form: HTMLElement): void {
  for (const control of controlsOf(form)) {
    if (isAnswerControl(control)) control.resetAnswer?.();
    else if (control instanceof HTMLSelectElement) {
      for (const option of control.options) option.selected = option.defaultSelected;
    } else {
      if (control instanceof HTMLInputElement) control.checked = control.defaultChecked;
      control.value = control.defaultValue;
    }
  }
}

/** Add a part to an answer: objects of one name are merged, other values replaced. */
export function merge(answer: Record<string, unknown>, part: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(part)) {
    const known = Object.hasOwn(answer, name) ? answer[name] : undefined;
    const merged = isRecord(known) && isRecord(value) ? { ...known, ...value } : value;
    Object.defineProperty(answer, name, { value: merged, enumerable: true, configurable: true, writable: true });
  }
}

function isNative(element: HTMLElement): element is Native {
  return ["INPUT", "SELECT", "TEXTAREA"].includes(element.tagName);
}

function isTick(control: Native): control is HTMLInputElement {
  return control.type === "radio" || control.type === "checkbox";
}

function nativePart(control: Native): Record<string, unknown> {
  if (isTick(control)) return { [control.name]: { [control.value]: control.checked } };
  if (control instanceof HTMLSelectElement && control.multiple) {
    return { [control.name]: [...control.selectedOptions].map((option) => option.value) };
  }
  return control.value === "" ? {} : { [control.name]: control.value };
}

function nativeState(control: Native): unknown {
  if (isTick(control)) return control.checked;
  if (control instanceof HTMLSelectElement) return [...control.selectedOptions].map((option) => option.value);
  return control.value;
}

function restoreNative(control: Native, state: unknown): void {
  if (isTick(control)) control.checked = state === true;
  else if (control instanceof HTMLSelectElement) {
    const chosen = Array.isArray(state) ? state.map(String) : [];
    for (const option of control.options) option.selected = chosen.includes(option.value);
  } else if (typeof state === "string") control.value = state;
  control.dispatchEvent(new Event("input", { bubbles: true }));
  control.dispatchEvent(new Event("change", { bubbles: true }));
}

function identified(form: HTMLElement): [string, Control][] {
  const seen = new Map<string, number>();
  return controlsOf(form).map((control) => {
    const native = isAnswerControl(control) ? null : control;
    const name = native ? native.name : (control.getAttribute("name") ?? "");
    const value = native ? (isTick(native) ? native.value : "") : (control.getAttribute("value-key") ?? "");
    const base = `${name}\u001f${value}`;
    const place = seen.get(base) ?? 0;
    seen.set(base, place + 1);
    return [`${base}\u001f${place}`, control];
  });
}

function labelOf(control: Native): string {
  return control.labels?.[0]?.textContent?.trim() || control.name;
}
