/** `<crowd-entity-annotation>`: choose a label, then mark stretches of the text with the mouse or the keyboard. */
import { css, html, nothing, render } from "lit";
import { changed, isTyping, readList } from "../base.ts";
import { trackColor } from "../colors.ts";
import { History } from "../history.ts";
import { labelOptions, nothingToLabel } from "../labels.ts";
import { TaskElement } from "../task.ts";
import { add, codePoints, type Entity, pieces, readEntities } from "./spans.ts";

export class CrowdEntityAnnotation extends TaskElement {
  static override properties = {
    ...TaskElement.properties,
    text: {},
    labels: {},
    initialValue: { attribute: "initial-value" },
    label: { state: true },
    isEmpty: { state: true },
  };
  declare text: string | null;
  declare labels: string | null;
  declare initialValue: string | null;
  declare private label: number;
  declare private isEmpty: boolean;
  private history = new History<readonly Entity[]>([]);
  /** The text stands outside of the shadow tree, where a selection can be read in every browser. */
  private readonly page = document.createElement("div");
  protected caption = "Choose a label, then mark text";

  static override styles = [
    ...TaskElement.styles,
    css`
      .bar {
        display: flex;
        gap: 6px;
        margin-bottom: 10px;
      }
      .bar button {
        padding: 4px 10px;
        border: 1px solid var(--a-line-strong);
        border-radius: var(--a-radius);
        background: var(--a-raised);
      }
      ::slotted([slot="text"]) {
        padding: 4px 2px;
        font-size: 1.05rem;
        line-height: 2;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .help {
        color: var(--a-muted);
        font-size: 0.9em;
      }
    `,
  ];

  constructor() {
    super();
    this.label = 0;
    this.isEmpty = false;
    this.page.slot = "text";
    this.page.tabIndex = 0;
    this.page.addEventListener("mouseup", () => this.mark());
    this.page.addEventListener("keyup", (event) => {
      if (event.key === "Enter") this.mark();
    });
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (!this.page.isConnected) this.append(this.page);
    this.history = new History(this.initial);
    document.addEventListener("keydown", this.onUndo);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("keydown", this.onUndo);
  }

  private get initial(): readonly Entity[] {
    try {
      return readEntities(JSON.parse(this.initialValue || "[]"), this.text ?? "");
    } catch {
      return [];
    }
  }

  private get names(): string[] {
    return readList(this.labels);
  }

  private get entities(): readonly Entity[] {
    return this.history.present;
  }

  protected target() {
    return html`<div class="bar">
        <button type="button" ?disabled=${!this.history.canUndo} @click=${() => this.step("undo")}>Undo</button>
        <button type="button" ?disabled=${!this.history.canRedo} @click=${() => this.step("redo")}>Redo</button>
      </div>
      <slot name="text"></slot>
      <p class="help">Select text to mark it. Click a mark to take it away.</p>`;
  }

  protected side() {
    return html`${labelOptions(this.names, this.label, (index) => this.pick(index))}
    ${this.entities.length === 0 ? nothingToLabel(this.isEmpty, this.onEmpty) : nothing}`;
  }

  override updated(): void {
    render(
      pieces(this.entities, this.text ?? "").map((piece) =>
        piece.entity === null
          ? html`<span data-start=${piece.start}>${piece.text}</span>`
          : this.markOf(piece.text, piece.entity),
      ),
      this.page,
    );
  }

  private markOf(text: string, index: number) {
    const { label, startOffset } = this.entities[index]!;
    const colour = trackColor(Math.max(this.names.indexOf(label), 0));
    return html`<mark
        role="button"
        tabindex="0"
        data-start=${startOffset}
        title="${label}: click to take away"
        style="padding:2px 3px;border-radius:4px;cursor:pointer;color:inherit;background:color-mix(in srgb, ${colour} 22%, transparent);border-bottom:2px solid ${colour}"
        @click=${() => this.take(index)}
        @keydown=${(event: KeyboardEvent) => {
          if (event.key === "Delete" || event.key === "Backspace") this.take(index);
        }}
        >${text}</mark
      ><small style="margin:0 3px;color:${colour};user-select:none;font-weight:600">${label}</small>`;
  }

  protected pick(index: number): void {
    if (this.names[index] !== undefined) this.label = index;
    if (!getSelection()?.isCollapsed) this.mark();
  }

  private mark(): void {
    const selection = getSelection();
    const label = this.names[this.label];
    if (!selection || selection.isCollapsed || label === undefined) return;
    const from = this.offsetOf(selection.anchorNode, selection.anchorOffset);
    const to = this.offsetOf(selection.focusNode, selection.focusOffset);
    if (from === null || to === null) return;
    const next = add(this.entities, this.text ?? "", label, from, to);
    selection.removeAllRanges();
    if (next !== this.entities) this.keep(next);
  }

  /** The code point at a place of the document; null outside of the text. */
  private offsetOf(node: Node | null, offset: number): number | null {
    const holder = node instanceof Element ? node : node?.parentElement;
    const piece = holder?.closest<HTMLElement>("[data-start]");
    if (!piece || !this.page.contains(piece)) return null;
    const before =
      node instanceof Text ? codePoints(node.data, offset) : offset === 0 ? 0 : [...(piece.textContent ?? "")].length;
    return Number(piece.dataset.start) + before;
  }

  private take(index: number): void {
    if (getSelection()?.isCollapsed ?? true) this.keep(this.entities.filter((_, at) => at !== index));
  }

  private keep(entities: readonly Entity[]): void {
    this.history.commit(entities);
    this.isEmpty = false;
    this.problem = "";
    this.requestUpdate();
    changed(this);
  }

  private step(way: "undo" | "redo"): void {
    if (!this.history[way]()) return;
    this.requestUpdate();
    changed(this);
  }

  private readonly onUndo = (event: KeyboardEvent): void => {
    if (isTyping(event) || !(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    this.step(event.shiftKey ? "redo" : "undo");
  };

  private readonly onEmpty = (isTicked: boolean): void => {
    this.isEmpty = isTicked;
    this.problem = "";
    changed(this);
  };

  answerPart(): Record<string, unknown> {
    if (!this.name) return {};
    const entities = this.entities.map(({ label, startOffset, endOffset }) => ({ endOffset, label, startOffset }));
    return { [this.name]: { entities } };
  }

  answerProblems(): string[] {
    return this.entities.length || this.isEmpty ? [] : ["Mark some text, or tick “Nothing to label”."];
  }

  draftState(): unknown {
    return { entities: this.entities, isEmpty: this.isEmpty };
  }

  restoreDraft(state: unknown): void {
    const draft = state as { entities?: unknown; isEmpty?: unknown } | null;
    this.history = new History(readEntities(draft?.entities, this.text ?? ""));
    this.isEmpty = draft?.isEmpty === true;
    this.requestUpdate();
  }

  resetAnswer(): void {
    this.keep(this.initial);
  }
}
