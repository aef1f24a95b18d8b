// Draws what Streamlit's own elements cannot: running text with citation chips, the line under an answer, a whole
// document, and the live region for screen readers; what is needed later has files of its own.
// Every word arrives as data and is set as text; no HTML is ever parsed here.

const TAGS = {
  p: "p", ul: "ul", ol: "ol", li: "li", quote: "blockquote", tr: "tr", th: "th", td: "td",
  pre: "pre", hr: "hr", strong: "strong", em: "em", del: "del", code: "code", br: "br", mark: "mark", plain: "div", differs: "b",
};
const SUPPORT = {
  partly: ["~", "Only partly supported by its source"],
  unsupported: ["?", "Not supported by the documents"],
  contradicted: ["≠", "Contradicted by its source"],
};
const ICONS = {
  check: "M4.5 10.5l3.5 3.5 7.5-8",
  alert: "M10 3.2l7.3 12.9H2.7zM10 8v3.6M10 13.6v.1",
  copy: "M7.5 7.5V4.5h8v8h-3M4.5 7.5h8v8h-8z",
  again: "M15.5 10a5.5 5.5 0 1 1-1.7-4M15.5 3.5v3h-3",
  close: "M5.5 5.5l9 9M14.5 5.5l-9 9",
  back: "M12 5l-5 5 5 5",
  next: "M8 5l5 5-5 5",
  chevron: "M8 6l4 4-4 4",
  filter: "M3.5 6h13M6 10h8M8.5 14h3",
  search: "M9 14.5a5.5 5.5 0 1 1 0-11 5.5 5.5 0 0 1 0 11zM13 13l4 4",
  clock: "M10 3.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM10 6.5V10l2.5 1.5",
  edit: "M4 16l.8-3.4L13.6 3.8l2.6 2.6-8.8 8.8zM12 5.4l2.6 2.6",
  document: "M6 3.5h5.5l3.5 3.5v9.5H6zM11.5 3.5V7H15",
  thumb: "M4 9h2.8v7.5H4zM6.8 9l2.9-5.5c1.1 0 1.9.9 1.9 1.9V8h3.2c1 0 1.7.9 1.5 1.9l-1.1 5.2c-.2.8-.8 1.4-1.6 1.4H6.8",
  more: "M5 10h.1M10 10h.1M15 10h.1",
  pin: "M7 3.5h6M8 3.5v5l-2 3h8l-2-3v-5M10 11.5v5",
  archive: "M3.5 4.5h13v3h-13zM4.5 7.5v8.5h11V7.5M8 10.5h4",
  unarchive: "M4.5 8.5h8a3.5 3.5 0 0 1 0 7H8M7.5 5.5l-3 3 3 3",
  delete: "M4.5 5.5h11M8 5.5v-2h4v2M6 5.5l.6 11h6.8l.6-11",
};
const HOVER_DELAY_MS = 140;
const FOCUS_DELAY_MS = 150;
const EMPTY = { support: [], citations: new Map() };
const memory = new WeakMap();
const beside = (name) => new URL(name + new URL(import.meta.url).search, import.meta.url);
const style = new CSSStyleSheet();
// All at once: one after the other they would wait for four more answers before the first word is drawn.
const [rules, { showOpinion }, { drawThreads }, message, { say, followStages, keepFocus }, { verifiedMark, verifyButton }] = await Promise.all([
  fetch(beside("citewell.css")).then((response) => response.text()),
  ...["feedback.js", "threads.js", "message.js", "announce.js", "verified.js"].map((name) => import(beside(name))),
]);
style.replaceSync(rules);
const tools = { make, icon, iconButton, copyText, nodes, calm };
const { drawQuestion, versionSwitch, returnToVersion, staysInPlace, asMarkdown } = message.default(tools);

export default function (component) {
  const { parentElement, data } = component;
  parentElement.adoptedStyleSheets = [style];
  const root = parentElement.querySelector(".cw") ?? parentElement.appendChild(make("div", { class: "cw" }));
  const known = memory.get(root) ?? {};
  memory.set(root, known);
  known.send = component.setTriggerValue;
  const { active, opinion, ...content } = data;
  const content_json = JSON.stringify(content);
  if (known.content !== content_json) {
    known.content = content_json;
    DRAW[data.kind](root, data, known);
  }
  if (data.kind === "answer") {
    showActive(root, active);
    showOpinion(root, opinion, known, tools);
  }
  return data.kind === "account" ? () => setTimeout(() => returnFocus(root, known), FOCUS_DELAY_MS) : undefined;
}

