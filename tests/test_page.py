"""The web page as it is built, and as it is used in a browser."""

import csv
import importlib.resources
import io
import json
import re
import shutil
import threading
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pandas as pd
import pytest
import toy_trials
from killed import part_of_a_dead_process
from toy_judged import CONTROLS, judged

import build_page
import cue_experiment
import intervention_experiment
import localization_experiment
import perturbation_experiment
import rooms_experiment
import sensitivity_experiment
import shares_experiment
import tdoa_experiment
from report.found import delayed, elsewhere, localized, removed, shared
from report.numbers import TABLES
from report.page.act import Chart, Column, Look, View, kept
from report.page.acts import ACTS
from report.page.acts.hear import cue_sentence
from report.page.acts.localize import localize
from report.page.acts.origin import command
from report.page.acts.relevance import removal
from report.page.results import Results, read_results
from report.verdict import MORE_TABLES, read_verdict
from running.errors import InputError
from running.files import read_csv, write_csv

CONDITIONS = [condition.name for condition in toy_trials.CONDITIONS]
ALWAYS = ["question", "localize", "hear", "relevance", "trial", "listen", "origin"]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Results of all experiments; those of methods on trial are toys."""
    folder = tmp_path_factory.mktemp("results")
    common = [*toy_trials.make_trials(folder, sources=2), "--results", str(folder)]
    perturbation_experiment.main([*common, "--percents", "0", "10"])
    tdoa_experiment.main([*common, "--pairs", "0,2", "--protocol", "published", "refined", "--untrained", "2"])
    localization_experiment.main(common)
    rooms_experiment.main([*common, "--rooms", "2", "--talkers", "1", "--region", "held_out"])
    common += ["--beside", str(folder / "any_room")]
    cue_experiment.main([*common, "--trials", "10"])
    rooms_experiment.main([*common, "--rooms", "2", "--talkers", "1"])
    few = [*common, "--sources", "1"]
    sensitivity_experiment.main([*few, "--windows", "1", "--draws", "1", "--untrained", "2", "--null_sources", "1"])
    shares_experiment.main([*few, "--untrained", "1", "--null_sources", "1"])
    intervention_experiment.main([*few, "--interventions", "no_early", "silent:1"])
    write_trial(folder)
    return folder


def write_trial(folder):
    """Write what faithfulness_experiment.py might have, of the networks and recordings of cue_experiment.py."""
    rng, place = np.random.default_rng(0), folder / "faithfulness" / "pooled"
    parts = []
    for condition in CONDITIONS:
        found = judged(rng, *CONTROLS).tables()
        found["costs"] = pd.DataFrame({"method": ["lrp", "gradient"], "ms_a_window": [20.0, 7.0],
                                       "promised_m": [0.5, 0.5], "delta_m": [0.01, 0.25]})  # fmt: skip
        parts.append({name: table.assign(condition=condition, model="loc_cnn") for name, table in found.items()})
    for name in ("criteria", "agreement", "conclusions", "costs"):
        write_csv(place / f"{name}.csv", pd.concat([part[name] for part in parts]))
    shutil.copyfile(next((folder / "cues").glob("*/run.json")), place / "run.json")


def build(results, to):
    return build_page.main(["--results", str(results), "--to", str(to), "--between", "0"])


@pytest.fixture(scope="module")
def site(results, tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs")
    (part_of_a_dead_process(folder / "page") / "page").mkdir(parents=True)
    assert build(results, folder) == folder / "index.html"
    return folder


@pytest.fixture(scope="module")
def acts(results):
    read = read_results(results)
    return {act.name: act for each in ACTS if (act := each(read))}


def table(results, experiment, name):
    return read_csv(next((results / experiment).glob(f"*/{name}")))


def rows_of(acts, name, view):
    """Return the rows of a view as a table."""
    return as_table(*(each for each in acts[name].views if each.name == view))


def as_table(view):
    return pd.DataFrame(view.rows, columns=[column.name for column in view.columns])


def data(site, name):
    """Return what a data file calls with."""
    said = re.fullmatch(r'act\("(.*?)", (.*)\);\n', (site / "page" / "data" / f"{name}.js").read_text(), re.DOTALL)
    assert said[1] == name
    return json.loads(said[2])


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_from_unchanged_results_nothing_changes_and_from_new_numbers_only_what_shows_them(results, site, tmp_path):
    before = files(site)
    for path in results.iterdir():
        (tmp_path / path.name).symlink_to(path)
    build(tmp_path, site)
    assert files(site) == before
    (tmp_path / "cues").unlink()
    shutil.copytree(results / "cues", tmp_path / "cues")
    (weights,) = (tmp_path / "cues").glob("*/weights.csv")
    write_csv(weights, read_csv(weights).assign(weight=0.123))
    build(tmp_path, tmp_path / "docs")
    after = files(tmp_path / "docs")
    assert after.keys() == before.keys()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"page/data/question.js", "page/data/hear.js", "page/text.html"}


def test_all_is_there_that_the_page_loads_and_no_more(site):
    shell = (site / "index.html").read_text()
    assert [name for name in re.findall('data-act="(.*?)"', shell)] == ALWAYS
    named = set(re.findall(r'(?:src|href)="(page/[^"#]+)', shell))
    named |= {f"page/data/{name}.js" for name in ALWAYS + [f"listen-{condition}" for condition in CONDITIONS]}
    heard = {name for name in files(site) if name.startswith("page/listen/")}
    assert named | heard | {"index.html", "page/text.html"} == set(files(site))
    assert {each.name for each in site.iterdir()} == {"index.html", "page"}
    text = (site / "page" / "text.html").read_text()
    assert {name for name in re.findall(r'href="(page/listen/[^"]+)"', text)} <= heard


def same(column, kept, expected):
    """Assert that kept values are the expected numbers, rounded as their column says."""
    assert len(kept) == len(expected) > 0
    np.testing.assert_array_equal(np.asarray(kept, float), np.round(np.asarray(expected, float), column) + 0.0)


def test_rows_are_the_numbers_of_the_result_files(results, acts):
    weights = table(results, "cues", "weights.csv")
    cue = (weights["cue"] == "early") & (weights["coordinate"] == "horizontal")
    for name, title in (("sample_cnn", "SampleCNN"), ("SRP-PHAT", "SRP-PHAT")):
        theirs = weights[cue & (weights["localizer"] == name)]
        for act, view, early in (("question", "weights", "early reflections"), ("hear", "cues", "early reflections")):
            ours = rows_of(acts, act, view)
            ours = ours[(ours["cue"] == early) & (ours["localizer_title"] == title)]
            if act == "hear":
                ours = ours[(ours["coordinate"] == "x and y together") & ours["trained"].isin([None, "one room"])]
            for column in ("weight", "low", "high"):
                same(2, ours[column], theirs[column])
            assert set(ours["trials"]) == {10}
            assert ours["T60_s"].tolist() == [0.15, 0.3]

    errors = rows_of(acts, "localize", "errors")
    tested = table(results, "localization", "errors.csv")
    for talkers, place, theirs in (
        ("the test sources", "own room", tested),
        *(("voices of the test, all over the area", place, rows)
          for place, rows in table(results, "rooms", "errors.csv").groupby("place")),
    ):  # fmt: skip
        ours = errors[(errors["talkers"] == talkers) & (errors["place"] == place)]
        ours = ours[ours["localizer_title"] == "always the centre"]
        for column in ("mae_m", "median_m", "slope_x"):
            decimals = 2 if column == "slope_x" else 3
            same(decimals, ours[column], theirs[theirs["localizer"] == "always the centre"][column])

    curves = table(results, "perturbation", "curves.csv")
    ours = rows_of(acts, "relevance", "removal")
    for condition, title in (("pooled", "all conditions"), (CONDITIONS[1], "T60 0.3 s, SNR 20 dB")):
        theirs = curves[(curves["condition"] == condition) & (curves["model"] == "loc_cnn")]
        mine = ours[(ours["condition_title"] == title) & (ours["localizer_title"] == "LocCNN")]
        for curve, name in (("relevance", "most relevant"), ("energy", "loudest"), ("always the centre",) * 2):
            same(3, mine[mine["removed"] == name]["mae_m"], theirs[theirs["curve"] == curve]["mae_m"])
            same(3, mine[mine["removed"] == name]["high_m"], theirs[theirs["curve"] == curve]["high_m"])

    ours = rows_of(acts, "relevance", "delays")
    for experiment, protocol in (("tdoa", "as published"), ("tdoa_refined", "refined: exact delays, between samples")):
        theirs = table(results, experiment, "summary.csv").query("condition == 'pooled' and signal == 'relevance'")
        mine = ours[(ours["protocol"] == protocol) & (ours["condition_title"] == "all conditions")]
        mine = mine[mine["read"].isin(["relevance, LocCNN", "relevance, SampleCNN"])]
        same(2, mine[mine["measure"] == "anomalies (%)"]["value"], theirs["anomalies_percent"])

    direct = table(results, "shares", "shares.csv").query("part == 'direct' and method == 'lrp' and score == 'split'")
    direct = direct[direct["model"] == "loc_cnn"]
    ours = rows_of(acts, "relevance", "shares").query("part == 'direct sound' and how == 'LRP, split'")
    ours = ours[(ours["localizer_title"] == "LocCNN") & (ours["trained"] == "one room")]
    for of, column in (("relevance", "share"), ("energy", "energy_share"), ("relevance, untrained", "untrained_share")):
        same(2, ours[ours["of"] == of]["value"], direct[column])
    assert set(ours["sources"]) == {1}

    profiles = table(results, "sensitivity", "profiles.csv")
    theirs = profiles[(profiles["localizer"] == "loc_cnn") & (profiles["coordinate"] == "y")]
    theirs = theirs[(theirs["method"] == "delay_sensitivity averaged") & (theirs["condition"] == CONDITIONS[0])]
    ours = rows_of(acts, "hear", "delays").query("localizer_title == 'LocCNN' and trained == 'one room'")
    ours = ours[(ours["coordinate"] == "y of the estimate") & (ours["condition_title"] == "T60 0.15 s, SNR 25 dB")]
    same(1, ours[ours["by"] == "gradient, averaged"]["mean"], 1e3 * theirs["mean"])
    same(1, ours[ours["by"] == "multilateration"]["mean"], 1e3 * theirs["multilateration"])

    changed = table(results, "interventions", "interventions.csv").query("intervention == 'no_early'")
    ours = rows_of(acts, "hear", "changes").query("intervention == 'without early reflections'")
    same(3, ours.query("localizer_title == 'SRP-PHAT'")["mae_m"], changed.query("localizer == 'SRP-PHAT'")["mae_m"])


def test_a_method_that_misses_what_it_promises_is_marked(acts):
    ranks = rows_of(acts, "trial", "ranks")
    assert {"LRP", "gradient †", "energy"} <= set(ranks["title"])
    assert rows_of(acts, "trial", "conclusions")["against"].nunique() == 3


def test_a_published_number_stands_beside_ours():
    named = ["condition", "model", "curve", "method", "percent", "mae_m", "published_mae_m"]
    curves = [("a", "loc_cnn", "relevance", "lrp", 10, 0.3, 0.138), ("a", "loc_cnn", "random", "", 10, 0.2, np.nan)]
    verdicts = [("a", "loc_cnn", "lrp", against, 10, "level") for against in ("random", "energy")]
    named_verdicts = ["condition", "model", "method", "against", "percent", "verdict"]
    tables = {
        "curves.csv": pd.DataFrame(curves, columns=named).assign(low_m=0.1, high_m=0.4, windows=7),
        "verdicts.csv": pd.DataFrame(verdicts, columns=named_verdicts),
    }
    rows = as_table(removal(tables)).set_index("removed")
    assert rows["mae_m"].to_dict() == {"most relevant": 0.3, "random": 0.2, "most relevant, published": 0.138}
    assert rows.loc["most relevant, published", ["low_m", "windows"]].isna().all()
    errors = pd.DataFrame(
        {"condition": ["SNR_25_T60_0.15"], "localizer": "loc_cnn", "mae_m": 0.1, "published_mae_m": 0.088}
    )
    ends = errors[["condition", "localizer"]].assign(
        mae_low_m=0.09, mae_high_m=0.11, against="SRP-PHAT", verdict="level"
    )
    (view,) = localize({"localization": Results(None, {}, {"errors.csv": errors, "verdicts.csv": ends})}).views
    found = as_table(view).set_index("localizer_title")["mae_m"].to_dict()
    assert found == {"LocCNN": 0.1, "LocCNN, published": 0.088}


def test_sentences_are_those_of_the_experiments(results, acts):
    said = {(name, view.name): view.sentences for name, act in acts.items() for view in act.views}
    assert said["question", "weights"] == read_verdict(
        {name: next((results / name).glob("*")) for name in (*TABLES, *MORE_TABLES)}
    ).sentences  # fmt: skip
    assert said["relevance", "removal"] == removed(table(results, "perturbation", "verdicts.csv"))
    assert said["relevance", "delays"] == delayed(table(results, "tdoa_refined", "verdicts.csv"))
    others, *own = said["localize", "errors"]
    assert own == localized(table(results, "localization", "verdicts.csv"))
    rooms = table(results, "rooms", "verdicts.csv")
    networks = ["loc_cnn", "sample_cnn", "SRP-PHAT"]  # none of any room, which have no room of their own
    assert [others] == elsewhere(rooms[rooms["localizer"].isin(networks)])
    shares = table(results, "shares", "shares.csv")
    assert said["relevance", "shares"] == shared(shares[shares["model"].isin(networks)])


@pytest.mark.parametrize(("early", "word"), [(0.8, "more than"), (0.1, "less than"), (0.5, "as much as")])
def test_words_tell_which_cue_moves_more(early, word):
    rows = [(condition, cue, weight) for condition in ("SNR_25_T60_0.15", "SNR_10_T60_0.6")
            for cue, weight in (("delays", 0.5), ("early", early * condition.endswith("0.6")))]  # fmt: skip
    weights = pd.DataFrame(rows, columns=["condition", "cue", "weight"]).assign(
        localizer="loc_cnn", coordinate="horizontal"
    )
    weights = weights.assign(low=weights["weight"] - 0.1, high=weights["weight"] + 0.1)
    assert cue_sentence(weights) == [f"At T60 0.6 s early reflections move LocCNN {word} the direct sound’s delays."]


def test_rows_are_kept_as_exactly_as_they_are_shown():
    columns = [Column("name", "name"), Column("value", "value", "m", 2), Column("n", "n", "", 0)]
    rows = kept(
        pd.DataFrame({"value": [0.12499, -0.001, np.nan], "n": [3.0, 4, np.nan], "name": ["a", "b", None]}), columns
    )
    assert rows == [["a", 0.12, 3], ["b", 0.0, 4], [None, None, None]]
    view = View(
        "v",
        "V",
        [],
        "",
        columns,
        rows,
        ["name"],
        Chart("dots", "value", "name", "name", {"a": Look("blue"), "c": Look("ink")}),
    )
    assert view.texts() == [["a", "0.12", "3"], ["b", "0.00", "4"], ["–", "–", "–"]]
    told = view.data()
    assert [row[0] for row in told["rows"]] == [0, 1, 2]
    assert told["columns"][0]["texts"] == ["a", "b", None]
    assert list(told["chart"]["looks"]) == ["a"]


class Text(HTMLParser):
    """Cells of each row of tables, and all text."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.texts, self.tag = [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag == "tr":
            self.rows.append([])
        elif tag == "td":
            self.rows[-1].append("")
        self.tag = tag

    def handle_data(self, text):
        self.texts.append(text)
        if self.tag == "td":
            self.rows[-1][-1] += text.strip("\n")


