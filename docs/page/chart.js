"use strict";

/* Draws the rows of a view by Observable Plot (the global `Plot`), in the colours of the style sheet: one drawing serves light, dark and
   print. What a chart is made of is said in report/page/act.py. */

const GAP = 32; // between panels, in pixels
const NARROWEST = 270; // panel
const SPARSE = 6; // so many values of x or fewer have room for a bar each, side by side

const distinct = (values) => [...new Set(values)];

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function shownText({ decimals }, value) {
  if (value === null || value === "") return "–";
  return decimals === null ? value : value.toFixed(decimals).replace("-", "−");
}

/* What a point is, line by line: its names, its value with the interval, and how many it was measured on. */
function said({ columns, chart, choices }, row) {
  const column = Object.fromEntries(columns.map((each) => [each.name, each]));
  const value = chart.kind === "lines" ? chart.y : chart.kind === "dots" ? chart.x : chart.series;
  const withUnit = (name) => [column[name].title, shownText(column[name], row[name]), column[name].unit].filter(Boolean).join(" ");
  const names = distinct([chart.kind === "cells" ? "" : chart.series, chart.facet, ...(chart.kind === "lines" ? [] : [chart.y, chart.x])])
    .filter((name) => name && column[name].decimals === null && row[name])
    .map((name) => row[name]);
  const lines = [distinct(names).join(", ")];
  if (chart.kind === "lines") lines.push(withUnit(chart.x));
  lines.push(withUnit(value));
  if (chart.low && row[chart.low] !== null) {
    const [low, high] = [chart.low, chart.high].map((name) => shownText(column[name], row[name]));
    const of = chart.kind === "cells" ? `${withUnit("value")}, ` : "";
    lines.push(`${of}95 %: ${low} to ${high}`);
  }
  if (chart.count && row[chart.count] !== null) lines.push(`n = ${shownText(column[chart.count], row[chart.count])} ${column[chart.count].title}`);
  if (chart.doubt && row[chart.doubt]) lines.push(row[chart.doubt]);
  return lines.filter(Boolean);
}

function lookOf(chart, name) {
  return chart.looks[name] ?? { hue: "ink", symbol: "circle", dashes: "" };
}

function legend({ chart }, rows) {
  const named = chart.kind === "cells" || [chart.facet, chart.y].includes(chart.series); // by itself
  const names = named ? [] : distinct(rows.map((row) => row[chart.series]));
  const keys = names.map((name) => {
    const { hue, symbol, dashes } = lookOf(chart, name);
    const look = { stroke: `var(--${hue})`, strokeWidth: 1.75 };
    const line = chart.kind === "lines" ? dashes !== "none" : !symbol;
    const key = Plot.plot({
      width: 30, height: 12, margin: 0, axis: null, x: { domain: [0, 1] }, y: { domain: [0, 1] },
      marks: [
        line ? Plot.lineY([0, 1], { x: [0, 1], y: [0.5, 0.5], strokeDasharray: dashes, ...look }) : null,
        symbol ? Plot.dot([0.5], { x: [0.5], y: [0.5], r: 4, symbol, fill: `var(--${hue})`, ...look }) : null,
      ],
    }); // prettier-ignore
    key.setAttribute("aria-hidden", "true");
    return make("li", {}, key, String(name));
  });
  return make("ul", { class: "legend" }, ...keys);
}

const axis = (more) => ({ labelArrow: "none", labelAnchor: "center", tickSize: 4, ...more });

const heading = ({ title, unit }) => (unit ? `${title} (${unit})` : title);

/* The values that an axis must hold: points, ends of intervals, references; errors and the like begin at zero. */
function extent(chart, value, rows) {
  const held = [...rows.flatMap((row) => [row[value], row[chart.low], row[chart.high]]), ...chart.rules];
  const found = held.filter((each) => typeof each === "number");
  const [least, most] = [Math.min(...found), Math.max(...found)];
  return chart.log || least < 0 ? [least, most] : [0, most];
}

