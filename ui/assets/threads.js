// The list of conversations: by time, put away, or as found; each with a menu of what can be done with it.
// It makes elements by the tools of citewell.js; titles arrive as data and are set as text.

const MENUS = {
  listed: ["rename", "pin", "archive", "delete"],
  archived: ["rename", "unarchive", "delete"],
};
const NAMES = { rename: "Rename", archive: "Archive", unarchive: "Bring back", delete: "Delete" };
const MOST_TITLE_CHARS = 200;
const NARROW = "(max-width: 768px)";
let make;
let icon;
let listens = false;
let list;

export function drawThreads(root, data, known, tools) {
  ({ make, icon } = tools);
  known.data = data;
  list = root;
  listenForKeys();
  if (known.isRenaming) return;
  const focused = root.getRootNode().activeElement?.dataset.focus;
  const wanted = focused && (known.focus ?? focused);
  known.focus = undefined;
  const nav = make("nav", { class: "threads", "aria-label": "Conversations", on: { keydown: walk } }, content(data, known));
  nav.addEventListener("focusin", (event) => beTabStop(nav, event.target.closest(".thread")));
  beTabStop(nav, nav.querySelector(".thread.current") ?? nav.querySelector(".thread"));
  root.querySelector("nav")?.remove();
  root.append(nav);
  say(root, data.deleted ? "Conversation deleted" : data.note ?? "");
  if (wanted) focus(root, wanted);
}

// Heard, not seen; it stays in its place, for what is put in anew is not read out.
function say(root, words) {
  const status = root.querySelector("[role=status]") ?? root.appendChild(make("p", { class: "unseen", role: "status" }));
  if (status.textContent !== words) status.textContent = words;
}

function focus(root, name) {
  [...root.querySelectorAll("[data-focus]")].find((element) => element.dataset.focus === name)?.focus();
}

function content(data, known) {
  return [
    data.note ? make("p", { class: "note" }, data.note) : "",
    data.deleted ? undo(data, known) : "",
    data.archive ? step("Back to conversations", "list", known) : "",
    data.groups.map((group, index) => section(group, index, known)),
    data.more ? step("Show more", "more", known) : "",
    data.away ? step("Archived", "archived", known) : "",
  ];
}

function undo(data, known) {
  const again = () => act(known, { do: "undelete", id: data.deleted }, `open-${data.deleted}`);
  return make(
    "p", { class: "undo" }, "Conversation deleted",
    make("button", { type: "button", "data-focus": "undo", on: { click: again } }, "Undo"),
  );
}

function step(words, what, known) {
  const take = () => known.send("act", { do: what });
  return make("button", { type: "button", class: "step", "data-focus": what, on: { click: take } }, words);
}

function section(group, index, known) {
  const id = `group-${index}`;
  return make(
    "section", { "aria-labelledby": group.name && id },
    group.name && make("h2", { class: "label", id }, group.name),
    make("ul", {}, group.threads.map((thread) => row(thread, known))),
  );
}

function row(thread, known) {
  const item = make("li", { class: thread.id === known.data.current ? "thread current" : "thread" });
  if (thread.deleted) {
    const back = () => act(known, { do: "undelete", id: thread.id });
    item.append(make("span", { class: "open" }, thread.title), make("button", { type: "button", class: "back", on: { click: back } }, NAMES.unarchive));
    return item;
  }
  item.append(link(thread, known), menuButton(thread, item, known));
  return item;
}

function link(thread, known) {
  const open = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;  // In a tab or a window of its own.
    event.preventDefault();
    known.send("open", thread.id);
    uncover();
  };
  const around = thread.match && [make("span", { class: "around" }, thread.before, make("b", {}, thread.match), thread.after)];
  return make(
    "a",
    {
      class: "open", href: new URL(`./?c=${thread.id}`, document.baseURI), "data-focus": `open-${thread.id}`,
      "aria-current": thread.id === known.data.current && "true", title: thread.title, on: { click: open },
    },
    make("span", { class: "title" }, thread.title), around,
  );
}

// On a narrow screen the sidebar covers what was chosen in it.
function uncover() {
  if (matchMedia(NARROW).matches) document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
}

// The menu ---------------------------------------------------------------------------------------

function menuButton(thread, item, known) {
  const button = make(
    "button",
    {
      type: "button", class: "more", "data-focus": `more-${thread.id}`, "aria-haspopup": "menu", "aria-expanded": "false",
      "aria-label": `What to do with ${thread.title}`,
    },
    icon("more"),
  );
  button.addEventListener("click", () => openMenu(button, thread, item, known));
  button.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" || button.ariaExpanded === "true") return;
    event.preventDefault();
    event.stopPropagation();
    openMenu(button, thread, item, known);
  });
  return button;
}

