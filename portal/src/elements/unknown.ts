/** A template may use an element that is not offered here: say so, instead of letting an empty answer go out. */
export function watchUnknown(): void {
  const look = () => {
    const unknown = new Set(
      [...document.querySelectorAll("*")]
        .map((element) => element.tagName.toLowerCase())
        .filter((tag) => tag.startsWith("crowd-") && !customElements.get(tag)),
    );
    if (unknown.size === 0) return;
    const note = document.createElement("p");
    note.setAttribute("role", "alert");
    note.style.cssText =
      "margin:0;padding:10px 20px;background:var(--a-warn-soft);color:var(--a-warn);font:15px/1.5 var(--a-font)";
    note.textContent = `This task uses ${[...unknown].map((tag) => `<${tag}>`).join(", ")}, which this portal cannot show. Please decline the task and tell its owner.`;
    document.body.prepend(note);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", look, { once: true });
  else look();
}
