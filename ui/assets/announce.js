// What a screen reader is told, and where the focus goes when what had it is gone.

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
