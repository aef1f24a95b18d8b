// The support desk: the queue, a ticket, and what is thought of it, all of it worked from the keyboard.
// A ticket's words are set as text, like every other word.

const NAMES = { c: "category", t: "type", s: "severity", p: "product" };
const LETTER = ".st-key-triage_letter textarea";
const TYPES = "input, textarea, select, [contenteditable], [role=dialog], [role=listbox], [role=menu]";
const AGAIN_MS = 3000;
const NO_DRAFT = "There is no draft yet";
const NOTE = ".st-key-triage_note code";
const OFF = "citewell-letters-off";
const SAID_MS = 50;
let make;
let icon;
let copyText;

export default function drawTriage(root, data, known, tools) {
  ({ make, icon, copyText } = tools);
  DRAW[data.kind](root, data, known);
}

const DRAW = { tickets: drawTickets, ticket: drawTicket, thoughts: drawThoughts };

function drawTickets(root, data, known) {
  const at = root.querySelector(".tickets")?.scrollTop ?? 0;
  const hadFocus = root.contains(root.getRootNode().activeElement);
  const row = (ticket) =>
    make(
      "li", {},
      make("button", { type: "button", class: "ticket-row", "aria-current": ticket.id === data.open ? "true" : null, on: { click: () => known.send("go", ticket.id) } },
        make("span", { class: "title" }, ticket.title),
        make("span", { class: "where" }, ticket.label, ticket.status ? ` · ${ticket.status}` : null),
        ticket.doubt ? make("span", { class: "needs" }, icon("alert", 14), ticket.doubt) : null),
    );
  const list = make("ul", { class: "tickets", "aria-label": "Tickets", tabindex: "0" }, data.rows.map(row));
  root.replaceChildren(list);
  list.scrollTop = at;
  const open = list.querySelector("[aria-current]");
  if (open) {
    const [top, bottom] = [open.offsetTop - list.offsetTop, open.offsetTop - list.offsetTop + open.offsetHeight];
    if (top < list.scrollTop || bottom > list.scrollTop + list.clientHeight) list.scrollTop = top - 8;
    if (hadFocus) open.focus({ preventScroll: true });
  }
}

function drawTicket(root, data) {
  root.replaceChildren(
    make("article", { class: "ticket" },
      make("h2", {}, data.title),
      data.where ? make("p", { class: "label" }, data.where) : null,
      make("p", { class: "plain", tabindex: "0" }, data.text),
      data.more ? make("p", { class: "label" }, data.more) : null),
  );
}

// What is thought of it -------------------------------------------------------------------------

function drawThoughts(root, data, known) {
  const isNew = known.id !== data.id;
  if (isNew || known.state !== stateOf(data)) Object.assign(known, { id: data.id, chosen: {}, choosing: null, sent: false });
  Object.assign(known, { state: stateOf(data), data, draw: () => show(root, known) });
  if (!known.keys) {
    known.live = make("p", { class: "unseen", role: "status" });
    root.replaceChildren(known.live);
    known.keys = (event) => (root.isConnected ? press(event, known) : document.removeEventListener("keydown", known.keys, true));
    document.addEventListener("keydown", known.keys, true);
  }
  known.draw();
  if (isNew) setTimeout(() => (known.live.textContent = spoken(data)), SAID_MS);
}

const stateOf = (data) => JSON.stringify([data.status, data.decided]);

// Which ticket it is and what is thought of it, for whoever hears the page.
function spoken(data) {
  const labels = data.labels.map((label) => `${label.title}: ${label.label || "none"}, ${label.sure}`);
  return [`${data.at}: ${data.title}`, ...labels, data.person.length ? "Needs a person" : ""].filter(Boolean).join(". ");
}

function show(root, known) {
  const { data } = known;
  known.said = make("span", { class: "label", role: "status" });
  const thoughts = make("section", { class: "thoughts", "aria-label": `What Citewell thinks of ${data.title}` },
    make("div", { class: "desk-head" }, toolbar(known), keyList(known)),
    data.out ? make("p", { class: "notice" }, icon("alert"), make("span", {}, data.out)) : null,
    data.labels.map((label) => labelled(label, known)),
    make("p", { class: "quiet" }, data.facts),
    data.person.length ? group("Needs a person because", data.person.map((reason) => make("li", {}, reason)), "person") : null,
    data.missing.length ? group("Missing, and what to ask", data.missing.map((fact) => make("li", {}, make("strong", {}, fact.name), " ", fact.said))) : null,
    data.duplicates.length ? group("Perhaps the same", data.duplicates.map(alike)) : null,
    data.similar.length ? group("Solved before", data.similar.map(alike)) : null);
  const before = root.querySelector(".thoughts");
  if (before) before.replaceWith(thoughts);
  else root.append(thoughts);
  if (known.choosing) thoughts.querySelector(".choices button, .choices input")?.focus({ preventScroll: true });
}