const later = (name) => async (root, data, known) => (await import(beside(name))).default(root, data, known, tools);
const DRAW = {
  answer: drawAnswer, document: drawDocument, announce: drawAnnouncement, question: drawQuestion,
  threads: (root, data, known) => drawThreads(root, data, known, tools),
  source: later("source.js"), printed: later("printed_page.js"), account: later("account.js"),
  files: later("library.js"), plan: later("library.js"), results: later("library.js"),
  tickets: later("triage.js"), ticket: later("triage.js"), thoughts: later("triage.js"),
  chart: later("chart.js"), bars: later("chart.js"), table: later("table.js"),
};

// Making elements -------------------------------------------------------------------------------

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

function icon(name, size = 18) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  for (const [k, v] of Object.entries({ viewBox: "0 0 20 20", width: size, height: size, "aria-hidden": "true" }))
    svg.setAttribute(k, v);
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

function iconButton(name, label, onClick) {
  return make("button", { type: "button", class: "icon", "aria-label": label, title: label, on: { click: onClick } }, icon(name));
}

// A chip stays on the line of the word it follows, and so does the full stop after it.
function nodes(tree, context = EMPTY) {
  const drawn = [];
  for (const node of tree) {
    const last = drawn.at(-1);
    if (node.k === "chip") {
      const place = last?.className === "chip-place" ? last : make("span", { class: "chip-place" });
      if (place !== last && typeof last === "string") {
        const word = last.match(/\S{0,24}$/)[0];
        drawn.splice(-1, 1, last.slice(0, last.length - word.length));
        place.append(word);
      }
      place.append(chip(Number(node.v), context));
      if (place !== last) drawn.push(place);
    } else if (typeof node === "string") {
      const stop = last?.className === "chip-place" ? node.match(/^[.,;:!?)\]…”’"']*/)[0] : "";
      if (stop) last.append(stop);
      drawn.push(node.slice(stop.length));
    } else {
      drawn.push(...[element(node, context)].flat());
    }
  }
  return drawn;
}

function element(node, context) {
  const children = () => nodes(node.c ?? [], context);
  switch (node.k) {
    case "chip":
      return chip(Number(node.v), context);
    case "sentence":
      return sentence(Number(node.v), children(), context);
    case "a":
      return link(node.v, children());
    case "host":
      return make("span", { class: "host" }, ` (${node.v})`);
    case "h":
      return make("p", { class: "h", role: "heading", "aria-level": Math.min(6, Number(node.v) + 2) }, children());
    case "page":
      return make("p", { class: "page-start", role: "separator" }, node.v);
    case "quoted":
      return make("span", { class: "quoted", title: quotedIn(node.v) }, children());
    case "times":
      return make("span", { class: "times", role: "img", "aria-label": `(${quotedIn(node.v)})`, title: quotedIn(node.v) }, `${node.v}×`);
    case "ol":
      return make("ol", { start: node.v }, children());
    case "table":
      return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table" }, make("table", {}, children()));
    default:
      return TAGS[node.k] ? make(TAGS[node.k], node.k === "plain" ? { class: "plain" } : {}, children()) : make("span", {}, children());
  }
}

const quotedIn = (times) => `quoted in ${times} ${times === "1" ? "answer" : "answers"}`;

function link(address, children) {
  const safe = /^(https?:\/\/|mailto:)/i.test(address);
  return safe ? make("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, children) : make("span", {}, children);
}

function sentence(index, children, context) {
  const support = context.support[index];
  const [sign, meaning] = SUPPORT[support] ?? [];
  if (!sign) return make("span", {}, children);
  const why = () => showWhy(context.place, index);
  const mark = make("button", { type: "button", class: "doubt", "aria-label": `${meaning}. Why?`, title: `${meaning}. Why?`, on: { click: why } }, sign);
  // Never alone on the next line.
  const place = children.findLast((child) => child !== "");
  if (place?.className === "chip-place") place.append(mark);
  else children.push(mark);
  // The space before it is not underlined.
  const [space] = typeof children[0] === "string" ? children[0].match(/^\s*/) : [""];
  if (space) children[0] = children[0].slice(space.length);
  return [space, make("span", { class: `sentence ${support}` }, children)];
}

// An answer -------------------------------------------------------------------------------------

function chip(n, context) {
  const citation = context.citations.get(n);
  if (!citation) return `[${n}]`;
  const name = `Source ${n}: ${[citation.title, citation.where].filter(Boolean).join(", ")}`;
  const button = make("button", { type: "button", class: citation.gone ? "chip gone" : "chip", "data-opens": `citation-${n}`, "aria-label": name }, String(n));
  button.addEventListener("click", () => open(button, "citation", n, context));
  button.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && context.card.soon(button, citation));
  button.addEventListener("focus", () => button.matches(":focus-visible") && context.card.show(button, citation));
  for (const event of ["pointerleave", "blur"]) button.addEventListener(event, () => context.card.hide());
  button.addEventListener("keydown", (event) => event.key === "Escape" && context.card.hide());
  return button;
}