def test_as_text_there_is_every_sentence_and_every_row(acts, site):
    page = Text((site / "page" / "text.html").read_text())
    cells = [tuple(row) for row in page.rows if len(row) > 1]
    text = "".join(page.texts)
    for act in acts.values():
        assert act.title in text
        for view in act.views:
            assert all(sentence in text for sentence in view.sentences)
            shown = [place for place, column in enumerate(view.columns) if column.name not in view.choices]
            expected = [tuple(row[place] for place in shown) for row in view.texts()]
            assert set(expected) <= set(cells)
    listed = sum(len(view.rows) for act in acts.values() for view in act.views)
    assert len(cells) == listed + 2 * sum(len(data(site, f"listen-{each}")["sources"]) for each in CONDITIONS)


def test_what_is_not_there_is_not_told(results, tmp_path):
    for name in ("perturbation", "tdoa", "cues"):
        (tmp_path / name).symlink_to(results / name)
    acts = {act.name: act for each in ACTS if (act := each(read_results(tmp_path)))}
    assert list(acts) == ["question", "hear", "relevance", "origin"]
    assert [view.name for view in acts["hear"].views] == ["cues"]
    assert len(acts["question"].views[0].sentences) == 2  # of cues and of relevance
    (tmp_path / "cues").unlink()
    acts = {act.name: act for each in ACTS if (act := each(read_results(tmp_path)))}
    assert list(acts) == ["question", "relevance", "origin"]
    assert acts["question"].views == []


