"""The act "Look and listen" of the page: its data, sounds and pictures, and how it is used in a browser."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import jinja2
import numpy as np
import pandas as pd
import pytest
import soundfile
import toy_trials
from PIL import Image

import perturbation_experiment
import report.page
from acoustics.gcc import gcc_phat
from localization.delays import PROTOCOLS
from localization.results import open_trial
from report.inspection import level_db
from report.page.assets import Assets
from report.page.examples import COLUMNS, choose_examples, gather_examples, outline
from report.page.players import clip_players, digit_players
from report.page.results import Results
from running.files import read_csv, read_json

CONDITIONS = [condition.name for condition in toy_trials.CONDITIONS]
HERE = Path(report.page.__file__).parent
METHODS = ("lrp", "gradient_x_input")
SHELL = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Listen</title><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root { --paper: white; --ink: black; --pale: grey; --line: grey; --muted: grey; --blue: blue; --vermilion: red }
body { margin: 0 } figure { margin: 0 } * { box-sizing: border-box }
</style><link rel="stylesheet" href="page/listen.css"><body><div id="here"></div>
<script src="page/plot.min.js"></script><script src="page/chart.js"></script><script src="page/listen.js"></script>
<script>
const acts = {};
const act = (name, content) => (acts[name] = content);
const load = (name) => new Promise((resolve) => {
  const script = document.createElement("script");
  script.src = `page/data/${name}.js`;
  script.addEventListener("load", () => resolve(acts[name]));
  document.head.append(script);
});
load("listen").then((data) => listen(document.getElementById("here"), data, load));
</script>"""


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Results of two networks in two conditions, by two methods; delays are looked at between microphones 0 and 2."""
    folder = tmp_path_factory.mktemp("results")
    trials = toy_trials.make_trials(folder, sources=2)
    perturbation_experiment.main([*trials, "--results", str(folder), "--method", *METHODS, "--percents", "0"])
    (removal,) = (folder / "perturbation").iterdir()
    tables = {"sources.csv": read_csv(removal / "sources.csv")}
    protocol = replace(PROTOCOLS["published"], pairs=((0, 2),))
    delays = {"protocol": asdict(protocol)}
    return {
        "perturbation": Results(removal, read_json(removal / "run.json"), tables),
        "tdoa": Results(folder, delays, {}),
    }


@pytest.fixture(scope="module")
def content(read, folder):
    return gather_examples(read, Assets(folder), between=0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("docs")


@pytest.fixture(scope="module")
def shell(content, folder):
    """A page that has nothing but this act."""
    for name, each in content.items():
        Assets(folder).data(name, each)
    for name in ("chart.js", "listen.js", "listen.css", "vendor/plot.min.js"):
        Assets(folder).copy(HERE / name, name.rpartition("/")[2])
    (folder / "index.html").write_text(SHELL)
    return (folder / "index.html").as_uri()


def sources_of(content):
    return [(condition, number, source) for condition in CONDITIONS
            for number, source in content[f"listen-{condition}"]["sources"].items()]  # fmt: skip


def signals_of(source):
    return [source["microphone"], *(each for answer in source["networks"].values() for each in answer["relevance"])]


def test_examples_are_the_extremes_and_the_same_others_everywhere():
    errors = pd.DataFrame(
        [(condition, model, source, abs(source - best)) for (condition, model), best in {
            ("a", "loc_cnn"): 0, ("a", "sample_cnn"): 8, ("b", "loc_cnn"): 0, ("b", "sample_cnn"): 0}.items()
         for source in range(9)],
        columns=["condition", "model", "source", "mae_m"],
    )  # fmt: skip
    assert choose_examples(errors, 0) == {"a": [0, 8], "b": [0, 8]}
    assert choose_examples(errors, 1) == {"a": [0, 4, 8], "b": [0, 4, 8]}


def test_an_outline_holds_the_lowest_and_the_highest_value_of_each_part():
    signal = np.zeros(10 * COLUMNS)
    signal[25], signal[31] = 4.0, -1.0
    drawn = outline(signal)
    assert len(drawn["low"]) == len(drawn["high"]) == COLUMNS
    assert (drawn["high"][2], drawn["low"][3]) == (100, -25)
    assert sum(drawn["high"]) == 100
    assert sum(drawn["low"]) == -25
    assert outline(np.zeros(COLUMNS)) == {"low": [0] * COLUMNS, "high": [0] * COLUMNS}


def test_every_network_and_condition_has_its_best_and_its_worst_source(read, content):
    errors = read["perturbation"].tables["sources.csv"]
    assert list(content["listen"]["conditions"]) == CONDITIONS
    for (condition, model), rows in errors.groupby(["condition", "model"]):
        about, shown = content["listen"]["conditions"][condition], content[f"listen-{condition}"]["sources"]
        assert about["sources"] == list(shown)
        for role, row in (("best", rows["mae_m"].idxmin()), ("worst", rows["mae_m"].idxmax())):
            number, mae_m = rows.loc[row, "source"], rows.loc[row, "mae_m"]
            assert about["extremes"][model][role] == number
            said = shown[number]["networks"][model]["said"]
            assert f"the {role}" in said
            assert f"MAE {mae_m:.3f} m, rank {1 if role == 'best' else len(rows)} of {len(rows)}" in said


def test_what_is_drawn_is_what_network_and_microphones_did(read, content):
    condition, number, source = sources_of(content)[0]
    trial = open_trial(read["perturbation"].folder, condition, "loc_cnn")
    row = trial.recordings.numbers.index(number)
    windows = trial.recordings.windows(row)
    answer = source["networks"]["loc_cnn"]
    np.testing.assert_allclose(answer["estimates_m"], trial.network.estimate(windows)[:, :2], atol=6e-4)
    np.testing.assert_allclose(source["position_m"], trial.recordings.positions_m[row, :2], atol=6e-4)
    relevance = trial.stores["gradient_x_input"].attributions(row, windows)
    assert [each["title"] for each in answer["relevance"]] == [
        "relevance of microphone 0 (LRP)",
        "relevance of microphone 0 (gradient x input)",
    ]
    assert source["pair"] == (0, 2)
    for shown, signals in ((source["microphone"], windows), (answer["relevance"][1], relevance)):
        first, second = (np.concatenate(signals[:, microphone]) for microphone in source["pair"])
        assert shown["outline_percent"] == outline(first)
        lags_samples, correlation = gcc_phat(first, second)
        assert shown["lag_samples"] == lags_samples[correlation.argmax()]
        near = np.abs(lags_samples) <= (len(shown["correlation_permille"]) - 1) // 2
        np.testing.assert_allclose(shown["correlation_permille"], 1000 * correlation[near], atol=0.6)


def test_a_spectrogram_is_white_where_a_signal_is_loud_and_black_where_it_is_not(tmp_path):
    fs_hz = 16000
    seconds = np.arange(fs_hz) / fs_hz
    tone = np.where(seconds > 0.5, np.sin(2 * np.pi * 2000 * seconds), 0)
    file = Assets(tmp_path).spectrogram("tone", level_db(tone, fs_hz)[2])
    grey = np.asarray(Image.open(tmp_path / file).convert("L")).astype(float)
    height, width = grey.shape
    row, column = np.unravel_index(grey.argmax(), grey.shape)
    assert 1 - (row + 0.5) / height == pytest.approx(2000 / (fs_hz / 2), abs=0.01)
    assert column > width / 2
    assert grey.max() > 240
    assert grey[:, : width // 3].max() < 10


def test_sounds_of_a_source_are_equally_loud_as_long_as_they_say_do_not_clip_and_are_there_once(content, folder):
    named = set()
    for _, _, source in sources_of(content):
        files = [each["sound"] for each in signals_of(source)]
        named |= set(files)
        assert len(set(files)) == 1 + 2 * len(METHODS)
        sounds = [soundfile.read(folder / file)[0] for file in files]
        assert np.ptp([10 * np.log10(np.mean(sound**2)) for sound in sounds]) < 0.5
        assert max(np.abs(sound).max() for sound in sounds) < 1
        assert {len(sound) / source["fs_hz"] for sound in sounds} == {source["seconds"]}
    assert named == {str(path.relative_to(folder)) for path in folder.rglob("*.mp3")}


def test_the_same_results_give_the_same_files(read, content, folder, tmp_path):
    again = gather_examples(read, Assets(tmp_path), between=0)
    assert json.dumps(again) == json.dumps(content)
    written = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert len(written) == 2 * sum(len(signals_of(source)) for _, _, source in sources_of(content))
    assert all((tmp_path / path).read_bytes() == (folder / path).read_bytes() for path in written)


def test_as_text_there_is_every_example_with_its_facts_and_sounds(content):
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), undefined=jinja2.StrictUndefined)
    text = str(environment.get_template("listen.html.j2").module.examples(content))
    for _, _, source in sources_of(content):
        assert all(f'<a href="{each["sound"]}">' in text for each in signals_of(source))
        for answer in source["networks"].values():
            assert answer["said"] in text
            assert all(name in text and fact in text for name, fact in answer["facts"].items())


def test_sounds_of_other_tasks_are_those_that_were_left(tmp_path):
    fs_hz = 8000
    kinds = ("input", "relevance", "relevance_untrained", "energy", "random")
    names = {"heatmaps/sounds": [f"audio_net_digit_{kind}" for kind in kinds]}
    names |= {f"clips/{kind}": ["000", "001"] for kind in ("noisy", "enhanced", "clean")}
    for folder, stems in names.items():
        (tmp_path / folder).mkdir(parents=True)
        for number, stem in enumerate(stems):
            tone = 0.1 * np.sin(np.arange(fs_hz) * (0.1 + 0.1 * number))
            soundfile.write(tmp_path / folder / f"{stem}.wav", tone, fs_hz)
    assets = Assets(tmp_path / "docs")
    (digits,), (clips,) = (
        digit_players(tmp_path / "heatmaps", assets),
        clip_players(tmp_path / "clips", assets),
    )
    assert [sound["name"] for sound in digits["sounds"]][:2] == ["as they are", "times relevance"]
    assert [sound["name"] for sound in clips["sounds"]] == ["as the network hears it", "as it answers", "without noise"]
    files = [sound["file"] for each in (digits, clips) for sound in each["sounds"]]
    assert len(set(files)) == 4 + 3
    assert all(soundfile.info(tmp_path / "docs" / file).duration == pytest.approx(1) for file in files)
    assert digit_players(tmp_path / "nothing", assets) == []


@pytest.fixture
def browser(chromium, shell):
    """Chromium with the act opened anew, from its file; no test may leave an error in the console."""
    chromium.get_log("browser")
    open_act(chromium, shell)
    yield chromium
    assert [entry["message"] for entry in chromium.get_log("browser")] == []


def open_act(browser, shell, choice=""):
    browser.get("about:blank")
    browser.get(shell + choice)
    wait(browser, lambda: titles(browser))


def wait(browser, condition):
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(browser, 20, 0.02).until(lambda _: condition())


def titles(browser):
    return browser.execute_script(
        "return [...document.querySelectorAll('article')].map((each) => "
        "[each.querySelector('h3').textContent, each.querySelector('header p').textContent.split(':')[0]])"
    )


def click(browser, name, value):
    before = status(browser)
    browser.find_element("css selector", f"input[name={name}][value='{value}']").click()
    wait(browser, lambda: status(browser) != before)


def status(browser):
    return browser.find_element("css selector", "[role=status]").get_attribute("textContent")


DRAWN = """
const done = arguments[arguments.length - 1];
const charts = [...document.querySelectorAll(".chart")];
const images = [...document.images];
const settled = () => charts.every((each) => each.querySelector("path, circle, text"));
const names = () => performance.getEntriesByType("resource").map(({ name }) => name);
const wait = () => (settled() ? Promise.all(images.map((image) => image.decode().catch(() => null))).then(() => done({
  charts: charts.map((each) => each.getAttribute("aria-label")),
  broken: images.filter((image) => !image.naturalWidth).map((image) => image.src),
  images: images.length,
  points: document.querySelectorAll(".places .chart:nth-child(2) circle").length,
  foreign: names().filter((name) => !name.startsWith("file:")),
  sounds: names().filter((name) => name.endsWith(".mp3")),
})) : setTimeout(wait, 20));
wait();
"""


def test_everything_is_drawn_for_every_choice_and_no_sound_is_fetched_before_it_plays(browser, content):
    for condition, number, source in sources_of(content):
        for network, answer in source["networks"].items():
            choice = {"condition": condition, "network": network, "source": number}
            browser.execute_script(f"location.hash = '{'&'.join(f'{name}={each}' for name, each in choice.items())}'")
            names = content["listen"]["networks"][network], content["listen"]["conditions"][condition]["title"]
            title = f"{', '.join(names)}, source {number}"
            wait(browser, lambda title=title: status(browser) == title)
            drawn = browser.execute_async_script(DRAWN)
            assert drawn["broken"] == drawn["foreign"] == drawn["sounds"] == []
            assert drawn["images"] == 1 + len(METHODS)
            assert len(set(drawn["charts"])) == 3 * (1 + len(METHODS)) + 2
            assert drawn["points"] == len(answer["estimates_m"]) + 1
            lag = f"peak at lag {source['microphone']['lag_samples']:g}, ".replace("-", "−")
            assert any(lag in label for label in drawn["charts"])


def test_each_control_changes_what_it_should(browser):
    (start,) = titles(browser)
    assert start[0] == "LocCNN, T60 0.15 s, SNR 25 dB"
    assert start[1].endswith("the best")
    click(browser, "source", "worst")
    assert titles(browser)[0][1].endswith("the worst")
    click(browser, "network", "sample_cnn")
    assert titles(browser)[0][0] == "SampleCNN, T60 0.15 s, SNR 25 dB"
    click(browser, "condition", CONDITIONS[1])
    assert titles(browser)[0][0] == "SampleCNN, T60 0.3 s, SNR 20 dB"
    click(browser, "compare", "networks")
    assert [title for title, _ in titles(browser)] == [
        "LocCNN, T60 0.3 s, SNR 20 dB",
        "SampleCNN, T60 0.3 s, SNR 20 dB",
    ]
    left, right = (each.location for each in browser.find_elements("tag name", "article"))
    assert left["y"] == right["y"]
    assert left["x"] < right["x"]
    click(browser, "compare", "conditions")
    assert [title.split(", ")[1] for title, _ in titles(browser)] == ["T60 0.15 s", "T60 0.3 s"]
    click(browser, "compare", "nothing")
    assert len(titles(browser)) == 1


def test_the_address_keeps_the_choice(browser, shell):
    click(browser, "network", "sample_cnn")
    click(browser, "source", "worst")
    click(browser, "compare", "conditions")
    before, address = titles(browser), browser.current_url
    open_act(browser, shell, "#" + address.split("#")[1])
    assert titles(browser) == before
    assert browser.current_url == address


def test_the_keyboard_is_enough(browser):
    from selenium.webdriver import ActionChains, Keys

    ActionChains(browser).send_keys(Keys.TAB).perform()
    assert browser.execute_script("return document.activeElement.name") == "condition"
    ActionChains(browser).send_keys(Keys.ARROW_RIGHT).perform()
    wait(browser, lambda: "T60 0.3 s" in titles(browser)[0][0])
    ActionChains(browser).send_keys(Keys.TAB, Keys.ARROW_RIGHT).perform()
    wait(browser, lambda: titles(browser)[0][0] == "SampleCNN, T60 0.3 s, SNR 20 dB")


PLAYED = """
const done = arguments[arguments.length - 1];
const [first, second] = document.querySelectorAll("audio");
const line = (sound) => parseFloat(getComputedStyle(sound.closest(".signal").querySelector(".timed"), "::after").left);
const moved = new Promise((go) => second.addEventListener("timeupdate", () => second.currentTime > 0.1 && go()));
first.play().then(() => second.play()).then(() => moved)
  .then(() => done([first.paused, second.paused, line(second) > 58]));
"""


def test_one_sound_plays_at_a_time_and_shows_where_it_is(browser):
    assert browser.execute_async_script(PLAYED) == [True, False, True]


def test_a_phone_scrolls_only_down_and_charts_are_as_wide_as_it_is(browser):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    )
    try:
        for compare in ("networks", "conditions", "nothing"):
            click(browser, "compare", compare)
            browser.execute_async_script(DRAWN)
            assert browser.execute_script("return [innerWidth, document.documentElement.scrollWidth]") == [390, 390]
        width = "return document.querySelector('.timed svg').getBoundingClientRect().width"
        wait(browser, lambda: browser.execute_script(width) == 390)
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