const isDone = (data) => data.status === "done";
const hint = (key) => (lettersWork() ? make("kbd", { "aria-hidden": "true" }, key) : null);

function toolbar(known) {
  const { data } = known;
  const button = (key, label, act, off = false) =>
    make("button", { type: "button", class: "word key", disabled: off, "aria-keyshortcuts": lettersWork() ? key : null, on: { click: act } }, label, hint(key));
  return make("div", { class: "toolbar", role: "toolbar", "aria-label": "Decide" },
    isDone(data) ? null : button("a", "Accept", () => accept(known)),
    data.status === "open" ? null : button("o", isDone(data) ? "Take up again" : "Take up", () => takeUp(known)),
    button("e", "Edit", () => edit(known)), button("y", "Copy", () => copy(known)),
    button("k", "Previous", () => go(known, data.previous), !data.previous), button("j", "Next", () => go(known, data.next), !data.next),
    make("span", { class: "label" }, data.at), known.said);
}

// Keys ------------------------------------------------------------------------------------------

const KEYS = [
  ["a", "accept what is guessed, and go on"], ["c t s p", "change category, type, severity, product; then a number"],
  ["o", "take the ticket up, so that it is yours"], ["e", "edit the draft; Esc leaves it"], ["y", "copy the draft"], ["n", "copy the note for a colleague"],
  ["j k", "next and previous ticket"], ["?", "this list"],
];
const ALWAYS = [["← →", "previous and next ticket"], ["Tab Enter", "every button"]];

// Whoever dictates, or brushes a key, can switch single letters off (WCAG 2.1.4); the browser remembers it.
let lettersOff = null;
function lettersWork() {
  try {
    lettersOff ??= localStorage.getItem(OFF) !== null;
  } catch {
    lettersOff ??= false; // A browser that keeps nothing.
  }
  return !lettersOff;
}

function switchLetters(known, on) {
  lettersOff = !on;
  try {
    if (on) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  } catch {
    known.said.textContent = "This browser forgets it when the page is closed";
  }
  known.draw();
  known.live.parentNode.querySelector(".keys input")?.focus();
}

function keyList(known) {
  const row = ([keys, does]) => make("li", {}, keys.split(" ").map((key) => make("kbd", {}, key)), " ", does);
  const box = make("input", { type: "checkbox", on: { change: () => switchLetters(known, box.checked) } });
  box.checked = lettersWork();
  const list = make("details", { class: "trace keys", on: { toggle: () => (known.listsKeys = list.open) } },
    make("summary", {}, "Keys"),
    make("ul", {}, (lettersWork() ? [...KEYS, ...ALWAYS] : ALWAYS).map(row)),
    make("label", {}, box, " Single letters are shortcuts"));
  list.open = known.listsKeys ?? false;
  return list;
}

function listKeys(known) {
  known.listsKeys = !known.listsKeys;
  known.draw();
}

function labelled(label, known) {
  const decided = known.data.decided[label.name];
  const chosen = known.chosen[label.name];
  const key = Object.keys(NAMES).find((each) => NAMES[each] === label.name);
  const share = make("span", { class: label.is_sure ? "share sure" : "share" }, make("span", {}));
  share.firstChild.style.width = `${label.share}%`;
  const change = make("button", { type: "button", class: "word key", "aria-expanded": String(known.choosing === label.name), "aria-keyshortcuts": lettersWork() ? key : null, on: { click: () => choose(known, label.name) } }, "Change", make("span", { class: "unseen" }, ` the ${label.name}`), hint(key));
  return make("div", { class: "guess" },
    make("p", { class: "guess-head" }, make("span", { class: "label" }, label.title), make("strong", {}, decided ?? chosen ?? (label.label || "—")), isDone(known.data) ? null : change),
    decided || chosen ? make("p", { class: "label" }, decided ? "as it was decided" : "as you chose") : sureness(label, share),
    known.choosing === label.name ? choices(label, known) : null);
}