def test_the_command_of_an_experiment_makes_it_again(results, acts):
    commands = rows_of(acts, "origin", "commands").set_index("experiment")
    assert commands.loc["cues", "seed"] == 5000
    script, *arguments = commands.loc["cues", "command"].removeprefix("python ").split()
    asked = vars(cue_experiment.parse(arguments))
    made = vars(cue_experiment.parse(["--conditions", "0.15/25", "0.3/20", "--trials", "10"]))
    assert script == "cue_experiment.py"
    assert (asked["conditions"], asked["trials"]) == (made["conditions"], 10)
    assert command("enhancement/bursts", {"clips": 2, "a": None, "b": [], "c": False, "d": True}) == (
        "python -m enhancement.burst --clips 2 --d"
    )
    assert command("digits", {"runs": "/somewhere/else/logs"}) == "python -m digits.test --runs logs"


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


def change_run(folder, change):
    (path,) = folder.glob("*/run.json")
    run = json.loads(path.read_text())
    change(run)
    path.write_text(json.dumps(run))


def test_results_of_other_networks_or_sources_are_never_put_together(results, tmp_path):
    for name in ("perturbation", "tdoa", "tdoa_refined", "localization"):
        shutil.copytree(results / name, tmp_path / name)
    assert list(read_results(tmp_path)) == ["perturbation", "tdoa", "tdoa_refined", "localization"]
    change_run(tmp_path / "localization", lambda run: run["trials"][1]["network"].update(weights="others"))
    change_run(tmp_path / "tdoa_refined", lambda run: run["trials"][0]["relevance"]["lrp"].update(start="prediction"))
    assert list(read_results(tmp_path)) == ["perturbation", "tdoa"]
    change_run(tmp_path / "tdoa", lambda run: run["trials"][0]["sources"].pop())
    with pytest.raises(InputError, match="different networks or sources"):
        read_results(tmp_path)