function open(opener, kind, n, context) {
  context.card.hide();
  globalThis.citewellOpener = opener;
  context.known.send("open", { kind, n });
}

function drawAnswer(root, data, known) {
  const wasOpen = new Set([...root.querySelectorAll("details[open]")].map((d) => d.dataset.name));
  const place = make("div", { class: data.checked ? "answer checked" : "answer" });
  const context = {
    known, place, card: card(place), support: data.support ?? [],
    citations: new Map((data.citations ?? []).map((c) => [c.n, c])),
  };
  // Of a text that somebody else wrote, the verdict is what is new.
  const line = data.verdict ? verdict(data.verdict, context) : null;
  place.append(
    ...[
      data.checked ? make("div", { class: "foot" }, line) : null,
      data.narrowed ? make("p", { class: "narrowed" }, icon("filter", 16), make("span", {}, make("span", { class: "unseen" }, "Narrowed to "), data.narrowed)) : null,
      data.verified ? verifiedMark(data.verified, tools) : null,
      data.rewrite ? rewritten(data.rewrite, context) : null,
      data.refusal ? refusal(data.refusal, context) : null,
      data.blocks?.length ? make("div", { class: "prose" }, nodes(data.blocks, context)) : null,
      data.notice ? make("p", { class: "notice" }, icon("alert"), make("span", {}, data.notice)) : null,
      data.failure ? make("p", { class: "notice failure", role: "alert" }, icon("alert"), make("span", {}, data.failure)) : null,
      data.referral ? handOver(data.referral) : null,
      foot(data, context, data.checked ? null : line),
    ].filter(Boolean),
  );
  const opened = known.drawn === data.opened?.join() ? wasOpen : new Set(data.opened ?? wasOpen);
  known.drawn = data.opened?.join();
  for (const details of place.querySelectorAll("details")) details.open = opened.has(details.dataset.name);
  root.replaceChildren(place);
  returnToVersion(root, data);
  // On a narrow screen what was checked stands below the form.
  if (data.checked && matchMedia("(max-width: 640px)").matches) requestAnimationFrame(() => place.scrollIntoView({ block: "start", behavior: calm() }));
}

function refusal(data, context) {
  return make(
    "section", { class: "refusal" },
    make("p", { class: "refusal-title" }, icon("search", 20), make("span", {}, data.title)),
    make("p", {}, data.text),
    data.nearest.length ? make("p", { class: "label" }, data.nearest_label) : null,
    data.nearest.length ? make("ul", { class: "nearest" }, data.nearest.map((near) => make("li", {}, opener(near, context)))) : null,
    data.advice ? make("p", { class: "quiet" }, data.advice) : null,
  );
}

// What was opened is seen whole, not behind the input.
function comeIntoView(event) {
  const opened = event.currentTarget.parentElement;
  requestAnimationFrame(() => opened.scrollIntoView({ block: "nearest", behavior: calm() }));
}

// A question composed for a person. Nothing is sent: the reader's own mail program opens, or the text is copied.
function handOver(data) {
  const said = make("span", { class: "said", role: "status" });
  const isMail = data.address?.startsWith("mailto:");
  const place = isMail ? {} : { target: "_blank", rel: "noopener noreferrer" };
  return make(
    "details", { class: "hand-over", "data-name": "hand-over" },
    make("summary", { on: { click: comeIntoView } }, make("span", {}, data.contact ? `Hand over to ${data.contact}` : "Hand over"), icon("chevron")),
    make("p", { class: "letter" }, data.text),
    make(
      "span", { class: "buttons" },
      data.address ? make("a", { class: "word strong", href: data.address, ...place }, isMail ? "Write the mail" : "Open the link") : null,
      make("button", { type: "button", class: "word", on: { click: () => copyText(data.text, said) } }, icon("copy"), "Copy"),
      said,
    ),
  );
}

function opener(passage, context) {
  const button = make(
    "button", { type: "button", class: "opener", "data-opens": `passage-${passage.n}` },
    make("span", { class: "title" }, passage.title), passage.where ? make("span", { class: "where" }, passage.where) : null,
  );
  button.addEventListener("click", () => open(button, "passage", passage.n, context));
  return button;
}

