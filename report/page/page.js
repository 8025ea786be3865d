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

const acts = {};
const loading = {};

function act(name, content) {
  acts[name] = content;
}

function load(name) {
  loading[name] ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `page/data/${name}.js`;
    script.addEventListener("load", () => resolve(acts[name]));
    script.addEventListener("error", reject);
    document.head.append(script);
  });
  return loading[name];
}

document.addEventListener("DOMContentLoaded", () => {
  const button = document.getElementById("theme");
  const nameTheme = () => (button.textContent = darkNow() ? "Light" : "Dark");
  button.addEventListener("click", () => {
    useTheme(darkNow() ? "light" : "dark");
    nameTheme();
  });
  nameTheme();

  load("listen").then((data) => listen(document.getElementById("examples"), data, load));
});