def test_a_folder_that_is_no_page_is_left_alone(results, tmp_path, capsys):
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "mine.txt").touch()
    assert "not of an earlier page" in refused(capsys, ["--results", str(results), "--to", str(tmp_path)])
    assert (tmp_path / "page" / "mine.txt").exists()


@pytest.fixture
def browser(chromium, site):
    """Chromium with the page opened anew, from its file; no test may leave an error in the console."""
    open_page(chromium, site)
    chromium.execute_script("localStorage.clear()")
    chromium.get_log("browser")
    open_page(chromium, site)
    yield chromium
    assert [entry["message"] for entry in chromium.get_log("browser")] == []


def open_page(browser, site):
    browser.get("about:blank")
    browser.get((site / "index.html").as_uri())


def wait(browser, condition):
    from selenium.webdriver.support.wait import WebDriverWait

    return WebDriverWait(browser, 20, 0.02).until(lambda _: condition())


def go_to(browser, act):
    """Scroll to an act; return when its first chart is drawn."""
    browser.execute_script(f"document.getElementById('{act}').scrollIntoView()")
    return wait(
        browser, lambda: browser.find_elements("css selector", f"#{act} .panel svg, #{act} table, #{act} article")
    )


VIEWS = """
const done = arguments[arguments.length - 1];
const frame = () => new Promise(requestAnimationFrame);
const until = async (found) => { while (!found()) await frame(); return found(); };
(async () => {
  const seen = [];
  for (const stage of document.querySelectorAll(".stage:not([data-act=listen])")) {
    stage.scrollIntoView();
    await until(() => stage.querySelector(".scene > *"));
    for (const index of [...stage.querySelectorAll(".tabs input"), null].keys()) {
      const tab = stage.querySelectorAll(".tabs input")[index];
      if (!tab && index) continue;
      tab?.click();
      const fold = stage.querySelector("details");
      if (fold) fold.open = true;
      await until(() => stage.querySelector("table") && (!fold || stage.querySelector(".panel svg")));
      seen.push({
        act: stage.dataset.act,
        title: tab?.value,
        panels: stage.querySelectorAll(".panel svg[role=img]").length,
        shapes: stage.querySelectorAll(".panel svg :is(path, rect, line)").length,
        cells: [...stage.querySelectorAll("tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent)),
        sentences: [...stage.querySelectorAll(".sentences p")].map((each) => each.textContent),
      });
    }
  }
  done(seen);
})();
"""


