"use strict";

const root = document.documentElement;
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
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, row[index]])));
}

function table({ title, columns }, rows) {
  const kind = ({ decimals }) => (decimals === null ? { class: "text" } : {});
  const head = columns.map((column) => make("th", { scope: "col", ...kind(column) }, heading(column)));
  const body = rows.map((row) =>
    make("tr", {}, ...columns.map((column) => make("td", kind(column), shownText(column, row[column.name])))),
  );
  const made = make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body));
  return make("div", { class: "scroll", role: "region", "aria-label": title, tabindex: "0" }, made);
}

/* All rows of a view, in every choice, as CSV. */
function saveButton(name, { columns, rows }) {
  const quoted = (value) => (/[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : (value ?? ""));
  const button = make("button", { type: "button" }, "Save all rows (CSV)");
  button.addEventListener("click", () => {
    const text = [columns.map(heading), ...rows].map((row) => row.map(quoted).join(",")).join("\n");
    const place = URL.createObjectURL(new Blob([`${text}\n`], { type: "text/csv" }));
    make("a", { href: place, download: `${name}.csv` }).click();
    URL.revokeObjectURL(place);
  });
  return button;
}

/* A row of buttons, or a list where there are many; tells which value is chosen. */
function choice(name, title, values, chosen, choose) {
  if (values.length > 5) {
    const options = values.map((value) => new Option(value, value, false, value === chosen));
    const list = make("select", { name }, ...options);
    list.addEventListener("change", () => choose(list.value));
    return make("label", { class: "choice" }, make("span", {}, title), list);
  }
  const buttons = values.map((value) => {
    const radio = make("input", { type: "radio", name, value });
    radio.checked = value === chosen;
    radio.addEventListener("change", () => choose(value));
    return make("label", {}, radio, make("span", {}, value));
  });
  return make("fieldset", { class: "choice" }, make("legend", {}, title), ...buttons);
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

function perform(stage, { views }) {
  const name = stage.dataset.act;
  const chosen = { view: views[0]?.title };
  const form = make("form", { class: "choices" });
  const scene = make("div", { class: "scene" });
  const status = make("p", { class: "unseen", role: "status" });
  const announce = (text) => (status.textContent = text);
  form.addEventListener("submit", (event) => event.preventDefault());
  stage.replaceChildren(form, scene, status);

  function show() {
    const view = views.find(({ title }) => title === chosen.view);
    const [rows, offered] = select(view, asObjects(view), chosen);
    const focused = document.activeElement?.name;
    const change = (of) => (value) => {
      chosen[of] = value;
      show();
      announce(value);
    };
    const titles = views.map(({ title }) => title);
    const heads = Object.fromEntries(view.columns.map((column) => [column.name, heading(column)]));
    form.replaceChildren(
      ...(titles.length > 1 ? [choice(`${name}-view`, "picture", titles, chosen.view, change("view"))] : []),
      ...Object.entries(offered)
        .filter(([, values]) => values.length > 1)
        .map(([of, values]) => choice(`${name}-${of}`, heads[of], values, chosen[of], change(of))),
    );
    if (focused) (form.querySelector(`[name="${focused}"]:checked`) ?? form.querySelector(`select[name="${focused}"]`))?.focus();
    scene.replaceChildren(...parts(name, view, rows, announce));
  }

  if (views.length) show();
}

function parts(name, view, rows, announce) {
  const sentences = view.sentences.map((sentence) => make("p", { class: "sentence" }, sentence));
  if (!view.chart) return [...sentences, table(view, rows), saveButton(`${name}-${view.name}`, view)];
  const drawn = make("figure", {}, legend(view, rows), chart(view, rows, announce), make("figcaption", {}, view.how));
  const fold = make("details", {}, make("summary", {}, `The table: ${rows.length} rows`));
  fold.addEventListener(
    "toggle",
    () => fold.append(table(view, rows), saveButton(`${name}-${view.name}`, view)),
    { once: true },
  );
  return [...sentences, drawn, fold];
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
      load(target.dataset.act).then((data) => perform(target, data));
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
