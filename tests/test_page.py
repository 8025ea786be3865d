"""The web page as it is built, and as it is used in a browser."""

import shutil
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import soundfile
import toy_trials
from killed import part_of_a_dead_process

import build_page
import localization_experiment
import perturbation_experiment
import tdoa_experiment
from report.page.assets import Assets
from report.page.examples import choose_examples
from report.page.findings import compare, find
from report.published import published_curves

CONDITIONS = [condition.name for condition in toy_trials.CONDITIONS]
EMPTY = {"img", "link", "meta", "br", "input", "source", "hr"}


class Page(HTMLParser):
    """Elements of a page in their order: tag, attributes, text, and the attributes of what they are in."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        element = {"tag": tag, "text": "", "in": list(self.open), **dict(attributes)}
        self.elements.append(element)
        if tag not in EMPTY:
            self.open.append(element)

    def handle_endtag(self, tag):
        while self.open and self.open.pop()["tag"] != tag:
            pass

    def handle_data(self, text):
        for element in self.open:
            element["text"] += text

    def all(self, tag, inside=None):
        return [
            each
            for each in self.elements
            if each["tag"] == tag and (inside is None or any(outer is inside for outer in each["in"]))
        ]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Results of all experiments."""
    folder = tmp_path_factory.mktemp("results")
    common = [*toy_trials.make_trials(folder, sources=2), "--results", str(folder)]
    perturbation_experiment.main([*common, "--percents", "0", "10"])
    tdoa_experiment.main([*common, "--pairs", "0,2", "--protocol", "published", "refined"])
    localization_experiment.main(common)
    return folder