def chosen(view):
    """Return the rows that a view shows at first, as text, without what can be chosen."""
    rows = list(zip(view.rows, view.texts(), strict=True))
    names = [column.name for column in view.columns]
    for name in view.choices:
        place = names.index(name)
        first = next(row[place] for row, _ in rows if row[place] is not None)
        rows = [each for each in rows if each[0][place] in (None, first)]
    return [[text for text, name in zip(texts, names, strict=True) if name not in view.choices] for _, texts in rows]


def test_every_view_is_drawn_and_its_table_has_the_rows_that_are_drawn(browser, acts):
    browser.set_script_timeout(60)
    seen = browser.execute_async_script(VIEWS)
    views = [(name, view) for name, act in acts.items() for view in act.views]
    assert [each["act"] for each in seen] == [name for name, _ in views]
    for each, (_, view) in zip(seen, views, strict=True):
        assert each["title"] in (None, view.title)
        assert each["sentences"] == view.sentences
        assert each["cells"] == chosen(view)
        if view.chart:
            assert each["panels"] == 1 if not view.chart.facet else each["panels"] > 1
            assert each["shapes"] >= len(each["cells"])


def tip(browser, act="question"):
    return [each.text for each in browser.find_elements("css selector", f"#{act} .tip > div")]


def test_a_point_tells_its_value_its_interval_and_how_many_it_was_measured_on(browser, acts):
    from selenium.webdriver import ActionChains, Keys

    go_to(browser, "question")
    rows = rows_of(acts, "question", "weights")
    found = []
    for cue, title in rows[["cue", "localizer_title"]].drop_duplicates().itertuples(index=False):
        for row in rows[(rows["cue"] == cue) & (rows["localizer_title"] == title)].itertuples():
            numbers = [f"{value:.2f}".replace("-", "−") for value in (row.weight, row.low, row.high)]
            found.append([f"{title}, {cue}", f"T60 {row.T60_s:.2f} s", f"weight {numbers[0]}",
                          f"95 %: {numbers[1]} to {numbers[2]}", "n = 10 trials"])  # fmt: skip
    points = browser.find_elements("css selector", "#question .panel g[fill^='var(--'] > :is(path, circle)")
    assert len(points) == len(found)
    ActionChains(browser).move_to_element(points[0]).perform()
    assert tip(browser) in found
    ActionChains(browser).move_to_element(browser.find_element("tag name", "h1")).perform()
    assert tip(browser) == [""] * len(found[0])

    chart = browser.find_element("css selector", "#question .chart")
    browser.execute_script("arguments[0].focus()", chart)
    told = []
    for _ in found:
        ActionChains(browser).send_keys(Keys.ARROW_RIGHT).perform()
        told.append(tip(browser))
        status = browser.find_element("css selector", "#question [role=status]").get_attribute("textContent")
        assert status == ", ".join(told[-1])
    assert sorted(told) == sorted(found)
    ActionChains(browser).send_keys(Keys.ESCAPE).perform()
    assert not browser.find_element("css selector", "#question .tip").is_displayed()