function foot(data, context, line) {
  const copied = make("span", { class: "said", role: "status" });
  const buttons = make(
    "span", { class: "buttons" }, copied,
    data.blocks?.length && !data.checked ? iconButton("copy", "Copy the answer with its sources", () => copy(data, copied)) : null,
    data.checked ? make("button", { type: "button", class: "word", on: { click: () => copy(data, copied) } }, icon("copy"), "Copy with sources") : null,
    data.again ? make("button", { type: "button", class: data.failure ? "word strong" : "word", on: { click: () => context.known.send("again", true) } }, icon("again"), data.verified ? "Answer from the documents instead" : "Ask again") : null,
    data.verifiable ? verifyButton(context.known, tools) : null,
    data.explains ? explainer(context) : null,
    versionSwitch(data, context.known),
  );
  return make("div", { class: "foot" }, line, buttons);
}

function verdict({ tone, text, details }, context) {
  const words = [icon(tone === "quiet" ? "check" : "alert"), make("span", {}, text)];
  if (!details.length) return make("p", { class: `verdict ${tone}` }, words);
  return make(
    "details", { class: `verdict ${tone}`, "data-name": "verdict" }, make("summary", {}, words, icon("chevron")),
    make("ul", {}, details.map((doubt) => make("li", {}, reason(doubt, context)))),
  );
}

// A sentence in doubt; "Why?" puts it and its source side by side.
function reason({ label, sentence: words, index, why }, context) {
  const named = [make("span", { class: "label" }, label), make("q", {}, words)];
  if (!why) return named;
  return make(
    "details", { class: "why", "data-name": `why-${index}` },
    make("summary", {}, make("span", { class: "doubted" }, named), make("span", { class: "ask" }, "Why?", icon("chevron", 16))),
    make("div", { class: "compared" },
      make("div", {}, make("p", { class: "label" }, "The sentence"), make("p", { class: "quote" }, nodes(why.claimed))),
      make("div", {}, make("p", { class: "label" }, why.found), make("p", { class: "quote" }, nodes(why.stated)), make("p", { class: "where" }, [why.title, why.where].filter(Boolean).join(" · "))),
    ),
    why.differences.length ? make("ul", { class: "differences" }, why.differences.map((difference) => make("li", {}, difference))) : null,
    comparedSource(index + 1, context),
  );
}

function comparedSource(n, context) {
  const button = make("button", { type: "button", class: "word", "data-opens": `compared-${n}` }, icon("document"), "Open the source");
  button.addEventListener("click", () => open(button, "compared", n, context));
  return button;
}

function showWhy(place, index) {
  const list = place.querySelector("details.verdict");
  const details = place.querySelector(`details[data-name="why-${index}"]`);
  for (const each of [list, details]) if (each) each.open = true;
  const target = (details ?? list)?.querySelector("summary");
  target?.scrollIntoView({ block: "nearest", behavior: calm() });
  target?.focus({ preventScroll: true });
}

// What was searched for beside the question; a reader may say what was meant and ask again.
function rewritten(data, context) {
  const line = make("p", { class: "rewrite" }, make("span", {}, `${data.label} `, make("q", {}, data.text)));
  if (!data.can_change) return line;
  const change = make("button", { type: "button", class: "word" }, "Change");
  const field = make("input", { type: "text", "aria-label": "What you mean", maxlength: "400" });
  const form = make(
    "form", { class: "rewrite", hidden: true }, field,
    make("button", { type: "submit", class: "word strong" }, "Ask again"),
    make("button", { type: "button", class: "word", on: { click: () => show(false) } }, "Keep"),
  );
  const show = (editing) => {
    [form.hidden, line.hidden, field.value] = [!editing, editing, data.text];
    (editing ? field : change).focus();
  };
  change.addEventListener("click", () => show(true));
  form.addEventListener("keydown", (event) => event.key === "Escape" && show(false));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (field.value.trim()) context.known.send("reworded", field.value.trim());
  });
  line.append(change);
  return make("div", {}, line, form);
}

function explainer(context) {
  const explain = (event) => {
    globalThis.citewellOpener = event.currentTarget;
    context.known.send("explain", true);
  };
  return make("button", { type: "button", class: "word explain", "aria-haspopup": "dialog", on: { click: explain } }, icon("search"), "How this was found");
}

// A dialog gives the focus back to the component, not to the button in it.
function returnFocus(root, known) {
  if (!root.isConnected && !known.leads) globalThis.citewellOpener?.focus?.();
}

function showActive(root, active) {
  for (const button of root.querySelectorAll("[data-opens]")) {
    const is = button.dataset.opens === active;
    button.classList.toggle("is-open", is);
    button.setAttribute("aria-expanded", String(is));
  }
}