@pytest.fixture(scope="module")
def site(results, tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs")
    (part_of_a_dead_process(folder / "page") / "page").mkdir(parents=True)
    assert build_page.main(["--results", str(results), "--to", str(folder), "--between", "0"]) == folder / "index.html"
    return folder


@pytest.fixture(scope="module")
def page(site):
    return Page((site / "index.html").read_text())


def table(results, experiment, name):
    return pd.read_csv(next((results / experiment).glob(f"*/{name}")))


def shown(page, section, index=0):
    """Return the numbers of one of a section's tables: {(group, row): [values of a cell, ...]}."""
    (section,) = (each for each in page.all("section") if each.get("id") == section)
    rows, group = {}, None
    for row in page.all("tr", page.all("table", section)[index]):
        (head, *_) = page.all("th", row) or [None]
        cells = [[float(number["value"]) for number in page.all("data", cell)] for cell in page.all("td", row)]
        if head and head.get("scope") == "rowgroup":
            group = head["text"]
        elif head and head.get("scope") == "row":
            rows[group, head["text"]] = cells
    return rows


def test_every_file_that_the_page_names_is_there_and_no_other(site, page):
    named = {each.get(key) for each in page.elements for key in ("src", "href")} - {None}
    local = {name for name in named if not name.startswith(("#", "data:", "https://arxiv.org/"))}
    assert local == {str(path.relative_to(site)) for path in (site / "page").rglob("*") if path.is_file()}
    assert {name[1:] for name in named if name.startswith("#")} <= {each.get("id") for each in page.elements}


def test_every_network_and_condition_has_its_best_and_its_worst_source_to_see_and_to_hear(results, page):
    errors = table(results, "perturbation", "sources.csv")
    examples = page.all("template")
    for (condition, model), rows in errors.groupby(["condition", "model"]):
        for role, row in (("best", rows["mae_m"].idxmin()), ("worst", rows["mae_m"].idxmax())):
            (example,) = (
                each for each in examples
                if (each["data-condition"], each["data-network"]) == (condition, model)
                and role in each["data-roles"].split()
            )  # fmt: skip
            assert int(example["data-source"]) == rows.loc[row, "source"]
            assert [float(each["value"]) for each in page.all("data", example)] == [rows.loc[row, "mae_m"]]
            captions = [each["text"] for each in page.all("figcaption", example)]
            assert captions == [
                "Signal of microphone 0", "STFT of microphone 0", "GCC-PHAT of microphones 0 and 2",
                "Relevance of microphone 0", "STFT of relevance, microphone 0", "GCC-PHAT of relevance, 0 and 2",
                "The room from above, and closely",
            ]  # fmt: skip
            assert len(page.all("img", example)) == 2 * len(captions)
            assert len(page.all("audio", example)) == 2


def test_removal_table_equals_the_result_files(results, page):
    curves, published = (
        each.set_index(["condition", "model", "curve", "percent"])["mae_m"]
        for each in (table(results, "perturbation", "curves.csv"), published_curves())
    )
    columns = [*CONDITIONS, "pooled"]
    rows = shown(page, "removal")
    assert len(rows) == 2 * 4 + 1
    for title, model in (("LocCNN", "loc_cnn"), ("SampleCNN", "sample_cnn")):
        for name, curve, percent in (("nothing removed", "relevance", 0), ("10 % most relevant", "relevance", 10),
                                     ("10 % loudest", "energy", 10), ("10 % random", "random", 10)):  # fmt: skip
            for cell, condition in zip(rows[title, name], columns, strict=False):
                key = condition, model, curve, percent
                assert cell == [curves[key], *([published[key]] if key in published else [])]
    for cell, condition in zip(rows["control", "always the centre"], columns, strict=True):
        assert cell == [curves[condition, "loc_cnn", "always the centre", 0]]


@pytest.mark.parametrize(("index", "experiment"), [(0, "tdoa"), (1, "tdoa_refined")])
def test_delay_tables_equal_the_result_files(results, page, index, experiment):
    summary = table(results, experiment, "summary.csv").set_index(["signal", "condition"])
    rows = shown(page, "delays", index)
    names = {"microphones": "microphones", "relevance loc_cnn": "relevance, LocCNN",
             "untrained sample_cnn": "untrained, SampleCNN", "always lag 0": "always lag 0"}  # fmt: skip
    assert len(rows) == 6
    for signal, name in names.items():
        for cell, condition in zip(rows[None, name], [*CONDITIONS, "pooled"], strict=True):
            expected = summary.loc[(signal, condition), ["mae_samples", "anomalies_percent"]]
            np.testing.assert_array_equal(cell, expected.to_numpy(float))


def test_the_table_of_directions_equals_the_result_file(results, page):
    summary = table(results, "tdoa_refined", "summary.csv").set_index(["signal", "condition"])["direction_percent"]
    rows = shown(page, "delays", 2)
    for signal, name in (("microphones", "microphones"), ("relevance sample_cnn", "relevance, SampleCNN")):
        expected = [summary[signal, each] for each in [*CONDITIONS, "pooled"]]
        assert not np.isnan(expected).any()
        assert [cell for (cell,) in rows[None, name]] == expected


def test_localization_tables_equal_the_result_file(results, page):
    errors = table(results, "localization", "errors.csv").set_index(["method", "condition"])
    means, described = shown(page, "localization"), shown(page, "localization", 1)
    for method, name in (("loc_cnn", "LocCNN"), ("always the centre", "always the centre")):
        for index, condition in enumerate(CONDITIONS):
            expected = errors.loc[(method, condition), ["mae_m", "published_mae_m"]].dropna()
            np.testing.assert_array_equal(means[None, name][index], expected.to_numpy(float))
            assert described["error in y", name][index] == [errors.loc[(method, condition), "mae_y_m"]]


def test_findings_equal_the_result_files(results, page):
    (section,) = (each for each in page.all("section") if each.get("id") == "found")
    values = {float(each["value"]) for each in page.all("data", section)}
    curves = table(results, "perturbation", "curves.csv").query("condition == 'pooled'")
    delays = table(results, "tdoa", "summary.csv").query("condition == 'pooled'")
    heard = table(results, "localization", "estimates.csv").query("method == 'SRP-PHAT'")
    error_m = np.abs(heard[["estimate_x_m", "estimate_y_m", "estimate_z_m"]].to_numpy() - heard[["x_m", "y_m", "z_m"]])
    (srp_phat_m,) = (value for value in values if value == pytest.approx(error_m.to_numpy().mean()))
    assert values - {srp_phat_m} == {
        *curves.query("percent == 0 and curve in ('relevance', 'always the centre')")["mae_m"],
        *curves.query("percent == 10 and curve != 'always the centre'")["mae_m"],
        *delays["mae_samples"],
    }


def test_words_follow_from_the_numbers():
    assert compare(1, 2, 3) == "below"
    assert compare(1, 2, 0) == "above"
    assert compare(1, 3, 2) == "level"
    curves = pd.DataFrame(
        [("pooled", "loc_cnn", curve, percent, mae_m, mae_m - 0.01, mae_m + 0.01) for curve, percent, mae_m in [
            ("relevance", 0, 0.05), ("relevance", 10, 0.2), ("energy", 10, 0.1), ("random", 10, 0.06),
            ("always the centre", 0, 0.12)]],
        columns=["condition", "model", "curve", "percent", "mae_m", "low_m", "high_m"],
    )  # fmt: skip
    curves["relevance_above_low_m"], curves["relevance_above_high_m"] = 0.1, 0.2

    def delays(above_zero, direction):
        table = pd.DataFrame({"condition": "pooled", "pair": "7-8", "mae_samples": 0.5, "anomalies_percent": 1.0,
                              "signal": ["relevance loc_cnn", "untrained loc_cnn", "always lag 0"]})  # fmt: skip
        for name, values in (("mae_samples", [0.5] * 3), ("mae_above_zero_samples", [above_zero[0], 0, 0]),
                             ("anomalies_percent", [1.0] * 3), ("direction_percent", [direction, 5, 0]),
                             ("anomalies_above_zero_percent", [above_zero[1], 0, 0])):  # fmt: skip
            table[name] = values
            table[f"{name}_low"], table[f"{name}_high"] = table[name] - 0.1, table[name] + 0.1
        return table

    def answers(number, above_zero=(0.0, 0.0), direction=0.0, **more):
        return find(curves, delays(above_zero, direction), **more)[1][number].answers

    assert answers(0) == ["LocCNN errs less than a constant that hears nothing."]
    assert "hurts more than removing random" in answers(1)[0]
    assert answers(1)[1] == "It hurts more than removing the loudest, too."
    assert "are better than" in answers(2, (-0.3, 0))[0]
    assert "in one score, worse in the other" in answers(2, (-0.3, 6))[0]
    assert "are no better than" in answers(2, (0, 6))[0]
    assert "can’t be told from" in answers(2, (0.05, 0.05))[0]
    assert "not point to the right side" in answers(2, direction=5.1)[1]
    assert "On microphones 7 and 8" in answers(2, direction=20.4)[1]
    assert "by 20 % of the windows; those of an untrained network by 5 %" in answers(2, direction=20.4)[1]
    other_pair = delays((0, 0), 50).assign(pair="5-10")
    assert "On microphones 5 and 10" in answers(2, refined=pd.concat([delays((0, 0), 5), other_pair]))[1]
    for network_above_m, words in (
        ([0.01, 0.02, 0.03], "errs more than SRP-PHAT"),
        ([0.01, 0.02, -0.03], "can’t be told"),
        ([-0.02, -0.01, -0.04], "errs less than SRP-PHAT"),
    ):
        errors_m = {"SRP-PHAT": np.array([0.1, 1.0, 10.0])}
        errors_m["loc_cnn"] = errors_m["SRP-PHAT"] + network_above_m
        heard = pd.concat(
            pd.DataFrame({"condition": "a", "source": [0, 0, 1], "window": [0, 1, 0], "method": method}
                         | {f"{axis}_m": 1.0 for axis in "xyz"} | {f"estimate_{axis}_m": 1 + error_m for axis in "xyz"})
            for method, error_m in errors_m.items()
        )  # fmt: skip
        assert words in answers(0, estimates=heard)[1]
    hurts = {-0.2: "hurts less", -0.05: "can’t be told", 0.1: "hurts more"}
    for low_m, words in hurts.items():
        curves["relevance_above_low_m"], curves["relevance_above_high_m"] = low_m, low_m + 0.1
        assert all(words in answer for answer in answers(1))


def test_examples_are_the_extremes_and_the_same_others_everywhere():
    errors = pd.DataFrame(
        [(condition, model, source, abs(source - best)) for (condition, model), best in {
            ("a", "loc_cnn"): 0, ("a", "sample_cnn"): 8, ("b", "loc_cnn"): 0, ("b", "sample_cnn"): 0}.items()
         for source in range(9)],
        columns=["condition", "model", "source", "mae_m"],
    )  # fmt: skip
    assert choose_examples(errors, 0) == {"a": [0, 8], "b": [0, 8]}
    assert choose_examples(errors, 1) == {"a": [0, 4, 8], "b": [0, 4, 8]}


def test_sounds_of_a_source_are_equally_loud_as_long_as_they_say_and_do_not_clip(site, page):
    for condition in CONDITIONS:
        for source in {each["data-source"] for each in page.all("template") if each["data-condition"] == condition}:
            paths = sorted((site / "page" / "examples" / condition / source).glob("*.mp3"))
            sounds = [soundfile.read(path)[0] for path in paths]
            assert len(sounds) == 3
            levels_db = [10 * np.log10(np.mean(sound**2)) for sound in sounds]
            assert np.ptp(levels_db) < 0.5
            assert max(np.abs(sound).max() for sound in sounds) < 1
            said = {float(each["data-seconds"]) for each in page.all("audio") if f"/{source}/" in each["src"]
                    and condition in each["src"]}  # fmt: skip
            assert {len(sound) / 16000 for sound in sounds} == said


def test_nothing_is_left_of_building_nor_of_a_build_that_was_killed(site):
    assert {each.name for each in site.iterdir()} == {"index.html", "page"}


def test_equal_sounds_make_equal_files(tmp_path):
    noise = np.random.default_rng(0).standard_normal(16000) / 10
    said = [Assets(tmp_path / name).sound("noise", "noise", noise, 16000) for name in ("first", "second")]
    assert said[0] == said[1]
    first, second = (tmp_path / name / said[0].file for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()


def test_every_image_says_what_it_shows_and_waits_until_it_is_looked_at(page):
    images = page.all("img")
    assert all(len(each["alt"]) > 20 and each["loading"] == "lazy" and int(each["width"]) > 300 for each in images)
    lags = [each["alt"] for each in images if each["alt"].startswith("GCC-PHAT")]
    assert lags
    assert all("true delay is" in alt for alt in lags)
    assert len(page.all("h1")) == 1
    assert all(each.get("aria-label") for each in page.all("audio"))


def test_the_first_view_is_small_and_so_is_all_of_it(site):
    first = [site / "index.html", site / "page" / "page.css", site / "page" / "page.js"]
    assert sum(path.stat().st_size for path in first) < 5e5
    assert max(path.stat().st_size for path in (site / "page").rglob("*") if path.is_file()) < 2.5e5


def refused(capsys, argv):
    with pytest.raises(SystemExit) as stop:
        build_page.main(argv)
    assert stop.value.code == 2
    message = capsys.readouterr().err
    assert message.startswith("error: ")
    assert message.count("\n") == 1
    return message


def test_what_is_missing_is_named_in_one_line(results, tmp_path, capsys):
    to = ["--to", str(tmp_path / "docs")]
    assert "no results of perturbation" in refused(capsys, ["--results", str(tmp_path), *to])
    shutil.copytree(results / "perturbation", tmp_path / "perturbation")
    assert "no results of tdoa" in refused(capsys, ["--results", str(tmp_path), *to])
    shutil.copytree(results / "tdoa", tmp_path / "tdoa")
    (removal,) = (tmp_path / "perturbation").glob("*")
    (removal / "sources.csv").unlink()
    assert "sources.csv is missing" in refused(capsys, ["--results", str(tmp_path), *to])
    assert not (tmp_path / "docs").exists()


def test_a_folder_that_is_no_page_is_left_alone(results, tmp_path, capsys):
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "mine.txt").touch()
    assert "not of an earlier page" in refused(capsys, ["--results", str(results), "--to", str(tmp_path)])
    assert (tmp_path / "page" / "mine.txt").exists()


LOADED = """
const done = arguments[arguments.length - 1];
const images = [...document.images].filter((image) => image.offsetParent !== null);
const sounds = [...document.querySelectorAll("audio")];
for (const image of images) image.loading = "eager";
const known = (sound) =>
  new Promise((go) => (sound.readyState || sound.error ? go() : (sound.onloadedmetadata = sound.onerror = go)));
Promise.all([...images.map((image) => image.decode().catch(() => null)), ...sounds.map(known)]).then(() =>
  done({
    images: images.length,
    broken: images.filter((image) => !image.naturalWidth).map((image) => image.src),
    sounds: sounds.map((sound) => [sound.duration, Number(sound.dataset.seconds)]),
    foreign: performance.getEntriesByType("resource").map(({name}) => name).filter((name) => !name.startsWith("file:")),
  }),
);
"""
PLAYED = """
const done = arguments[arguments.length - 1];
const [first, second] = document.querySelectorAll("audio");
const moved = new Promise((go) => second.addEventListener("timeupdate", () => second.currentTime > 0 && go()));
first.play().then(() => second.play()).then(() => moved).then(() =>
  done([first.paused, second.paused, Number(second.closest(".signal").style.getPropertyValue("--now")) > 0]),
);
"""


@pytest.fixture(scope="module")
def chromium(site):
    """Chromium, driven."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (binary and driver):
        pytest.skip("there is no Chromium: apt-get install chromium chromium-driver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for argument in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "disable-gpu", "window-size=1440,900",
                     "autoplay-policy=no-user-gesture-required"):  # fmt: skip
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options, webdriver.ChromeService(driver))
    media = {"prefers-color-scheme": "light", "prefers-reduced-motion": "reduce"}
    features = [{"name": name, "value": value} for name, value in media.items()]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    yield browser
    browser.quit()


@pytest.fixture
def browser(chromium, site):
    """Chromium with the page opened anew, from its file; no test may leave an error in the console."""
    open_page(chromium, site)
    chromium.execute_script("localStorage.clear()")
    chromium.get_log("browser")
    open_page(chromium, site)
    yield chromium
    assert [entry["message"] for entry in chromium.get_log("browser")] == []


def open_page(browser, site, choice=""):
    browser.get("about:blank")
    browser.get((site / "index.html").as_uri() + choice)


def click(browser, name, value):
    browser.find_element("css selector", f"input[name={name}][value='{value}']").click()


def titles(browser):
    return [(each.find_element("tag name", "h3").text, each.find_element("css selector", "header p").text.split(":")[0])
            for each in browser.find_elements("css selector", "#stage article")]  # fmt: skip


def pictures(browser):
    return browser.execute_script(
        "return [...document.querySelectorAll('#stage img')].filter((i) => i.offsetParent).map((i) => i.src)"
    )


def test_every_image_and_sound_loads_for_every_choice(browser, page):
    examples = page.all("template")
    for example in examples:
        choice = "&".join(f"{name}={example[f'data-{name}']}" for name in ("condition", "network", "source"))
        browser.execute_script(f"location.hash = '{choice}'")
        wait(browser, lambda example=example: status(browser) == example["data-title"])
        loaded = browser.execute_async_script(LOADED)
        assert loaded["broken"] == loaded["foreign"] == []
        assert loaded["images"] >= 7
        assert len(loaded["sounds"]) == 2
        assert all(duration == pytest.approx(said, abs=0.01) for duration, said in loaded["sounds"])
    browser.find_element("id", "theme").click()
    dark = browser.execute_async_script(LOADED)
    assert dark["broken"] == []
    assert dark["images"] == loaded["images"]


def status(browser):
    return browser.find_element("id", "status").get_attribute("textContent")


def wait(browser, condition):
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(browser, 20).until(lambda _: condition())


def test_each_control_changes_what_it_should(browser):
    second = CONDITIONS[1]
    (start,) = titles(browser)
    assert start[0] == "LocCNN, T60 0.15 s, SNR 25 dB"
    assert start[1].endswith("the best")
    shown = pictures(browser)
    assert len(shown) == 7

    click(browser, "source", "worst")
    assert titles(browser)[0][1].endswith("the worst")
    assert not set(shown) & set(pictures(browser))

    click(browser, "network", "sample_cnn")
    assert titles(browser)[0][0] == "SampleCNN, T60 0.15 s, SNR 25 dB"
    click(browser, "condition", second)
    assert titles(browser)[0][0] == "SampleCNN, T60 0.3 s, SNR 20 dB"
    assert all(f"/{second}/" in src for src in pictures(browser))

    click(browser, "compare", "networks")
    assert [title for title, _ in titles(browser)] == [
        "LocCNN, T60 0.3 s, SNR 20 dB",
        "SampleCNN, T60 0.3 s, SNR 20 dB",
    ]
    left, right = (each.location for each in browser.find_elements("css selector", "#stage article"))
    assert left["y"] == right["y"]
    assert left["x"] < right["x"]
    click(browser, "compare", "conditions")
    assert [title.split(", ")[1] for title, _ in titles(browser)] == ["T60 0.15 s", "T60 0.3 s"]
    click(browser, "compare", "nothing")
    assert len(titles(browser)) == 1


def test_the_address_keeps_the_choice(browser, site):
    click(browser, "network", "sample_cnn")
    click(browser, "source", "worst")
    click(browser, "compare", "conditions")
    before = titles(browser)
    address = browser.current_url
    open_page(browser, site, "#" + address.split("#")[1])
    assert titles(browser) == before
    assert browser.current_url == address


def test_the_keyboard_is_enough(browser):
    from selenium.webdriver import ActionChains, Keys

    browser.find_element("css selector", "#listen h2").click()
    ActionChains(browser).send_keys(Keys.TAB).perform()
    assert browser.execute_script("return document.activeElement.name") == "condition"
    ActionChains(browser).send_keys(Keys.ARROW_RIGHT).perform()
    assert "T60 0.3 s" in titles(browser)[0][0]
    ActionChains(browser).send_keys(Keys.TAB, Keys.ARROW_RIGHT).perform()
    assert titles(browser)[0][0] == "SampleCNN, T60 0.3 s, SNR 20 dB"


def test_the_theme_is_the_systems_until_another_is_chosen_and_stays(browser, site):
    def look():
        colour = "return getComputedStyle(document.body).backgroundColor"
        return browser.execute_script(colour), {src.split(".")[-2] for src in pictures(browser)}

    light = look()
    assert light == ("rgb(255, 255, 255)", {"light"})
    browser.find_element("id", "theme").click()
    dark = look()
    assert dark[0] != light[0]
    assert dark[1] == {"dark"}
    open_page(browser, site)
    assert look() == dark
    browser.find_element("id", "theme").click()
    assert look() == light


def test_one_sound_plays_at_a_time_and_shows_where_it_is(browser):
    assert browser.execute_async_script(PLAYED) == [True, False, True]


def test_a_phone_scrolls_only_down(browser):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    )
    try:
        for compare in ("nothing", "networks", "conditions"):
            click(browser, "compare", compare)
            for details in browser.find_elements("css selector", "details:not([open]) summary"):
                if details.is_displayed():
                    details.click()
            assert browser.execute_script("return [innerWidth, document.documentElement.scrollWidth]") == [390, 390]
        tables = browser.execute_script(
            "return [...document.querySelectorAll('.scroll')].map((each) => each.scrollWidth - each.clientWidth)"
        )
        assert max(tables) <= 0
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