function lines(view, rows, all, width) {
  const { chart, columns } = view;
  const [x, y] = [chart.x, chart.y].map((name) => columns.find((column) => column.name === name));
  const names = distinct(all.map((row) => row[chart.series]));
  const places = distinct(all.map((row) => row[chart.x])).sort((a, b) => a - b);
  const sparse = places.length <= SPARSE;
  const step = sparse ? 0.016 * (places.at(-1) - places[0]) : 0;
  const at = (row) => row[chart.x] + step * (names.indexOf(row[chart.series]) - (names.length - 1) / 2);
  const marks = [Plot.ruleY([0, ...chart.rules], { stroke: "var(--line)" })];
  for (const name of names) {
    const own = rows.filter((row) => row[chart.series] === name);
    const { hue, symbol, dashes } = lookOf(chart, name);
    const stroke = `var(--${hue})`;
    const ends = own.filter((row) => row[chart.low] !== null);
    const bars = { x: at, y1: chart.low, y2: chart.high };
    if (sparse || dashes === "none") marks.push(Plot.ruleX(ends, { ...bars, stroke, strokeWidth: 1.75, strokeOpacity: 0.6 }));
    else marks.push(Plot.areaY(ends, { ...bars, fill: stroke, fillOpacity: 0.14 }));
    if (dashes !== "none") marks.push(Plot.lineY(own, { x: at, y: chart.y, stroke, strokeWidth: 1.75, strokeDasharray: dashes }));
    if (symbol) {
      const fill = (row) => (row[chart.doubt] ? "var(--paper)" : stroke);
      for (const doubtful of [false, true]) {
        const part = own.filter((row) => Boolean(row[chart.doubt]) === doubtful);
        marks.push(Plot.dot(part, { x: at, y: chart.y, r: sparse ? 4 : 2.5, symbol, stroke, strokeWidth: 1.5, fill: part.length ? fill(part[0]) : stroke }));
      }
    }
  }
  const drawn = Plot.plot({
    width, height: 300, marginLeft: 46, marginBottom: 40, marginTop: 28, marginRight: 8, insetLeft: sparse ? 14 : 0, insetRight: sparse ? 14 : 0,
    x: axis({ label: heading(x), ticks: sparse ? places : Math.min(places.length, Math.round(width / 55)), tickFormat: (value) => shownText({ decimals: 3 }, value).replace(/\.?0+$/, "") }),
    y: axis({ label: heading(y), domain: extent(chart, chart.y, chart.free ? rows : all), nice: true, ticks: 5, grid: true, labelAnchor: "top" }),
    marks,
  }); // prettier-ignore
  return [drawn, rows.map((row) => [row, at(row), row[chart.y]])];
}

function dots(view, rows, all, width) {
  const { chart, columns } = view;
  const x = columns.find((column) => column.name === chart.x);
  const kinds = distinct(rows.map((row) => row[chart.y]));
  const names = distinct(rows.map((row) => row[chart.series]));
  const side = Math.max(...kinds.map((kind) => kind.length)) * 6.6 + 16;
  const above = side > 0.42 * width;
  const beside = Object.fromEntries(kinds.map((kind) => [kind, distinct(rows.filter((row) => row[chart.y] === kind).map((row) => row[chart.series]))]));
  const together = Math.max(...Object.values(beside).map(({ length }) => length));
  const offset = (own, name) => (0.62 * (own.indexOf(name) - (own.length - 1) / 2)) / together;
  const at = (row) => kinds.indexOf(row[chart.y]) + offset(beside[row[chart.y]], row[chart.series]) + (above ? 0.2 : 0);
  const marks = [Plot.ruleX(chart.rules, { stroke: "var(--pale)" })];
  for (const name of names) {
    const own = rows.filter((row) => row[chart.series] === name);
    const { hue, symbol } = lookOf(chart, name);
    const stroke = `var(--${hue})`;
    const ends = own.filter((row) => row[chart.low] !== null);
    marks.push(Plot.ruleY(ends, { y: at, x1: chart.low, x2: chart.high, stroke, strokeWidth: symbol ? 1.75 : 7, strokeOpacity: symbol ? 0.6 : 0.35 }));
    if (symbol) marks.push(Plot.dot(own, { x: chart.x, y: at, r: 4, symbol, fill: stroke, stroke, strokeWidth: 1.5 }));
  }
  const label = above
    ? Plot.text(kinds, { frameAnchor: "left", dx: -14, y: (_, index) => index - 0.24, text: (kind) => kind, textAnchor: "start", fill: "currentColor" })
    : Plot.axisY(kinds.map((_, index) => index), { tickFormat: (index) => kinds[index], tickSize: 0, label: null });
  const height = Math.max(above ? 40 : 28, 9 * together + (above ? 26 : 14)) * kinds.length + 52;
  const domain = extent(chart, chart.x, chart.free ? rows : all);
  const drawn = Plot.plot({
    width, height, marginLeft: above ? 14 : side, marginRight: 14, marginTop: 8, marginBottom: 44,
    x: axis({ label: chart.free ? null : heading(x), domain, nice: !chart.log, grid: true, type: chart.log ? "log" : "linear", ticks: Math.round(width / 90), tickFormat: chart.log ? (value) => String(Number(value.toPrecision(2))) : undefined }),
    y: { domain: [kinds.length - 0.4, -0.6], axis: null },
    marks: [...marks, label],
  }); // prettier-ignore
  return [drawn, rows.map((row) => [row, row[chart.x], at(row)])];
}