// The card that shows a quotation while the pointer or the focus is on its chip.
function card(place) {
  let timer = 0;
  let shown = null;
  const hide = () => {
    clearTimeout(timer);
    shown?.remove();
    shown = null;
  };
  const show = (button, citation) => {
    hide();
    shown = make(
      "div", { class: "card", role: "tooltip" },
      make("p", { class: "title" }, citation.title),
      citation.where ? make("p", { class: "where" }, citation.where) : null,
      make("p", { class: "quote" }, citation.quote),
    );
    place.append(shown);
    const [frame, at, box] = [place.getBoundingClientRect(), button.getBoundingClientRect(), shown.getBoundingClientRect()];
    const left = Math.min(Math.max(0, at.left - frame.left - 24), Math.max(0, frame.width - box.width));
    const below = at.bottom + box.height + 12 < innerHeight - 130 || at.top < box.height + 80;
    shown.style.left = `${left}px`;
    shown.style.top = `${(below ? at.bottom + 8 : at.top - box.height - 8) - frame.top}px`;
  };
  const soon = (button, citation) => {
    clearTimeout(timer);
    timer = setTimeout(() => button.isConnected && show(button, citation), HOVER_DELAY_MS);
  };
  return { show, soon, hide };
}

async function copy(data, said) {
  const sources = data.citations.map((c) => `[${c.n}] ${[c.title, c.where].filter(Boolean).join(", ")}`);
  // What somebody else wrote is copied as they wrote it, an answer as Markdown, a line for each source.
  const [text, end] = data.checked ? [plain(data.blocks).trim(), "\n"] : [asMarkdown(data.blocks), "  \n"];
  await copyText([text, sources.join(end)].filter(Boolean).join("\n\n"), said);
}

async function copyText(text, said) {
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    done = copyByHand(text);
  }
  said.textContent = done ? "Copied" : "Copying is not allowed here";
  setTimeout(() => (said.textContent = ""), 2000);
}

function copyByHand(text) {
  const area = make("textarea", { "aria-hidden": "true", style: "position:fixed;opacity:0" });
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

const BLOCKS = new Set(["p", "h", "li", "pre", "tr", "hr"]);

function plain(tree) {
  return tree
    .map((node) => {
      if (typeof node === "string") return node;
      if (node.k === "chip") return ` [${node.v}]`;
      if (node.k === "br") return "\n";
      return (node.k === "li" ? "- " : "") + plain(node.c ?? []) + (BLOCKS.has(node.k) ? "\n" : node.k === "td" || node.k === "th" ? "\t" : "");
    })
    .join("");
}

function calm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
}

// A whole document ------------------------------------------------------------------------------

function drawDocument(root, data) {
  const body = data.pieces
    ? data.pieces.map((piece) => make("section", { class: "piece", "aria-label": piece.label }, make("p", { class: "label" }, piece.label), nodes(piece.blocks)))
    : nodes(data.blocks);
  root.replaceChildren(make("article", { class: "document page" }, body));
  requestAnimationFrame(() => root.querySelector("mark")?.scrollIntoView({ block: "center" }));
}

// What a screen reader is told, and where the page stands ----------------------------------------

function drawAnnouncement(root, data, known) {
  const region = root.querySelector("[role=status]") ?? make("div", { class: "unseen", role: "status", "aria-live": "polite" });
  if (!region.isConnected) root.replaceChildren(region);
  known.endStages?.();
  say(region, data.text);
  known.endStages = data.live ? followStages(region) : undefined;
  if (known.turn !== data.turn && !staysInPlace()) followTurn(known), keepFocus();
  known.turn = data.turn;
}

// The newest question moves up as its answer grows, to the top and no further, until somebody scrolls.
function followTurn(known) {
  const main = document.querySelector("[data-testid=stMain]");
  const content = document.querySelector("[data-testid=stMainBlockContainer]");
  known.unfollow?.();
  if (!main || !content) return;
  const follow = () => {
    const question = [...main.querySelectorAll("[data-testid=stChatMessage]")].filter((m) => m.querySelector("[data-testid=stChatMessageAvatarUser]")).at(-1);
    const top = question ? question.getBoundingClientRect().top - main.getBoundingClientRect().top + main.scrollTop - 72 : 0;
    main.scrollTop = Math.min(top, main.scrollHeight);
  };
  const observer = new ResizeObserver(follow);
  const leave = new AbortController();
  known.unfollow = () => (observer.disconnect(), leave.abort());
  for (const event of ["wheel", "touchmove", "keydown", "pointerdown"])
    main.addEventListener(event, known.unfollow, { signal: leave.signal, passive: true });
  observer.observe(content);
  follow();
}
