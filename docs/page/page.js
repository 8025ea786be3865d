"use strict";

const root = document.documentElement;

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

try {
  root.dataset.theme = localStorage.getItem("theme") ?? "";
} catch {
  root.dataset.theme = "";
}

document.addEventListener("DOMContentLoaded", () => {
  const button = document.getElementById("theme");
  const nameTheme = () => (button.textContent = darkNow() ? "Light" : "Dark");
  button.addEventListener("click", () => {
    useTheme(darkNow() ? "light" : "dark");
    nameTheme();
  });
  nameTheme();

  const form = document.getElementById("choice");
  const stage = document.getElementById("stage");
  const examples = [...document.querySelectorAll("template[data-source]")];
  const radios = (name) => [...form.querySelectorAll(`[name=${name}]`)];
  const choice = () => Object.fromEntries(new FormData(form));

  function find(column, source) {
    return examples.find(
      ({ dataset }) =>
        dataset.condition === column.condition &&
        dataset.network === column.network &&
        (dataset.source === source || dataset.roles.split(" ").includes(source)),
    );
  }

  function columns({ condition, network, compare }) {
    if (compare === "networks") return radios("network").map(({ value }) => ({ condition, network: value }));
    if (compare === "conditions") return radios("condition").map(({ value }) => ({ condition: value, network }));
    return [{ condition, network }];
  }

  function show() {
    const wanted = columns(choice());
    for (const radio of radios("source")) {
      radio.parentElement.hidden = !wanted.every((column) => find(column, radio.value));
    }
    if (radios("source").find(({ checked }) => checked).parentElement.hidden) radios("source")[0].checked = true;
    const shown = wanted.map((column) => find(column, choice().source));
    stage.dataset.columns = shown.length;
    stage.style.setProperty("--columns", shown.length);
    stage.replaceChildren(...shown.map(({ content }) => content.cloneNode(true)));
    document.getElementById("status").textContent = shown.map(({ dataset }) => dataset.title).join("; ");
  }

  function choose() {
    for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
      const radio = radios(name).find((each) => each.value === value);
      if (radio) radio.checked = true;
    }
    show();
  }

  form.addEventListener("change", () => {
    show();
    history.replaceState(null, "", `#${new URLSearchParams(choice())}`);
  });
  addEventListener("hashchange", () => location.hash.includes("=") && choose());
  choose();

  document.addEventListener(
    "play",
    ({ target }) => {
      for (const other of document.querySelectorAll("audio")) if (other !== target) other.pause();
    },
    true,
  );

  document.addEventListener(
    "timeupdate",
    ({ target }) => target.closest(".signal").style.setProperty("--now", target.currentTime / target.duration),
    true,
  );
});