function cells(view, rows, all, width) {
  const { chart } = view;
  const [across, down] = [chart.x, chart.y].map((name) => distinct(rows.map((row) => row[name])));
  const most = Math.max(...rows.map((row) => row[chart.series]));
  const side = Math.max(...down.map((name) => name.length)) * 6.6 + 12;
  const top = Math.max(...across.map((name) => name.length)) * 5.4 + 20;
  const drawn = Plot.plot({
    width, height: 24 * down.length + top + 4, marginLeft: side, marginTop: top, marginRight: 56, marginBottom: 4,
    x: { domain: across, axis: null }, y: { domain: down, axis: null }, opacity: { domain: [0, 1], range: [0, 1] },
    marks: [
      Plot.cell(rows, { x: chart.x, y: chart.y, fill: "var(--blue)", fillOpacity: (row) => 0.62 * (1 - (row[chart.series] - 1) / Math.max(most - 1, 1)), inset: 0.5 }),
      Plot.text(rows, { x: chart.x, y: chart.y, text: (row) => row[chart.series].toFixed(0), fill: "currentColor" }),
      Plot.axisX({ anchor: "top", tickRotate: -55, tickSize: 0, label: null }),
      Plot.axisY({ tickSize: 0, label: null }),
    ],
  }); // prettier-ignore
  return [drawn, rows.map((row) => [row, row[chart.x], row[chart.y]])];
}

const KINDS = { lines, dots, cells };

/* Returns the panels of a view's rows, and its points: what each says, and where it is in its panel. */
function panels(view, rows, width) {
  const { chart } = view;
  const facets = chart.facet ? distinct(rows.map((row) => row[chart.facet])) : [null];
  const most = Math.max(1, Math.floor((width + GAP) / (NARROWEST + GAP)));
  const columns = Math.ceil(facets.length / Math.ceil(facets.length / most));
  const each = Math.min((width - GAP * (columns - 1)) / columns, chart.kind === "cells" ? 900 : facets.length > 1 ? 620 : 820);
  const points = [];
  const drawn = facets.map((facet) => {
    const own = facet === null ? rows : rows.filter((row) => row[chart.facet] === facet);
    const [svg, placed] = KINDS[chart.kind](view, own, rows, chart.kind === "cells" ? Math.max(each, 640) : each);
    const middle = (scale) => (scale.bandwidth ?? 0) / 2;
    const [x, y] = ["x", "y"].map((name) => svg.scale(name));
    for (const part of svg.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label"); // said by the whole
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", [view.title, facet].filter(Boolean).join(": "));
    for (const [row, atX, atY] of placed) {
      points.push({ svg, lines: said(view, row), x: x.apply(atX) + middle(x), y: y.apply(atY) + middle(y) });
    }
    return make("div", { class: "panel" }, ...(facet === null ? [] : [make("p", { class: "facet" }, facet)]), svg);
  });
  return [drawn, columns, points];
}

/* Returns a chart that fills its place, says what the pointer is at, and goes from point to point by the arrow keys. */
function chart(view, rows, announce) {
  const grid = make("div", { class: "facets" });
  const tip = make("div", { class: "tip", hidden: "" });
  const ring = make("div", { class: "ring", hidden: "" });
  const label = `${view.title}. Arrow keys go from point to point`;
  const box = make("div", { class: "chart", tabindex: "0", role: "group", "aria-label": label }, grid, ring, tip);
  let points = [];
  let current = -1;

  function show(index) {
    current = index;
    tip.hidden = ring.hidden = index < 0;
    if (index < 0) return;
    const { svg, lines, x, y } = points[index];
    const panel = svg.parentElement;
    if (panel.scrollWidth > panel.clientWidth) panel.scrollLeft = x - panel.clientWidth / 2;
    const [outer, inner] = [box, svg].map((each) => each.getBoundingClientRect());
    const [left, top] = [inner.left - outer.left + x, inner.top - outer.top + y];
    ring.style.translate = `${left}px ${top}px`;
    tip.replaceChildren(...lines.map((line) => make("div", {}, line)));
    tip.style.translate = "0px";
    const size = tip.getBoundingClientRect();
    const most = box.clientWidth - size.width;
    tip.style.translate = `${Math.max(0, Math.min(most, left - size.width / 2))}px ${top > size.height + 14 ? top - size.height - 12 : top + 14}px`;
  }

  function nearest({ clientX, clientY }) {
    let [found, least] = [-1, 40 ** 2];
    points.forEach(({ svg, x, y }, index) => {
      const { left, top } = svg.getBoundingClientRect();
      const distance = (left + x - clientX) ** 2 + (top + y - clientY) ** 2;
      if (distance < least) [found, least] = [index, distance];
    });
    return found;
  }

  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  box.addEventListener("pointermove", (event) => show(nearest(event)));
  box.addEventListener("pointerdown", (event) => show(nearest(event)));
  box.addEventListener("pointerleave", () => show(-1));
  box.addEventListener("blur", () => show(-1));
  box.addEventListener("keydown", (event) => {
    const last = points.length - 1;
    const next = { Home: 0, End: last, Escape: -1 }[event.key] ?? (event.key in steps ? Math.min(last, Math.max(0, current + steps[event.key])) : null);
    if (next === null) return;
    event.preventDefault();
    show(next);
    if (next >= 0) announce(points[next].lines.join(", "));
  });

  let width = 0;
  new ResizeObserver(() => {
    if (!box.clientWidth || box.clientWidth === width) return;
    width = box.clientWidth;
    const [drawn, columns, placed] = panels(view, rows, width);
    points = placed;
    show(-1);
    grid.style.setProperty("--columns", columns);
    grid.replaceChildren(...drawn);
  }).observe(box);
  return box;
}
