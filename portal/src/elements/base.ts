/** What all elements share: tokens and quiet defaults for the template's document, helpers for shadow styles. */
import { css } from "lit";
import tokens from "../shared/tokens.css?inline";

/** `:where` weighs nothing, so any rule of a template wins over these. */
const DOCUMENT = `
:where(body) { margin: 0; font: 15px/1.5 var(--a-font); color: var(--a-text); background: var(--a-page); }
:where(crowd-form) { display: block; padding: 16px 20px; }
:where(fieldset) { border: 1px solid var(--a-line); border-radius: var(--a-radius); margin: 0 0 12px; padding: 8px 12px 10px; }
:where(legend) { font-weight: 600; padding: 0 4px; }
:where(label) { cursor: pointer; }
:where(input, select, textarea, button) { font: inherit; accent-color: var(--a-accent); }
:where(a) { color: var(--a-accent); }
:where(:focus-visible) { outline: 2px solid var(--a-focus); outline-offset: 2px; }
:where(video, img) { max-width: 100%; }
:where(crowd-radio-group) { display: block; }
`;

export function styleDocument(): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(tokens + DOCUMENT);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}

export const controlStyles = css`
  :host {
    font-family: var(--a-font);
    color: var(--a-text);
  }
  :host([hidden]) {
    display: none;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  button,
  input,
  select,
  textarea {
    font: inherit;
    color: inherit;
    accent-color: var(--a-accent);
  }
  button {
    cursor: pointer;
  }
  button:disabled {
    cursor: default;
    opacity: 0.5;
  }
  :focus-visible {
    outline: 2px solid var(--a-focus);
    outline-offset: 2px;
  }
  .field {
    width: 100%;
    padding: 7px 10px;
    border: 1px solid var(--a-line-strong);
    border-radius: var(--a-radius);
    background: var(--a-surface);
  }
  .caption {
    display: block;
    margin-bottom: 4px;
    font-weight: 600;
  }
  .problem {
    margin: 4px 0 0;
    color: var(--a-danger);
    font-size: 0.9em;
  }
`;

/** Tell the form that its answer changed. */
export function changed(element: HTMLElement): void {
  element.dispatchEvent(new Event("input", { bubbles: true }));
  element.dispatchEvent(new Event("change", { bubbles: true }));
}

/** A list of an attribute: JSON, or the single-quoted form that many templates have. */
export function readList(text: string | null): string[] {
  if (!text) return [];
  for (const candidate of [text, text.replaceAll("'", '"')]) {
    try {
      const value: unknown = JSON.parse(candidate);
      if (Array.isArray(value)) {
        return value.map((item) =>
          typeof item === "object" && item !== null && "label" in item ? String(item.label) : String(item),
        );
      }
    } catch {}
  }
  return [];
}

/** Whether a key press belongs to a field that is being typed in. */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.tagName === "TEXTAREA" || target.tagName === "SELECT") return true;
  return (
    target instanceof HTMLInputElement && !["radio", "checkbox", "range", "button", "submit"].includes(target.type)
  );
}

export function define(name: string, element: CustomElementConstructor): void {
  if (!customElements.get(name)) customElements.define(name, element);
}
