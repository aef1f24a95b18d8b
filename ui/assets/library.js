// The library: files and what became of them, what a sync would do, a question tried on a document.

let make;
let icon;
let nodes;

export default function drawInLibrary(root, data, known, tools) {
  ({ make, icon, nodes } = tools);
  DRAW[data.kind](root, data, known);
}

const DRAW = { files: drawFiles, plan: drawPlan, results: drawResults };
const FILE_ICONS = { read: "check", failed: "alert", reading: "again", waiting: "clock", skipped: "clock" };

function drawFiles(root, data) {
  const row = (file) =>
    make(
      "li", { class: `file ${file.state}` }, icon(FILE_ICONS[file.state], 16), make("span", { class: "name" }, file.name),
      make("span", { class: "word-of" }, file.word), file.reason ? make("span", { class: "reason" }, file.reason) : null,
    );
  const at = root.querySelector(".files")?.scrollTop ?? 0;
  const list = make("ul", { class: "files", "aria-label": data.label, tabindex: "0" }, data.rows.map(row));
  root.replaceChildren(...[list, data.more ? make("p", { class: "label" }, data.more) : null].filter(Boolean));
  list.scrollTop = at;
}

function drawPlan(root, data) {
  const group = ({ title, names, more }) =>
    make(
      "details", { class: "trace", open: data.groups.length === 1 }, make("summary", {}, icon("chevron"), title),
      make("ul", { class: "files", tabindex: "0", "aria-label": title }, names.map((name) => make("li", {}, name))), more ? make("p", { class: "label" }, `and ${more} more`) : null,
    );
  root.replaceChildren(...data.groups.map(group));
}

function drawResults(root, data, known) {
  const row = (result) =>
    make(
      "li", {},
      make("button", { type: "button", class: "opener", on: { click: () => known.send("show", { start: result.start, end: result.end }) } },
        make("span", { class: "title" }, result.where), make("span", { class: "where" }, result.score)),
      make("div", { class: "page" }, nodes(result.blocks)),
    );
  root.replaceChildren(make("ol", { class: "results", "aria-label": data.label }, data.rows.map(row)));
}