def test_choices_change_what_is_drawn_and_are_made_by_the_keyboard(browser, acts):
    from selenium.webdriver import ActionChains, Keys

    go_to(browser, "relevance")
    browser.find_element("css selector", "#relevance summary").click()
    wait(browser, lambda: browser.find_elements("css selector", "#relevance tbody tr"))
    before = browser.find_element("css selector", "#relevance .panel").get_attribute("innerHTML")
    choice = browser.find_element("name", "relevance-localizer_title")
    choice.send_keys("S")
    wait(
        browser, lambda: browser.find_element("name", "relevance-localizer_title").get_attribute("value") == "SampleCNN"
    )
    wait(browser, lambda: browser.find_elements("css selector", "#relevance .panel svg"))
    assert browser.find_element("css selector", "#relevance .panel").get_attribute("innerHTML") != before
    assert browser.execute_script("return document.activeElement.name") == "relevance-localizer_title"
    ActionChains(browser).key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT).perform()
    ActionChains(browser).send_keys(Keys.ARROW_RIGHT).perform()
    (_, delays, _) = acts["relevance"].views
    said = [each.text for each in browser.find_elements("css selector", "#relevance .sentences p")]
    assert said == delays.sentences[:1]
    assert browser.execute_script("return document.activeElement.value") == delays.title


