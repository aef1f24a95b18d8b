// A source, opened: the passage with the cited words marked, the way to the sources before and after it.

let make;
let icon;
let iconButton;
let copyText;
let calm;

export default function drawSource(root, data, known, tools) {
  ({ make, icon, iconButton, copyText, calm } = tools);
  const close = () => {
    globalThis.citewellOpener?.focus?.();
    known.send("close", true);
  };
  const heading = make("h2", { tabindex: "-1" }, data.title);
  const place = make(
    "section", { class: "source", "aria-label": data.label },
    make("div", { class: "bar" }, make("p", { class: "label" }, data.label), step("back", data.previous, known), step("next", data.next, known), iconButton("close", "Close the source", close)),
    heading,
    make("p", { class: "where" }, data.where),
    data.notice ? make("p", { class: "notice" }, icon("alert"), make("span", {}, data.notice)) : null,
    make("div", { class: "page" }, tools.nodes(data.blocks)),
    sourceActions(data, known),
  );
  const keys = { Escape: close, ArrowLeft: () => data.previous && show(data.previous, known), ArrowRight: () => data.next && show(data.next, known) };
  place.addEventListener("keydown", (event) => {
    const isScrolling = event.target.matches(".scroll") && event.key !== "Escape";
    if (!isScrolling && !event.altKey && !event.ctrlKey && !event.metaKey) keys[event.key]?.();
  });
  root.replaceChildren(place);
  heading.focus({ preventScroll: true });  // At once: a key that is pressed now is meant for it.
  requestAnimationFrame(() => arrive(root, place));
}

function sourceActions(data, known) {
  const said = make("span", { class: "said", role: "status" });
  const narrow = () => {
    known.send("only", true);
    document.querySelector("[data-testid=stChatInput] textarea")?.focus();
  };
  return make(
    "div", { class: "actions" },
    data.address ? documentLink(data, known) : null,
    data.narrows ? make("button", { type: "button", class: "word", on: { click: narrow } }, icon("filter"), "Ask only this document") : null,
    make("button", { type: "button", class: "word", on: { click: () => copyText(data.quotation, said) } }, icon("copy"), "Copy quotation"),
    said,
  );
}

function step(name, target, known) {
  if (!target) return null;
  return iconButton(name, name === "back" ? "The source before" : "The next source", () => show(target, known));
}

// Closing gives the focus back to the number of what is shown, not of what was opened first.
function show(target, known) {
  const opener = globalThis.citewellOpener;
  globalThis.citewellOpener = opener?.getRootNode().querySelector(`[data-opens="${target.kind}-${target.n}"]`) ?? opener;
  known.send("show", target);
}

function documentLink(data, known) {
  const follow = (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    known.send("document", true);
  };
  return make("a", { href: data.address, class: "word", on: { click: follow } }, icon("document"), "Open document");
}

// On a wide screen the panel stands beside the answer; on a narrow one it lies below and is scrolled to.
function arrive(root, place) {
  const beside = matchMedia("(min-width: 1180px)").matches;
  const mark = place.querySelector("mark");
  if (beside) scrollTo(scroller(root), mark);
  else place.scrollIntoView({ block: "start", behavior: calm() });
}

function scroller(root) {
  for (let at = (root.getRootNode().host ?? root); at; at = at.parentElement)
    if (/auto|scroll/.test(getComputedStyle(at).overflowY) && at.scrollHeight > at.clientHeight) return at;
  return null;
}

function scrollTo(box, mark) {
  if (!box) return;
  const offset = mark ? mark.getBoundingClientRect().top - box.getBoundingClientRect().top : 0;
  box.scrollTo({ top: mark && offset > box.clientHeight * 0.6 ? box.scrollTop + offset - box.clientHeight * 0.3 : 0 });
}
