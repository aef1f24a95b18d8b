// Tables that are only read: a head sorts by its column, and what leads onward stands first in its row.

let make;
const LONG_CHARS = 28;
const SHOWN = {
  text: (value) => value,
  count: (value) => value.toLocaleString("en"),
  number: String,
  share: (value) => `${Math.round(value * 100)}%`,
};

export default function drawTable(root, data, known, tools) {
  ({ make } = tools);
  const longs = data.heads.map((_, at) => data.rows.some((cells) => String(cells[at] ?? "").length > LONG_CHARS));
  const rows = data.rows.map((cells, place) => ({ cells, element: row(cells, place, data, longs, known) }));
  const body = make("tbody");
  const sorted = (at) => {
    const isDown = known.by?.at === at ? !known.by.isDown : data.heads[at].unit !== "text";
    known.by = { name: data.heads[at].name, at, isDown };
    order();
  };
  const heads = data.heads.map(({ name, unit }, at) =>
    make("th", { scope: "col", class: unit === "text" ? null : "number" }, make("button", { type: "button", on: { click: () => sorted(at) } }, name)));
  const order = () => {
    const { at, isDown } = known.by ?? {};
    heads.forEach((head, place) => (place === at ? head.setAttribute("aria-sort", isDown ? "descending" : "ascending") : head.removeAttribute("aria-sort")));
    const ordered = at === undefined ? rows : [...rows].sort((one, other) => compared(one.cells[at], other.cells[at], isDown));
    body.replaceChildren(...ordered.map(({ element }) => element));
  };
  if (known.by && data.heads[known.by.at]?.name !== known.by.name) known.by = undefined;
  order();
  const ways = data.ways ? make("td", { class: "ways" }) : null;
  const table = make("table", { "aria-label": data.label }, make("thead", {}, make("tr", {}, ways, heads)), body);
  root.replaceChildren(make("div", { class: "table", role: "region", "aria-label": data.label, tabindex: "0" }, table));
}

function row(cells, place, { heads, ways }, longs, known) {
  const way = ([name, label]) =>
    make("button", { type: "button", "aria-label": `${label}: ${cells[0]}`, on: { click: () => known.send("way", [name, place]) } }, label);
  const cell = (value, at) => {
    const { unit } = heads[at];
    const shown = value === null ? "" : SHOWN[unit](value);
    const kind = unit !== "text" ? "number" : longs[at] ? "long" : null;
    return at ? make("td", { class: kind }, shown) : make("th", { scope: "row", class: kind }, shown);
  };
  return make("tr", {}, ways ? make("td", { class: "ways" }, Object.entries(ways[place]).map(way)) : null, cells.map(cell));
}

// What is not there comes last, whichever way it goes.
function compared(one, other, isDown) {
  if (one === null || other === null) return (one === null) - (other === null);
  const order = typeof one === "number" ? one - other : one.localeCompare(other, "en", { numeric: true });
  return isDown ? -order : order;
}
