"use strict";

/* Sources to look at and listen to, drawn by Observable Plot (the global `Plot`) in the colours of the style sheet;
   elements are made by chart.js. `data` is what there is to choose from; `load(name)` promises the content of a data file. */
function listen(container, data, load) {
  const { networks, conditions, range_db } = data;
  const EDGE = { left: 58, right: 12, top: 24, bottom: 34 };
  const EXTREMES = ["best", "worst"];

  const capital = (text) => text[0].toUpperCase() + text.slice(1);
  const minus = (number) => String(number).replace("-", "−");

  function chart(label, draw) {
    const drawing = make("div", { class: "chart", role: "img", "aria-label": label });
    new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = drawing;
      if (width) drawing.replaceChildren(plot({ width, height, ...draw(width, height) }));
    }).observe(drawing);
    return drawing;
  }

  function plot(options) {
    const { left: marginLeft, right: marginRight, top: marginTop, bottom: marginBottom } = EDGE;
    const look = { marginLeft, marginRight, marginTop, marginBottom, style: { fontSize: "11px" } };
    const drawn = Plot.plot({ ...look, ...options });
    drawn.setAttribute("aria-hidden", "true"); // what it shows is said around it
    return drawn;
  }

  const axis = (label, more) => ({ label, labelArrow: "none", tickSize: 4, tickSpacing: 44, ...more });
  const seconds_of = ({ seconds }) => axis("time (s)", { domain: [0, seconds] });

  function figure(name, caption, ...drawn) {
    return make("figure", { class: name }, ...drawn, make("figcaption", {}, caption));
  }

  function waveform({ kind, title, largest, outline_percent: { low, high } }, source) {
    const middle = (_, part) => ((part + 0.5) / high.length) * source.seconds;
    const tickFormat = (percent) => ({ "-100": `−${largest}`, 0: "0", 100: largest })[percent];
    const ends = [-100, 100];
    const draw = () => ({
      x: seconds_of(source),
      y: axis(kind === "microphone" ? "amplitude" : "relevance", { domain: ends, ticks: [0, ...ends], tickFormat }),
      marks: [
        Plot.ruleY([0], { stroke: "var(--line)" }),
        Plot.areaY(high, { x: middle, y1: low, y2: high, fill: "var(--hue)" }),
      ],
    });
    return figure("timed", "Waveform", chart(`Waveform of ${title}, at most ${largest}`, draw));
  }

  function spectrogram({ kind, title, spectrogram: src }, source) {
    const draw = () => ({
      x: seconds_of(source),
      y: axis("frequency (kHz)", { domain: [0, source.fs_hz / 2000], ticks: 4 }),
    });
    const levels = make("img", { src, alt: "", style: `filter: url(#level-of-${kind})` });
    const caption = `Spectrogram, from the loudest to ${range_db} dB below`;
    return figure("timed levels", caption, levels, chart(`Spectrogram of ${title}`, draw));
  }

  function correlation({ title, correlation_permille: permille, lag_samples: peak }, source) {
    const { pair, reach_samples: reach, lag_samples: truth } = source;
    const most = (permille.length - 1) / 2;
    const heights = permille.map((value) => value / 1000);
    const shown = Math.abs(peak) <= most ? [[peak, heights[Math.round(peak) + most]]] : [];
    const draw = () => ({
      x: axis("lag (samples)", { domain: [-most, most] }),
      y: axis("GCC-PHAT", { nice: true }),
      marks: [
        Plot.ruleX([-reach, reach], { stroke: "var(--pale)", strokeOpacity: 0.5 }),
        Plot.ruleY([0], { stroke: "var(--line)" }),
        Plot.ruleX([truth], { stroke: "var(--ink)", strokeDasharray: "4 3" }),
        Plot.lineY(heights, { x: (_, index) => index - most, stroke: "var(--hue)" }),
        Plot.dot(shown, { r: 4, fill: "var(--hue)" }),
      ],
    });
    const delays = `peak at lag ${minus(peak)}, true delay (dashed) ${minus(truth)}, possible between the pale lines`;
    const caption = `Correlation of microphones ${pair.join(" and ")}: ${delays}`;
    return figure("", caption, chart(`${capital(title)}: ${caption}`, draw));
  }

  function signal(each, source, of) {
    const title = capital(each.title);
    const player = make("audio", { controls: "", preload: "none", src: each.sound, "aria-label": `${title}, ${of}` });
    const panels = [waveform, spectrogram, correlation].map((draw) => draw(each, source));
    const sound = make("div", { class: "sound" }, make("h4", {}, title), player);
    return make("section", { class: `signal ${each.kind}` }, sound, make("div", { class: "panels" }, ...panels));
  }

  /* Scales that show all points, as large as can be with equal metres along both axes. */
  function plane(points, width, height) {
    const sizes = [width - EDGE.left - EDGE.right, height - EDGE.top - EDGE.bottom];
    const ends = [0, 1].map((of) => [Math.min, Math.max].map((end) => end(...points.map((point) => point[of]))));
    const metres = Math.max(...ends.map(([low, high], of) => (1.1 * (high - low) + 0.02) / sizes[of]));
    const [x, y] = ends.map(([low, high], of) => [-1, 1].map((side) => (low + high + side * metres * sizes[of]) / 2));
    return { x: axis("x (m)", { domain: x }), y: axis("y (m)", { domain: y }) };
  }

  function area({ x, y }, colour) {
    return Plot.areaY(x, { x, y1: y[0], y2: y[1], fill: colour, fillOpacity: 0.2, clip: true });
  }

  function places({ room }, source, { estimates_m: estimates }, of) {
    const truth = source.position_m;
    const [length, width] = room.size_m;
    const line = (points, look) => Plot.lineY(points, { x: ([x]) => x, y: ([, y]) => y, ...look });
    const ways = estimates.flatMap((each) => [truth, each, truth]);
    const areas = [area(room.trained_m, "var(--pale)"), area(room.tested_m, "var(--blue)")];
    const corners = [[0, 0], [length, 0], [length, width], [0, width], [0, 0]]; // prettier-ignore
    const whole = (...size) => ({
      ...plane(corners, ...size),
      marks: [
        ...areas,
        line(corners, { stroke: "var(--ink)" }),
        Plot.dot(room.microphones_m, { r: 1.5, fill: "var(--ink)" }),
        Plot.dot([truth], { r: 3, fill: "var(--vermilion)" }),
      ],
    });
    const close = (...size) => ({
      ...plane([truth, ...estimates], ...size),
      marks: [
        ...areas,
        line(ways, { stroke: "var(--vermilion)", strokeOpacity: 0.5 }),
        Plot.dot(estimates, { r: 3, fill: "var(--vermilion)" }),
        Plot.dot([truth], { r: 5, stroke: "var(--ink)", strokeWidth: 1.5 }),
      ],
    });
    const said = "the talker (ring) and an estimate for each window (dots)";
    const areas_said = "grey: where talkers of training stood, blue: those of the test";
    const caption = `The room from above with its microphones, and closely ${said}; ${areas_said}`;
    return figure("places", caption, chart(`The room from above, ${of}`, whole), chart(`Closely: ${said}, ${of}`, close));
  }

  function example({ title, condition, network, source: number }, content) {
    const source = content.sources[number];
    const answer = source.networks[network];
    const of = `${title}, source ${number}`;
    const header = make("header", {}, make("h3", {}, title), make("p", {}, answer.said));
    const signals = [source.microphone, ...answer.relevance].map((each) => signal(each, source, of));
    const facts = Object.entries(answer.facts).map(([name, fact]) =>
      make("div", {}, make("dt", {}, name), make("dd", {}, fact)),
    );
    const where = make("div", { class: "where" }, places(content, source, answer, of), make("dl", {}, ...facts));
    return make("article", { class: "example" }, header, make("div", { class: "signals" }, ...signals), where);
  }

  function choices(title, name, options) {
    const labels = options.map(([value, text], index) => {
      const radio = make("input", { type: "radio", name, value, ...(index ? {} : { checked: "" }) });
      return make("label", {}, radio, make("span", {}, text));
    });
    return make("fieldset", {}, make("legend", {}, title), ...labels);
  }

  const numbers = [...new Set(Object.values(conditions).flatMap(({ sources }) => sources))].sort((a, b) => a - b);
  const form = make(
    "form",
    {},
    choices("Condition", "condition", Object.entries(conditions).map(([name, { short }]) => [name, short])),
    choices("Network", "network", Object.entries(networks)),
    choices("Source", "source", [...EXTREMES, ...numbers].map((source) => [source, source])),
    choices("Side by side", "compare", [["nothing", "one"], ["networks", "networks"], ["conditions", "conditions"]]),
  );
  const status = make("p", { role: "status" });
  const stage = make("div", { class: "shown" });
  const radios = (name) => [...form.querySelectorAll(`[name=${name}]`)];
  const choice = () => Object.fromEntries(new FormData(form));

  function numbered({ condition, network }, source) {
    const { sources, extremes } = conditions[condition];
    return sources.find((number) => number === Number(extremes[network][source] ?? source));
  }

  function columns({ condition, network, compare }) {
    if (compare === "networks") return Object.keys(networks).map((each) => ({ condition, network: each }));
    if (compare === "conditions") return Object.keys(conditions).map((each) => ({ condition: each, network }));
    return [{ condition, network }];
  }

  let turn = 0;

  async function show() {
    const mine = ++turn;
    const wanted = columns(choice());
    for (const radio of radios("source")) {
      radio.parentElement.hidden = wanted.some((column) => numbered(column, radio.value) === undefined);
    }
    if (radios("source").find(({ checked }) => checked).parentElement.hidden) radios("source")[0].checked = true;
    const shown = wanted.map((column) => ({
      ...column,
      title: `${networks[column.network]}, ${conditions[column.condition].title}`,
      source: numbered(column, choice().source),
    }));
    const contents = await Promise.all(shown.map(({ condition }) => load(`listen-${condition}`)));
    if (mine !== turn) return;
    stage.style.setProperty("--columns", shown.length);
    stage.replaceChildren(...shown.map((each, index) => example(each, contents[index])));
    status.textContent = shown.map(({ title, source }) => `${title}, source ${source}`).join("; ");
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

  const filters = ["microphone", "relevance"].map(
    (kind) => `<filter id="level-of-${kind}" class="${kind}" color-interpolation-filters="sRGB">
      <feColorMatrix type="luminanceToAlpha" result="level"/><feFlood/><feComposite in2="level" operator="in"/></filter>`,
  );
  container.classList.add("listen");
  for (const [side, pixels] of Object.entries(EDGE)) container.style.setProperty(`--${side}`, `${pixels}px`);
  container.innerHTML = `<svg width="0" height="0" aria-hidden="true">${filters.join("")}</svg>`;
  container.append(form, status, stage);
  choose();
}

document.addEventListener(
  "play",
  ({ target }) => {
    for (const other of document.querySelectorAll("audio")) if (other !== target) other.pause();
  },
  true,
);

document.addEventListener(
  "timeupdate",
  ({ target }) => target.closest(".signal")?.style.setProperty("--now", target.currentTime / target.duration),
  true,
);