// What unfolds under it is why.
function sureness(label, share) {
  if (!label.words.length && !label.near.length) return make("p", { class: "label sureness" }, share, label.sure);
  return make("details", { class: "trace" }, make("summary", { class: "sureness" }, share, make("span", {}, `${label.sure}, why?`)),
    label.words.length ? make("p", { class: "quiet" }, "Words: ", label.words.join(", ")) : null,
    label.near.length ? make("p", { class: "quiet" }, "Tickets: ", label.near.join("; ")) : null);
}

function choices(label, known) {
  const option = (choice, at) =>
    make("li", {}, make("button", { type: "button", class: "word", on: { click: () => take(known, label.name, choice) } }, at < 9 ? hint(String(at + 1)) : null, choice));
  const other = make("input", { type: "text", maxlength: "100", "aria-label": `Another ${label.name}`, placeholder: "Another one" });
  const form = make("form", { on: { submit: (event) => (event.preventDefault(), other.value.trim() && take(known, label.name, other.value.trim())) } }, other);
  return make("ul", { class: "choices", "aria-label": `Choose the ${label.name}` }, label.choices.map(option), make("li", {}, form));
}

const group = (title, items, kind = "") => make("div", { class: `group ${kind}`.trim() }, make("p", { class: "label" }, title), make("ul", {}, items));
const alike = (ticket) => make("li", {}, make("strong", {}, ticket.name), ticket.where ? make("span", { class: "label" }, ` ${ticket.where}`) : null, ticket.said ? make("p", { class: "quiet" }, ticket.said) : null);

// What a person does ----------------------------------------------------------------------------

function press(event, known) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const target = event.composedPath()[0];
  if (event.key === "Escape" && known.choosing) return done(event, () => choose(known, null));
  if (event.key === "Escape" && target.matches?.(LETTER)) return done(event, () => target.blur());
  if (target.closest?.(TYPES)) return;
  if (event.key.length === 1 && !lettersWork()) return;
  const label = known.choosing && known.data.labels.find((each) => each.name === known.choosing);
  const choice = label && /^[1-9]$/.test(event.key) ? label.choices[Number(event.key) - 1] : undefined;
  if (choice !== undefined) return done(event, () => take(known, label.name, choice));
  const act = keysOf(known)[event.key];
  if (act) done(event, act);
}

function keysOf(known) {
  const { data } = known;
  const changes = Object.entries(NAMES).filter(([, name]) => data.labels.some((each) => each.name === name));
  const next = () => go(known, data.next);
  const previous = () => go(known, data.previous);
  return {
    j: next, ArrowRight: next, k: previous, ArrowLeft: previous, e: () => edit(known), y: () => copy(known), n: () => copyNote(known), "?": () => listKeys(known),
    ...(data.status === "open" ? {} : { o: () => takeUp(known) }),
    ...(isDone(data) ? {} : { a: () => accept(known), ...Object.fromEntries(changes.map(([key, name]) => [key, () => choose(known, name)])) }),
  };
}

// Streamlit has shortcuts of its own, such as c: what is meant for the desk does not reach them.
function done(event, act) {
  event.preventDefault();
  event.stopImmediatePropagation();
  act();
}

function choose(known, name) {
  known.choosing = known.choosing === name ? null : name;
  known.draw();
}

function take(known, name, choice) {
  known.chosen[name] = choice;
  known.choosing = null;
  known.draw();
}

// Once a ticket: a key that is held down decides nothing that nobody has seen.
function accept(known) {
  if (known.sent) return;
  const { data } = known;
  if (!data.labels.some((label) => label.label || known.chosen[label.name])) {
    known.said.textContent = "Choose a label first";
    return;
  }
  leave(known);
  known.send("accept", { id: data.id, labels: known.chosen });
}

function takeUp(known) {
  if (known.sent) return;
  leave(known);
  known.send("take_up", known.data.id);
}

// What is pressed before the next ticket is there is not meant for it, nor for the one that was left.
function leave(known) {
  known.sent = true;
  setTimeout(() => (known.sent = false), AGAIN_MS);
}

function go(known, id) {
  if (!id) return;
  leave(known);
  known.send("go", id);
}

function edit(known) {
  const letter = document.querySelector(LETTER);
  if (letter) letter.focus();
  else known.said.textContent = NO_DRAFT;
}

function copy(known) {
  const letter = document.querySelector(LETTER);
  if (letter?.value) copyText(letter.value, known.said);
  else known.said.textContent = NO_DRAFT;
}

function copyNote(known) {
  const note = document.querySelector(NOTE)?.textContent;
  if (note) copyText(note, known.said);
  else known.said.textContent = "There is no note yet";
}
