// A page of a document as it was printed, the cited words marked on it; enlarged on request.

export default function drawPrintedPage(root, data, known, { make, calm }) {
  if (data.failure) return root.replaceChildren(make("p", { class: "quiet printed" }, data.failure));
  const marks = data.marks.map(([left, top, width, height]) => {
    const mark = make("span", { class: "printed-mark", "aria-hidden": "true" });
    Object.assign(mark.style, { left: `${left}%`, top: `${top}%`, width: `${width}%`, height: `${height}%` });
    return mark;
  });
  const image = make("img", { src: data.image, alt: data.alt, width: data.width, height: data.height });
  const sheet = make("div", { class: "sheet" }, make("div", { class: "paper" }, image, marks));
  const enlarge = make("button", { type: "button", class: "word", "aria-pressed": "false" }, "Enlarge");
  enlarge.addEventListener("click", () => {
    const isLarge = sheet.classList.toggle("large");
    enlarge.setAttribute("aria-pressed", String(isLarge));
    enlarge.textContent = isLarge ? "Whole page" : "Enlarge";
    // What scrolls must be reached by keyboard.
    for (const [name, value] of [["tabindex", "0"], ["role", "region"], ["aria-label", data.label]])
      isLarge ? sheet.setAttribute(name, value) : sheet.removeAttribute(name);
    if (isLarge) marks[0]?.scrollIntoView({ block: "nearest", inline: "start", behavior: calm() });
  });
  root.replaceChildren(
    make("figure", { class: "printed" }, make("figcaption", {}, make("span", { class: "label" }, data.label), enlarge), sheet, data.note ? make("p", { class: "label" }, data.note) : null),
  );
}
