// What a screen reader is told, where the focus goes when what had it is gone, that the connection is lost, and the
// theme of what stands beside the app.

const STAGE_MS = 200;
const INPUT = "[data-testid=stChatInput] textarea";
let byKeyboard = false;
addEventListener("keydown", () => (byKeyboard = true), { capture: true, passive: true });
addEventListener("pointerdown", () => (byKeyboard = false), { capture: true, passive: true });

// A text node that changes after the region exists is what screen readers report.
export function say(region, text) {
  if (region.textContent !== text) setTimeout(() => (region.textContent = text), 50);
}

// While an answer is written, the page's own words say how far it is; nothing is sent for it. Returns how to end it.
export function followStages(region) {
  let last = "";
  let timer = 0;
  const look = () => {
    timer = 0;
    if (!region.isConnected) return observer.disconnect();
    const stage = stageOnScreen();
    if (!stage || stage === last) return;
    last = stage;
    say(region, stage);
  };
  const observer = new MutationObserver(() => (timer ||= setTimeout(look, STAGE_MS)));
  observer.observe(document.body, { subtree: true, childList: true, characterData: true });
  look();
  return () => (observer.disconnect(), clearTimeout(timer));
}

function stageOnScreen() {
  const live = document.querySelector(".st-key-live_answer");
  if (!live) return "";
  return live.querySelector(".stMarkdownShimmer")?.textContent ?? (live.textContent.trim() ? "Answering" : "");
}

// What was pressed to ask or to stop is no longer there: the input has the focus, as if it had been asked there.
// Not after a touch, where it would open the keyboard over the answer.
export function keepFocus() {
  if (byKeyboard) setTimeout(() => hasNoFocus() && document.querySelector(INPUT)?.focus({ preventScroll: true }), STAGE_MS);
}

const hasNoFocus = () => !document.activeElement || document.activeElement === document.body;

// Streamlit says in a corner that it is connecting, and then lays a dialog over the page that speaks of itself.
// Instead one line says what is safe, and what was read before can be read on.
const LOST = "The connection is lost, and Citewell tries again by itself. An answer that is being written goes on.";
const STATUS = "[data-testid=stConnectionStatus]";
// Its title is bare text; that of a dialog of ours holds elements.
const itsDialog = () => [...document.querySelectorAll("section[role=dialog]")].find((dialog) => dialog.querySelector(":scope > h2")?.childElementCount === 0);
const line = document.createElement("p");
line.className = "cw-connection";
line.setAttribute("role", "status");

function watchConnection() {
  let timer = 0;
  const look = () => {
    timer = 0;
    const isLost = document.querySelector(STATUS) !== null;
    if (!line.isConnected) document.querySelector(".stApp")?.append(line);
    if (isLost !== Boolean(line.textContent)) line.textContent = isLost ? LOST : "";
    if (isLost) itsDialog()?.querySelector("button[aria-label=Close]")?.click();
  };
  new MutationObserver(() => (timer ||= setTimeout(look, STAGE_MS))).observe(document.body, { subtree: true, childList: true });
  look();
}

// Dialogs stand beside the app, not in it: they are told whether it is dark.
function spreadScheme() {
  const app = document.querySelector(".stApp");
  if (!app) return;
  const spread = () => (document.body.style.colorScheme = getComputedStyle(app).colorScheme);
  new MutationObserver(spread).observe(app, { attributes: true, attributeFilter: ["class"] });
  spread();
}

watchConnection();
spreadScheme();
