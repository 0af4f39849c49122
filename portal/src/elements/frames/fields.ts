/** Fields for the attributes of an object or a frame. */
import { html, nothing } from "lit";
import type { Attribute } from "./categories.ts";
import type { Attributes } from "./model.ts";

export function attributeFields(
  attributes: readonly Attribute[],
  given: Attributes,
  set: (attribute: Attribute, text: string) => void,
) {
  if (attributes.length === 0) return nothing;
  return html`<div class="fields">
    ${attributes.map((attribute) => {
      const value = String(given[attribute.name] ?? "");
      const on = (event: Event) => set(attribute, (event.target as HTMLInputElement | HTMLSelectElement).value);
      const named = html`<span title=${attribute.description}
        >${attribute.name}${attribute.isRequired ? " *" : ""}</span
      >`;
      return html`<label
        >${named} ${attribute.values.length ? choice(attribute, value, on) : field(attribute, value, on)}</label
      >`;
    })}
  </div>`;
}

function choice(attribute: Attribute, value: string, on: (event: Event) => void) {
  return html`<select class="field" ?disabled=${!attribute.isOpen} .value=${value} @change=${on}>
    <option value="" ?selected=${value === ""}>–</option>
    ${attribute.values.map((one) => html`<option ?selected=${one === value}>${one}</option>`)}
  </select>`;
}

function field(attribute: Attribute, value: string, on: (event: Event) => void) {
  return html`<input
    class="field"
    type=${attribute.isNumber ? "number" : "text"}
    step="any"
    min=${attribute.minimum ?? nothing}
    max=${attribute.maximum ?? nothing}
    ?disabled=${!attribute.isOpen}
    .value=${value}
    @change=${on}
  />`;
}