SAVED = """
const done = arguments[arguments.length - 1];
URL.createObjectURL = (blob) => (blob.text().then(done), "data:,");
document.querySelector("#question details").open = true;
const save = () => document.querySelector("#question details button")?.click() ?? setTimeout(save, 20);
save();
"""


def test_all_rows_can_be_saved(browser, acts):
    go_to(browser, "question")
    browser.execute_script("HTMLAnchorElement.prototype.click = () => {}")
    saved = list(csv.reader(io.StringIO(browser.execute_async_script(SAVED))))
    (view,) = acts["question"].views
    assert saved[0] == [column.heading for column in view.columns]
    numbers = [[value if isinstance(value, str) else f"{value:g}" for value in row] for row in view.rows]
    assert saved[1:] == numbers


def test_without_scripts_the_page_is_text_and_tables(chromium, site):
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        open_page(chromium, site)
        wait(chromium, lambda: chromium.current_url == (site / "page" / "text.html").as_uri())
        assert "What do localization networks hear?" in chromium.page_source
    finally:
        chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_the_theme_is_the_systems_until_another_is_chosen_and_stays(browser, site):
    def look():
        colours = "return [document.body, document.querySelector('#question .panel path')].map((each) => "
        colours += (
            "getComputedStyle(each)).map(({backgroundColor, fill, stroke}, index) => index ? stroke : backgroundColor)"
        )
        return browser.execute_script(colours)

    go_to(browser, "question")
    light = look()
    assert light[0] == "rgb(255, 255, 255)"
    browser.find_element("id", "theme").click()
    dark = look()
    assert dark[0] != light[0]
    open_page(browser, site)
    go_to(browser, "question")
    assert look() == dark
    browser.find_element("id", "theme").click()
    assert look() == light