function openMenu(button, thread, item, known) {
  const names = { ...NAMES, pin: thread.pinned ? "Unpin" : "Pin" };
  const close = () => {
    menu.hidePopover();
    button.focus();
  };
  const choose = (what) => () => {
    close();
    if (what === "rename") rename(thread, item, known);
    else act(known, { do: what === "pin" && thread.pinned ? "unpin" : what, id: thread.id }, focusAfter(what, thread, item));
  };
  const menu = make(
    "div", { class: "menu", role: "menu", popover: "auto", "aria-label": thread.title, on: { keydown: (event) => walkMenu(event, close) } },
    MENUS[thread.archived ? "archived" : "listed"].map((what) =>
      make("button", { type: "button", role: "menuitem", tabindex: "-1", on: { click: choose(what) } }, icon(what === "rename" ? "edit" : what), names[what])),
  );
  menu.addEventListener("beforetoggle", (event) => { button.ariaExpanded = String(event.newState === "open"); });
  menu.addEventListener("toggle", (event) => { if (event.newState === "closed") menu.remove(); });
  item.append(menu);
  menu.showPopover();
  place(menu, button.getBoundingClientRect());
  menu.firstChild.focus();
}

function place(menu, beside) {
  const { width, height } = menu.getBoundingClientRect();
  const below = beside.bottom + 4;
  menu.style.top = `${below + height > innerHeight ? Math.max(4, beside.top - height - 4) : below}px`;
  menu.style.left = `${Math.max(4, Math.min(beside.left, innerWidth - width - 8))}px`;
}

function walkMenu(event, close) {
  const items = [...event.currentTarget.children];
  const at = items.indexOf(event.target);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
  event.stopPropagation();  // Escape closes the menu and nothing else.
  if (event.key === "Escape" || event.key === "Tab") close();
  if (to === undefined) return;
  event.preventDefault();
  items.at(to % items.length).focus();
}

// What was done changes the list; the focus stays beside it.
function act(known, what, focus) {
  known.focus = focus;
  known.send("act", what);
}

function focusAfter(what, thread, item) {
  if (what === "delete") return "undo";
  if (what === "pin") return `more-${thread.id}`;
  const next = (item.nextElementSibling ?? item.previousElementSibling)?.querySelector("[data-focus]");
  return next?.dataset.focus ?? "archived";
}

// A new name, written in the place of the old one.
function rename(thread, item, known) {
  const field = make("input", { class: "name", value: thread.title, maxlength: MOST_TITLE_CHARS, "aria-label": "New name" });
  known.isRenaming = true;
  const end = (title) => {
    if (!known.isRenaming) return;
    known.isRenaming = false;
    const isChanged = title !== null && title !== thread.title;
    if (isChanged) known.send("act", { do: "rename", id: thread.id, title });
    if (isChanged && title) thread.title = title;
    const isStill = field.getRootNode().activeElement === field;
    const root = item.closest(".cw");
    drawThreads(root, known.data, known, { make, icon });
    if (isStill) focus(root, `more-${thread.id}`);
  };
  field.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter") end(field.value.trim());
    if (event.key === "Escape") end(null);
  });
  field.addEventListener("blur", () => end(field.value.trim()));
  item.replaceChildren(field);
  field.focus();
  field.select();
}

// Keys -------------------------------------------------------------------------------------------

// However long the list, Tab stops at one conversation of it and goes on to the page.
function beTabStop(nav, stop) {
  if (!stop) return;
  for (const item of nav.querySelectorAll(".thread")) {
    for (const element of item.querySelectorAll("a, :scope > button")) element.tabIndex = item === stop ? 0 : -1;
  }
}

// Up and down go from one conversation to the next.
function walk(event) {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const links = [...event.currentTarget.querySelectorAll("a.open")];
  const at = links.indexOf(event.target);
  if (at < 0) return;
  event.preventDefault();
  if (event.key === "ArrowUp" && at === 0) searchField()?.focus();
  else links[at + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
}

const searchField = () => document.querySelector(".st-key-thread_search input");

function listenForKeys() {
  const field = searchField();
  if (field && !field.title) field.title = `Search conversations (${navigator.platform.startsWith("Mac") ? "⌘" : "Ctrl+"}K)`;
  if (listens) return;
  listens = true;
  document.addEventListener("click", (event) => { if (event.target.closest?.(".st-key-new_chat")) uncover(); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && event.target === searchField()) list.querySelector("a.open")?.focus();
    if (event.key?.toLowerCase() !== "k" || event.ctrlKey === event.metaKey || event.altKey || event.shiftKey) return;
    event.preventDefault();
    document.querySelector('[data-testid="stExpandSidebarButton"]')?.click();
    // A sidebar that was closed is drawn first.
    requestAnimationFrame(() => { searchField()?.focus(); searchField()?.select(); });
  });
}
