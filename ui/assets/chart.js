// Charts of plain elements, in the page's own type and colours: columns or lines over days, and bars one below the other.
// A chart is one stop of the Tab key; arrows go from day to day, each is read out, and Enter chooses it.

let make;
const SVG = "http://www.w3.org/2000/svg";
const TICKS = 4;
const LABELS = 6;
const MOST_DOTS = 45;
const STEPS = [1, 2, 5, 10];
const SHOWN = {
  count: (value) => value.toLocaleString("en"),
  seconds: (value) => `${value.toFixed(2)} s`,
  share: (value) => `${Math.round(value * 100)}%`,
};
const ON_AXIS = {
  count: (value) => value.toLocaleString("en", { notation: "compact" }),
  seconds: (value) => `${Number(value.toPrecision(6))} s`,
  share: SHOWN.share,
};

export default function drawChart(root, data, known, tools) {
  ({ make } = tools);
  const hadFocus = root.contains(root.getRootNode().activeElement);
  root.replaceChildren(data.kind === "bars" ? bars(data) : columns(data, known));
  if (hadFocus) root.querySelector(".column[tabindex='0']")?.focus({ preventScroll: true });
}

function bars({ label, rows }) {
  const most = Math.max(...rows.map((row) => row.value), Number.MIN_VALUE);
  const bar = ({ name, value, shown }) =>
    make("li", {},
      make("span", { class: "name", title: name }, name),
      make("span", { class: "track" }, make("span", { class: "bar tone-0", style: `width: ${(100 * value) / most}%` })),
      make("span", { class: "value" }, shown));
  return make("ul", { class: "bars", "aria-label": label }, rows.map(bar));
}

function columns(data, known) {
  const count = data.days.length;
  known.at = Math.min(data.picked ?? known.at ?? count - 1, count - 1);
  const scale = scaleOf(data);
  const tip = make("div", { class: "tip", "aria-hidden": "true", hidden: true });
  const plot = make("div", { class: `plot ${data.form}${data.picked === undefined ? "" : " has-picked"}`, role: "group", "aria-label": data.label, on: { keydown: (event) => move(event, plot, known) } },
    scale.ticks.map((tick) => make("span", { class: "rule", style: `bottom: ${scale.place(tick)}%` })),
    data.form === "lines" ? lines(data, scale) : null,
    data.days.map((_, place) => column(place, data, known, scale, tip)),
    tip);
  const axis = make("div", { class: "axis", "aria-hidden": "true" }, scale.ticks.map((tick) => make("span", { style: `bottom: ${scale.place(tick)}%` }, ON_AXIS[data.unit](tick))));
  return make("div", { class: "chart" }, axis, plot, dayLabels(data), legend(data));
}

// The scale begins at nothing and ends with a round number.
function scaleOf({ form, unit, series, days }) {
  const sums = days.map((_, place) => series.map((one) => one.values[place] ?? 0));
  const most = Math.max(...sums.map((each) => (form === "lines" ? Math.max(...each) : each.reduce((a, b) => a + b, 0))), 0) || 1;
  const rough = most / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = unit === "share" ? 0.25 : Math.max(STEPS.find((each) => each * power >= rough * 0.999) * power, unit === "count" ? 1 : 0);
  const steps = unit === "share" ? 4 : Math.ceil(most / step - 0.001);
  return { ticks: Array.from({ length: steps + 1 }, (_, at) => at * step), place: (value) => (100 * value) / (steps * step) };
}

function column(place, data, known, scale, tip) {
  const isPicked = data.picked === place;
  const show = (event) => showTip(event.currentTarget, tip, place, data);
  const attributes = {
    class: `column${isPicked ? " is-picked" : ""}`,
    tabindex: place === known.at ? "0" : "-1",
    "aria-label": [data.days[place].name, ...told(place, data).map(([name, shown]) => `${name}: ${shown}`)].join(", "),
    style: `left: ${(100 * place) / data.days.length}%; width: ${100 / data.days.length}%`,
    on: { pointerenter: show, focus: show, pointerleave: () => hide(tip), blur: () => hide(tip) },
  };
  const marks = data.form === "lines" ? dots(place, data, scale) : stack(place, data, scale);
  if (!data.picks) return make("span", { ...attributes, role: "img" }, marks);
  attributes.on.click = () => known.send("pick", isPicked ? -1 : place);
  return make("button", { type: "button", "aria-pressed": String(isPicked), ...attributes }, marks);
}

function stack(place, { series }, scale) {
  let below = 0;
  return series.map((one, tone) => {
    const value = one.values[place];
    if (!value) return null;
    const bottom = scale.place(below);
    below += value;
    return make("span", { class: `stacked tone-${one.tone ?? tone}`, style: `bottom: ${bottom}%; height: ${scale.place(value)}%` });
  });
}

function dots(place, { series, days }, scale) {
  const alone = (one) => one.values[place - 1] == null && one.values[place + 1] == null;
  return series
    .filter((one) => one.values[place] != null && (days.length <= MOST_DOTS || alone(one)))
    .map((one) => make("span", { class: `dot tone-${one.tone}`, style: `bottom: ${scale.place(one.values[place])}%` }));
}

function lines({ series, days }, scale) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ viewBox: `0 0 ${days.length} 100`, preserveAspectRatio: "none", "aria-hidden": "true" })) svg.setAttribute(name, value);
  for (const one of series) {
    const path = document.createElementNS(SVG, "path");
    const at = (value, place) => (value == null ? "" : `${one.values[place - 1] == null ? "M" : "L"}${place + 0.5} ${(100 - scale.place(value)).toFixed(2)}`);
    path.setAttribute("d", one.values.map(at).join(""));
    path.setAttribute("class", `tone-${one.tone} ${one.dash ?? ""}`);
    svg.append(path);
  }
  return svg;
}

// What stands there on one day, by the names of the series; nothing of those without a value.
const told = (place, { series, unit }) =>
  series.filter((one) => one.values[place] != null).map((one) => [one.name, one.shown?.[place] ?? SHOWN[unit](one.values[place])]);

function showTip(over, tip, place, data) {
  tip.replaceChildren(make("strong", {}, data.days[place].name), ...told(place, data).map(([name, shown]) => make("span", {}, `${name}: ${shown}`)));
  const isRight = place >= data.days.length / 2;
  tip.className = `tip${isRight ? " is-right" : ""}`;
  tip.style.left = isRight ? over.style.left : `calc(${over.style.left} + ${over.style.width})`;
  tip.hidden = false;
}

const hide = (tip) => (tip.hidden = true);

function move(event, plot, known) {
  const all = [...plot.querySelectorAll(".column")];
  const to = { ArrowLeft: known.at - 1, ArrowRight: known.at + 1, Home: 0, End: all.length - 1 }[event.key];
  if (all[to] === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  all[known.at].tabIndex = -1;
  known.at = to;
  all[to].tabIndex = 0;
  all[to].focus();
}

function dayLabels({ days }) {
  const every = Math.ceil(days.length / LABELS);
  const label = (day, place) =>
    place % every ? null : make("span", { class: (place / every) % 2 ? "second" : null, style: `left: ${(100 * (place + 0.5)) / days.length}%` }, day.label);
  return make("div", { class: "days", "aria-hidden": "true" }, days.map(label));
}

function legend({ series, form }) {
  if (series.length < 2) return null;
  const key = (one, tone) => make("li", {}, make("span", { class: `swatch ${form} tone-${one.tone ?? tone} ${one.dash ?? ""}` }), one.name);
  return make("ul", { class: "legend" }, series.map(key));
}
