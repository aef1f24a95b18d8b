// How an answer was found: what was searched for, how sure the search was, every candidate, and how long it took.

let make;
let icon;

export default function drawAccount(root, data, known, tools) {
  ({ make, icon } = tools);
  const pairs = (rows) => make("dl", {}, rows.map(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
  root.replaceChildren(
    make(
      "div", { class: "account" },
      data.notes.map((note) => make("p", { class: "notice" }, icon("alert"), make("span", {}, note))),
      make("h3", {}, "What was searched for"), make("p", {}, data.searched), make("ul", { class: "queries" }, data.queries.map(asked)),
      make("h3", {}, "Whether the documents answer it"), make("p", {}, data.decision.text),
      data.decision.parts.length ? make("ul", { class: "queries" }, data.decision.parts.map(asked)) : null,
      data.decision.signals.length ? pairs(data.decision.signals) : null,
      data.rows.length ? [make("h3", {}, "What was found"), make("p", {}, data.scoring), candidates(data.rows, known)] : null,
      data.more ? make("p", { class: "label" }, data.more) : null,
      make("h3", {}, "How long it took"), pairs(data.facts),
    ),
  );
}

function asked({ name, text, facts }) {
  return make("li", {}, make("span", { class: "label" }, name), make("q", {}, text), make("span", { class: "where" }, facts));
}

const COLUMNS = [
  ["rank", "", "number"], ["place", "Found in"], ["dense", "Meaning", "number"], ["words", "Words", "number"],
  ["document", "Document’s words", "number"], ["score", "Score", "number"], ["outcome", "What became of it"],
];

function candidates(rows, known) {
  const open = (n) => {
    known.leads = true;
    known.send("open", { n });
  };
  const cells = {
    place: (row) => [make("span", { class: "title" }, row.title), row.where ? make("span", { class: "where" }, row.where) : null],
    outcome: (row) => (row.passage ? make("button", { type: "button", class: "opener", on: { click: () => open(row.passage) } }, make("span", { class: "title" }, row.outcome)) : row.outcome),
  };
  const cell = (row) => ([name, label, kind]) => make("td", { class: [name, kind].filter(Boolean).join(" "), "data-label": label }, cells[name]?.(row) ?? String(row[name]));
  return make(
    "div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "What was found" },
    make("table", {},
      make("thead", {}, make("tr", {}, COLUMNS.map(([name, label, kind]) => make("th", { class: kind, scope: "col" }, label || make("span", { class: "unseen" }, "Rank"))))),
      make("tbody", {}, rows.map((row) => make("tr", { class: row.passage ? "shown" : null }, COLUMNS.map(cell(row)))))),
  );
}
