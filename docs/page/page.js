"use strict";

const root = document.documentElement;
const VERDICT = "question"; // the act whose sentences are all loud; others have one, and the rest in the fold
const acts = {};
const loading = {};

/* Called by the data files, which a page opened from its file may load as scripts. */
function act(name, content) {
  acts[name] = content;
}

function load(name) {
  loading[name] ??= new Promise((resolve, reject) => {
    const script = make("script", { src: `page/data/${name}.js` });
    script.addEventListener("load", () => resolve(acts[name]));
    script.addEventListener("error", reject);
    document.head.append(script);
  });
  return loading[name];
}

function darkNow() {
  return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function useTheme(theme) {
  root.dataset.theme = theme;
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // a browser that keeps nothing still shows the theme
  }
}

function asObjects({ columns, rows }) {
  const value = ({ texts }, kept) => (texts ? texts[kept] : kept);
  return rows.map((row) => Object.fromEntries(columns.map((column, index) => [column.name, value(column, row[index])])));
}

function table({ title, columns: all, choices }, rows) {
  const columns = all.filter(({ name }) => !choices.includes(name));
  const kind = ({ decimals }) => (decimals === null ? { class: "text" } : {});
  const head = columns.map((column) => make("th", { scope: "col", ...kind(column) }, heading(column)));
  const body = rows.map((row) =>
    make("tr", {}, ...columns.map((column) => make("td", kind(column), shownText(column, row[column.name])))),
  );
  const made = make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body));
  return make("div", { class: "scroll", role: "region", "aria-label": title, tabindex: "0" }, made);
}

/* All rows of a view, in every choice, as CSV. */
function saveButton(name, view) {
  const quoted = (value) => (/[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : (value ?? ""));
  const button = make("button", { type: "button" }, "Save all rows (CSV)");
  button.addEventListener("click", () => {
    const { columns } = view;
    const rows = asObjects(view).map((row) => columns.map((column) => row[column.name]));
    const text = [columns.map(heading), ...rows].map((row) => row.map(quoted).join(",")).join("\n");
    const place = URL.createObjectURL(new Blob([`${text}\n`], { type: "text/csv" }));
    make("a", { href: place, download: `${name}.csv` }).click();
    URL.revokeObjectURL(place);
  });
  return button;
}

function tabs(name, titles, chosen, choose) {
  const made = titles.map((title) => {
    const radio = make("input", { type: "radio", name, value: title });
    radio.checked = title === chosen;
    radio.addEventListener("change", () => choose(title));
    return make("label", {}, radio, make("span", {}, title));
  });
  return make("fieldset", { class: "tabs" }, make("legend", { class: "unseen" }, "Picture"), ...made);
}

function choice(name, title, values, chosen, choose) {
  const list = make("select", { name }, ...values.map((value) => new Option(value, value, false, value === chosen)));
  list.addEventListener("change", () => choose(list.value));
  return make("label", {}, `${title} `, list);
}

/* Rows of what is chosen, column by column; what a column no longer has falls back to its first. */
function select(view, rows, chosen) {
  const offered = {};
  for (const name of view.choices) {
    const values = distinct(rows.map((row) => row[name]).filter((value) => value !== null));
    if (!values.includes(chosen[name])) chosen[name] = values[0];
    offered[name] = values;
    rows = rows.filter((row) => row[name] === null || row[name] === chosen[name]);
  }
  return [rows, offered];
}

function playersOf({ title, sentence, sounds }) {
  const players = sounds.map(({ name, file }) =>
    make(
      "div",
      { class: "sound" },
      make("h4", {}, name[0].toUpperCase() + name.slice(1)),
      make("audio", { controls: "", preload: "none", src: file, "aria-label": `${title}, ${name}` }),
    ),
  );
  return make("div", { class: "players" }, make("h3", {}, title), make("p", { class: "how" }, sentence), ...players);
}

function perform(stage, { views, players }) {
  const name = stage.dataset.act;
  const chosen = { view: views[0]?.title };
  const status = make("p", { class: "unseen", role: "status" });
  const scene = make("form", { class: "scene" });
  const announce = (text) => (status.textContent = text);
  scene.addEventListener("submit", (event) => event.preventDefault());
  stage.replaceChildren(scene, status, ...players.map(playersOf));

  function show() {
    const view = views.find(({ title }) => title === chosen.view);
    const [rows, offered] = select(view, asObjects(view), chosen);
    const change = (of) => (value) => {
      const focused = document.activeElement.name;
      chosen[of] = value;
      show();
      scene.querySelector(`[name="${focused}"]:checked, select[name="${focused}"]`)?.focus();
      announce(value);
    };
    const title = (of) => view.columns.find((column) => column.name === of).title;
    const choices = Object.entries(offered)
      .filter(([, values]) => values.length > 1)
      .map(([of, values]) => choice(`${name}-${of}`, title(of), values, chosen[of], change(of)));
    const titles = views.map((each) => each.title);
    const loud = view.chart && name !== VERDICT ? 1 : view.sentences.length;
    scene.replaceChildren(
      ...(titles.length > 1 ? [tabs(`${name}-view`, titles, chosen.view, change("view"))] : []),
      ...sentences(view.sentences.slice(0, loud)),
      make("div", { class: "picture" }, ...picture(name, view, rows, choices, announce, sentences(view.sentences.slice(loud)))),
    );
  }

  if (views.length) show();
}

function sentences(said) {
  return said.length ? [make("div", { class: "sentences" }, ...said.map((each) => make("p", {}, each)))] : [];
}

function picture(name, view, rows, choices, announce, more) {
  const all = () => [table(view, rows), saveButton(`${name}-${view.name}`, view)];
  if (!view.chart) return all();
  const fold = make("details", {}, make("summary", {}, `The table: ${rows.length} rows`));
  const details = view.details ? [make("p", { class: "how" }, view.details)] : [];
  const fill = () => fold.append(...more, ...details, ...all());
  fold.addEventListener("toggle", fill, { once: true });
  return [
    make("div", { class: "choices" }, ...choices),
    make("figure", {}, legend(view, rows), chart(view, rows, announce), make("figcaption", {}, view.how)),
    fold,
  ];
}

const button = document.getElementById("theme");
const nameTheme = () => (button.textContent = darkNow() ? "Light" : "Dark");
button.hidden = false;
button.addEventListener("click", () => {
  useTheme(darkNow() ? "light" : "dark");
  nameTheme();
});
nameTheme();

const near = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      const name = target.dataset.act;
      load(name).then((data) => (name === "listen" ? listen(target, data, load) : perform(target, data)));
    }
  },
  { rootMargin: "400px" },
);
for (const stage of document.querySelectorAll(".stage")) near.observe(stage);

addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("details:not([open])")) {
    fold.open = true;
    fold.dispatchEvent(new Event("toggle"));
  }
});