def test_a_phone_scrolls_only_down(browser):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    )
    try:
        browser.set_script_timeout(60)
        go_to(browser, "listen")
        browser.execute_async_script(VIEWS)
        assert browser.execute_script("return [innerWidth, document.documentElement.scrollWidth]") == [390, 390]
        wide = "return [...document.querySelectorAll('main *')].filter((each) => !each.closest('.scroll, .panel') && "
        wide += "each.getBoundingClientRect().right > 391).map((each) => each.outerHTML.slice(0, 99))"
        assert browser.execute_script(wide) == []
        widths = "return [...document.querySelectorAll('#question .panel svg')].map((each) => each.clientWidth)"
        assert set(browser.execute_script(widths)) == {350}
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


LOADED = """return [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .map(({ name, encodedBodySize }) => [name, encodedBodySize])"""


def test_the_first_view_is_small_and_so_is_all_of_it(chromium, site):
    handler = partial(Quiet, directory=site)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = f"http://127.0.0.1:{server.server_port}/"
        chromium.get(f"{place}index.html")
        go_to(chromium, "question")
        loaded = dict(chromium.execute_script(LOADED))
        server.shutdown()
    assert all(name.startswith(place) for name in loaded if not name.startswith("data:"))
    names = {name.removeprefix(place) for name in loaded}
    assert {"index.html", "page/plot.min.js", "page/data/question.js"} <= names
    assert {name for name in names if "/data/" in name} <= {"page/data/question.js", "page/data/localize.js"}
    assert 3e5 < sum(loaded.values()) < 6e5
    assert sum(map(len, files(site).values())) < 6e6


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, *args):
        """Say nothing."""


def test_on_paper_folds_are_open_and_colours_are_light(browser):
    go_to(browser, "question")
    browser.find_element("id", "theme").click()
    browser.execute_cdp_cmd("Page.printToPDF", {})
    assert browser.execute_script("return document.querySelector('#question details').open")
    assert len(browser.find_elements("css selector", "#question tbody tr")) == 12
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert browser.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


AXE = """
const [rules, done] = arguments;
axe.run({ exclude: [["tbody tr:nth-child(n + 4)"], [".panel svg > *"]] }, { preload: false, ...rules })
  .then(({ violations }) => done(violations.map(({ id, nodes }) => [id, nodes[0].html])));
"""


@pytest.mark.parametrize(("theme", "rules"), [("light", {}), ("dark", {"runOnly": ["color-contrast"]})])
def test_axe_finds_no_barrier(browser, site, theme, rules):
    axe = importlib.resources.files("axe_playwright_python").joinpath("axe.min.js").read_text()
    browser.set_script_timeout(60)
    browser.execute_async_script(VIEWS)
    go_to(browser, "listen")
    for page in (None, site / "page" / "text.html"):
        if page:
            browser.get(page.as_uri())
        browser.execute_script(f"document.documentElement.dataset.theme = '{theme}'")
        browser.execute_script(axe)
        assert browser.execute_async_script(AXE, rules) == []
