// What a reader thinks of an answer: a thumb in the line under it, and on a choice a small form for why.
// Neither is drawn anew while somebody writes: an answer growing elsewhere on the page takes no word away.

const MOST_CHARS = 2000;

// `opinion` is null where the answer is not to be judged; `helpful` in it is null until a thumb was chosen.
export function showOpinion(root, opinion, known, { make, icon, calm }) {
  const buttons = root.querySelector(".answer > .foot > .buttons");
  if (!opinion || !buttons) return;
  known.opinion ??= { open: false, reason: "", comment: "" };
  const state = known.opinion;
  const given = JSON.stringify(opinion);
  if (state.given !== given) Object.assign(state, { given, reason: opinion.reason ?? "", comment: opinion.comment ?? "" });
  const context = { root, opinion, known, state, make, icon, calm };
  const thumbs = buttons.querySelector(".thumbs") ?? drawThumbs(buttons, context);
  thumbs.context = context;
  for (const thumb of thumbs.querySelectorAll("button")) thumb.setAttribute("aria-pressed", String(opinion.helpful === (thumb.name === "up")));
  showForm(context);
}

function drawThumbs(buttons, { make, icon }) {
  const thumbs = make("span", { class: "thumbs", role: "group", "aria-label": "Was this answer helpful?" });
  const thumb = (name, label) => make("button", { type: "button", class: `icon thumb ${name}`, name, "aria-label": label, title: label, on: { click: () => choose(thumbs.context, name === "up") } }, icon("thumb"));
  thumbs.append(thumb("up", "Helpful"), thumb("down", "Not helpful"));
  buttons.prepend(thumbs);
  return thumbs;
}

function choose(context, helpful) {
  const { opinion, known, state } = context;
  if (opinion.helpful === helpful) {
    state.open = !state.open;
    showForm(context);
    return;
  }
  Object.assign(state, { open: true, takesFocus: true });
  known.send("opinion", { is_helpful: helpful, comment: state.comment });
}

function showForm(context) {
  const { root, opinion, state } = context;
  const place = root.querySelector(".answer");
  const shown = place.querySelector(".opinion");
  const kind = String(opinion.helpful);
  if (!state.open || opinion.helpful === null) {
    shown?.remove();
    return;
  }
  if (shown?.dataset.kind === kind) return;
  shown?.remove();
  const form = drawForm(context);
  form.dataset.kind = kind;
  place.append(form);
  if (state.takesFocus) {
    form.querySelector("input, textarea").focus({ preventScroll: true });
    form.scrollIntoView({ block: "nearest", behavior: context.calm() });
  }
  state.takesFocus = false;
}

function drawForm(context) {
  const { opinion, state, make } = context;
  const comment = make("textarea", { rows: "2", maxlength: String(MOST_CHARS), "aria-label": "Comment", placeholder: "In your own words, if you like" });
  comment.value = state.comment;
  comment.addEventListener("input", () => (state.comment = comment.value));
  return make(
    "form", { class: "opinion", on: { submit: (event) => (event.preventDefault(), save(context)), keydown: (event) => event.key === "Escape" && close(context) } },
    opinion.helpful ? null : reasons(context), comment,
    make(
      "span", { class: "buttons" },
      make("button", { type: "submit", class: "word strong" }, "Save"),
      make("button", { type: "button", class: "word", on: { click: () => withdraw(context) } }, "Take back"),
      make("button", { type: "button", class: "word", on: { click: () => close(context) } }, "Close"),
    ),
  );
}

function reasons({ opinion, state, make }) {
  const choice = ([key, label]) => {
    const input = make("input", { type: "radio", name: "reason", value: key, on: { change: () => (state.reason = key) } });
    input.checked = state.reason === key;
    return make("label", { class: "reason" }, input, make("span", {}, label));
  };
  return make("fieldset", {}, make("legend", { class: "label" }, "What was wrong with it?"), opinion.reasons.map(choice));
}

function save(context) {
  const { opinion, known, state } = context;
  known.send("opinion", { is_helpful: opinion.helpful, reason: opinion.helpful ? null : state.reason || null, comment: state.comment });
  close(context);
}

function withdraw(context) {
  Object.assign(context.state, { reason: "", comment: "" });
  context.known.send("withdrawn", true);
  close(context);
}

function close(context) {
  context.state.open = false;
  showForm(context);
  context.root.querySelector(`.thumb.${context.opinion.helpful ? "up" : "down"}`)?.focus();
}
