"""The web page as it is built, and as it is used in a browser."""

import json
import shutil
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import soundfile
import toy_trials
from killed import part_of_a_dead_process

import build_page
import cue_experiment
import intervention_experiment
import localization_experiment
import perturbation_experiment
import rooms_experiment
import sensitivity_experiment
import shares_experiment
import tdoa_experiment
from report.any_room import read_verdicts
from report.page.assets import Assets
from report.page.examples import choose_examples
from report.page.findings import find
from report.page.heard import gather_heard
from report.page.results import read_results
from report.page.tables import delay_table, localization_tables, removal_table
from report.verdict import MORE_TABLES, TABLES, read_verdict
from running.errors import InputError
from running.files import read_csv

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
    return read_csv(next((results / experiment).glob(f"*/{name}")))


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
    curves = table(results, "perturbation", "curves.csv")
    curves = curves.set_index(["condition", "model", "curve", "percent"])["mae_m"]
    columns = [*CONDITIONS, "pooled"]
    rows = shown(page, "removal")
    assert len(rows) == 2 * 4 + 1
    for title, model in (("LocCNN", "loc_cnn"), ("SampleCNN", "sample_cnn")):
        for name, curve, percent in (("nothing removed", "energy", 0), ("10 % most relevant", "relevance", 10),
                                     ("10 % loudest", "energy", 10), ("10 % random", "random", 10)):  # fmt: skip
            for cell, condition in zip(rows[title, name], columns, strict=True):
                assert cell == [curves[condition, model, curve, percent]]
    for cell, condition in zip(rows["control", "always the centre"], columns, strict=True):
        assert cell == [curves[condition, "loc_cnn", "always the centre", 0]]


def test_results_of_another_set_up_are_put_beside_nothing_published(results, page):
    for experiment, name in (("perturbation", "curves.csv"), ("localization", "errors.csv")):
        assert table(results, experiment, name)["published_mae_m"].isna().all()
    assert not any("the published one" in each["text"] for each in page.all("figcaption"))
    assert not any("digitised" in (each.get("href") or "") for each in page.all("a"))


def test_a_published_number_stands_below_ours():
    curves = pd.DataFrame(
        [("relevance", "lrp", 10, 0.3, 0.138), ("energy", "", 0, 0.1, 0.088), ("energy", "", 10, 0.2, 0.1),
         ("random", "", 10, 0.15, np.nan), ("always the centre", "", 0, 0.2, np.nan)],
        columns=["curve", "method", "percent", "mae_m", "published_mae_m"],
    ).assign(condition="SNR_25_T60_0.15", model="loc_cnn")  # fmt: skip
    of_removal = removal_table(curves)
    ((_, rows), (_, control)) = of_removal.groups
    cells = {row.name: row.cells[0] for row in [*rows, *control]}
    assert (cells["nothing removed"].value, cells["nothing removed"].below) == (0.1, 0.088)
    assert cells["10 % most relevant"].below_text == "0.138"
    assert cells["10 % random"].below_text == cells["always the centre"].below_text == ""
    assert of_removal.caption == "MAE in metres; below it, pale, the published one"
    errors = dict.fromkeys(("mae_x_m", "mae_y_m", "mae_z_m", "median_m", "p90_m", "slope_x", "slope_y"), 0.5)
    errors = pd.DataFrame([errors | {"mae_m": 0.1, "published_mae_m": 0.088}])
    (row,) = localization_tables(errors.assign(condition="a", localizer="loc_cnn"))[0].groups[0][1]
    assert (row.cells[0].text, row.cells[0].below_text) == ("0.100", "0.088")


@pytest.mark.parametrize(("index", "experiment"), [(0, "tdoa"), (1, "tdoa_refined")])
def test_delay_tables_equal_the_result_files(results, page, index, experiment):
    summary = table(results, experiment, "summary.csv").set_index(["signal", "model", "condition"])
    rows = shown(page, "delays", index)
    names = {("microphones", ""): "microphones", ("relevance", "loc_cnn"): "relevance, LocCNN",
             ("untrained", "sample_cnn"): "untrained, SampleCNN", ("always lag 0", ""): "always lag 0"}  # fmt: skip
    assert len(rows) == 6
    for key, name in names.items():
        for cell, condition in zip(rows[None, name], [*CONDITIONS, "pooled"], strict=True):
            expected = summary.loc[(*key, condition), ["mae_samples", "anomalies_percent"]]
            np.testing.assert_array_equal(cell, expected.to_numpy(float))


def test_the_table_of_directions_equals_the_result_file(results, page):
    summary = table(results, "tdoa_refined", "summary.csv").set_index(["signal", "model", "condition"])
    rows = shown(page, "delays", 2)
    for key, name in ((("microphones", ""), "microphones"), (("relevance", "sample_cnn"), "relevance, SampleCNN")):
        expected = [summary["direction_percent"][(*key, each)] for each in [*CONDITIONS, "pooled"]]
        assert not np.isnan(expected).any()
        assert [cell for (cell,) in rows[None, name]] == expected


def test_localization_tables_equal_the_result_file(results, page):
    errors = table(results, "localization", "errors.csv").set_index(["localizer", "condition"])
    means, described = shown(page, "localization"), shown(page, "localization", 1)
    for localizer, name in (("loc_cnn", "LocCNN"), ("always the centre", "always the centre")):
        for index, condition in enumerate(CONDITIONS):
            assert means[None, name][index] == [errors.loc[(localizer, condition), "mae_m"]]
            assert described["error in y", name][index] == [errors.loc[(localizer, condition), "mae_y_m"]]


def test_findings_equal_the_result_files(results, page):
    (section,) = (each for each in page.all("section") if each.get("id") == "found")
    values = {float(each["value"]) for each in page.all("data", section)}
    curves = table(results, "perturbation", "curves.csv").query("condition == 'pooled'")
    delays = table(results, "tdoa", "summary.csv").query("condition == 'pooled'")
    errors = table(results, "localization", "verdicts.csv").query("condition == 'pooled'")
    assert values == {
        *errors.query("localizer == 'SRP-PHAT'")["mae_m"],
        *curves.query("percent == 0 and curve in ('energy', 'always the centre')")["mae_m"],
        *curves.query("percent == 10 and curve != 'always the centre'")["mae_m"],
        *delays["mae_samples"],
    }
    assert "over voices and their sources" in section["text"]
    assert "the direction of delays with 2 untrained networks" in " ".join(section["text"].split())


def test_tables_of_what_is_heard_equal_the_result_files(results, page):
    weights = table(results, "cues", "weights.csv").set_index(["localizer", "coordinate", "cue", "condition"])
    rows, of_any_room, apart = (shown(page, "heard", index) for index in (2, 3, 4))
    rooms = table(results, "rooms", "errors.csv").set_index(["localizer", "place", "condition"])
    elsewhere, measures, held_out = (shown(page, "heard", index) for index in (5, 6, 7))
    scores = table(results, "sensitivity", "scores.csv").query("score == 'S' and coordinate == 'yy'")
    scores = scores.set_index(["localizer", "weights", "method", "condition"])["value"]
    sensitivity, shares, changed = (shown(page, "heard", index) for index in (9, 10, 11))
    direct = table(results, "shares", "shares.csv").query("part == 'direct' and method == 'lrp' and score == 'split'")
    errors = table(results, "interventions", "interventions.csv")
    errors = errors.set_index(["localizer", "intervention", "condition"])["mae_m"]
    for place, condition in enumerate(CONDITIONS):
        for name, title in (("loc_cnn", "LocCNN"), ("SRP-PHAT", "SRP-PHAT")):
            assert rows[title, "late reflections"][place] == [weights["weight"][name, "horizontal", "late", condition]]
            assert apart[f"{title}, y", "late reflections"][place] == [weights["weight"][name, "y", "late", condition]]
            in_any = "loc_cnn (any room)" if name == "loc_cnn" else name
            title_in_any = title.replace("LocCNN", "LocCNN (any room)")
            shown_weight = weights["weight"][in_any, "horizontal", "late", condition]
            assert of_any_room[title_in_any, "late reflections"][place] == [shown_weight]
            p90_m = rooms.loc[(name, "other rooms", condition), "p90_m"]
            assert measures["90 % of the horizontal distances are below", title][place] == [p90_m]
            for where in ("own room", "other rooms"):
                assert elsewhere[where, title][place] == [rooms.loc[(name, where, condition), "mae_m"]]
        assert elsewhere["own room", "SampleCNN"] != held_out["own room", "SampleCNN"]
        title = "S: how much of the way of the direct sound the estimate goes"
        of_networks = scores["sample_cnn", "trained", "delay_sensitivity averaged", condition]
        assert sensitivity[title, "SampleCNN, y"][place] == [of_networks]
        untrained = scores["sample_cnn", "untrained", "delay_sensitivity", condition]
        assert sensitivity[title, "untrained SampleCNN, y"][place] == [untrained]
        here = direct[(direct["condition"] == condition) & (direct["model"] == "loc_cnn")]
        assert shares["LRP, split", "LocCNN"][place] == [here["share"].item()]
        assert shares["LRP, split", "energy"][place] == [here["energy_share"].item()]
        assert changed["without early reflections", "LocCNN"][place] == [errors["loc_cnn", "no_early", condition]]


def test_the_verdict_is_that_of_the_results(results, page):
    folders = {name: next((results / name).glob("*")) for name in TABLES | MORE_TABLES}
    verdicts = [read_verdict(folders), *read_verdicts(folders)[1:]]
    sentences = [sentence for verdict in verdicts for sentence in verdict.sentences]
    assert [each["text"] for each in page.all("p") if each.get("class") == "sentence"] == sentences
    (section,) = (each for each in page.all("section") if each.get("id") == "heard")
    for verdict, index in zip(verdicts, (0, 1), strict=True):
        rows = page.all("tr", page.all("table", section)[index])
        numbers = [[each["text"] for each in page.all("td", row)] for row in rows[1:]]
        assert numbers == [list(number.values.values()) for number in verdict.numbers]


def test_without_these_results_the_page_has_no_such_section(results, tmp_path):
    for path in results.iterdir():
        if path.name not in ("cues", "rooms_held_out"):
            (tmp_path / path.name).symlink_to(path)
    assert gather_heard(read_results(tmp_path), Assets(tmp_path)) is None


METHODS = "lrp", "gradient_x_input"


def found_tables(methods=METHODS[:1], removal="level", centre="level", zero=("level", "level"), direction=(), **more):
    """Return result files whose verdicts are those given, and whose numbers are all the same."""
    curves = [("relevance", method, percent) for method in methods for percent in (0, 10)]
    curves += [(curve, "", percent) for curve in ("energy", "random", "always the centre") for percent in (0, 10)]
    curves = pd.DataFrame(curves, columns=["curve", "method", "percent"])
    verdicts = [(method, against, percent, centre if against == "always the centre" else removal)
                for method in methods for against in ("energy", "random", "always the centre")
                for percent in (0, 10)]  # fmt: skip
    delays = [("microphones", "", "")]
    delays += [(signal, method, "loc_cnn") for signal in ("relevance", "untrained") for method in methods]
    delays = pd.DataFrame([*delays, ("always lag 0", "", "")], columns=["signal", "method", "model"])
    compared = [("7-8", method, score, "always lag 0", verdict, np.nan, np.nan, 0.0) for method in methods
                for score, verdict in zip(("anomalies_percent", "mae_samples"), zero, strict=True)]  # fmt: skip
    compared += [(pair, method, "direction_percent", "untrained", verdict, value, 5.0, low)
                 for method in methods for pair, verdict, value, low in direction]  # fmt: skip
    names = ["pair", "method", "score", "against", "verdict", "value", "control", "low"]
    numbers = dict.fromkeys(("mae_m", "low_m", "high_m"), 0.1)
    scores = dict.fromkeys(("mae_samples", "mae_samples_low", "mae_samples_high", "anomalies_percent"), 0.5)
    tables = {
        "perturbation": {
            "curves.csv": curves.assign(model="loc_cnn", **numbers),
            "verdicts.csv": pd.DataFrame(verdicts, columns=["method", "against", "percent", "verdict"]),
        },
        "tdoa": {
            "summary.csv": delays.assign(pair="7-8", **scores),
            "verdicts.csv": pd.DataFrame(compared, columns=names),
        },
    }
    tables["perturbation"]["verdicts.csv"]["model"] = tables["tdoa"]["verdicts.csv"]["model"] = "loc_cnn"
    tables |= {experiment: {"verdicts.csv": table} for experiment, table in more.items()}
    return {experiment: {file: table.assign(condition="pooled") for file, table in files.items()}
            for experiment, files in tables.items()}  # fmt: skip


def answers(number, **verdicts):
    return find(found_tables(**verdicts))[1][number].answers


@pytest.mark.parametrize(
    ("verdict", "errs", "hurts"),
    [
        ("below", "errs less than", "hurts less than"),
        ("above", "errs more than", "hurts more than"),
        ("level", "can’t be told from", "can’t be told from"),
    ],
)
def test_words_follow_from_the_verdicts_of_errors(verdict, errs, hurts):
    assert answers(0, centre=verdict) == [f"LocCNN {errs} a constant that hears nothing."]
    random, loudest = answers(1, removal=verdict)
    assert random == f"LocCNN: removing the most relevant input {hurts} removing random input."
    assert loudest.startswith(f"It {hurts} removing the loudest")
    baseline = pd.DataFrame({"localizer": ["loc_cnn", "loc_cnn", "SRP-PHAT"], "mae_m": 0.1, "mae_low_m": 0.1,
                             "mae_high_m": 0.1, "against": ["always the centre", "SRP-PHAT", "always the centre"],
                             "verdict": ["level", verdict, "level"]})  # fmt: skip
    assert answers(0, localization=baseline)[1] == f"LocCNN {errs} SRP-PHAT, which has learned nothing."


@pytest.mark.parametrize(
    ("zero", "words"),
    [
        (("level", "below"), "are better than"),
        (("above", "below"), "in one score, worse in the other"),
        (("above", "level"), "are no better than"),
        (("level", "level"), "can’t be told from"),
        (("level", np.nan), "can’t be told from"),
    ],
)
def test_words_follow_from_the_verdicts_of_delays(zero, words):
    assert words in answers(2, zero=zero)[0]


def test_words_tell_the_pair_on_which_relevance_points_best_to_the_right_side():
    pairs = ("7-8", "above", 20.4, 3.0), ("5-10", "above", 16.2, 9.0), ("0-15", "level", 50.0, -1.0)
    answer = answers(2, direction=pairs)[1]
    assert "On microphones 5 and 10" in answer
    assert "right less wrong is 16 % of the windows that both heard, with untrained networks 5 %" in answer
    assert "not point to the right side clearly" in answers(2, direction=pairs[2:])[1]
    assert "not point to the right side clearly" in answers(2, direction=[("7-8", "below", -9.0, -20.0)])[1]
    assert len(answers(2, direction=[("7-8", "", np.nan, np.nan)])) == 1
    refined = found_tables(direction=pairs[1:2])["tdoa"]["verdicts.csv"].drop(columns="condition")
    assert "On microphones 5 and 10" in answers(2, direction=pairs[2:], tdoa_refined=refined)[1]


def test_findings_and_tables_name_every_method():
    tables = found_tables(methods=METHODS, direction=[("7-8", "above", 20.4, 3.0)])
    localization, removal, delays = find(tables)[1]
    assert localization.answers == ["LocCNN can’t be told from a constant that hears nothing."]
    assert [answer.split(":")[0] for answer in removal.answers[::2]] == ["LocCNN (LRP)", "LocCNN (gradient x input)"]
    assert [mark.name for mark in removal.marks][:2] == [
        "LocCNN, most relevant (LRP)",
        "LocCNN, most relevant (gradient x input)",
    ]
    assert [mark.name for mark in delays.marks][1:3] == [
        "relevance (LRP), LocCNN",
        "relevance (gradient x input), LocCNN",
    ]
    assert ["(LRP)" in answer for answer in delays.answers[::2]] == [True, False]
    curves = tables["perturbation"]["curves.csv"].assign(published_mae_m=np.nan)
    names = [row.name for row in removal_table(curves).groups[0][1]]
    assert names == ["nothing removed", "10 % most relevant (LRP)", "10 % most relevant (gradient x input)",
                     "10 % loudest", "10 % random"]  # fmt: skip
    rows = delay_table("As published", tables["tdoa"]["summary.csv"]).groups[0][1]
    assert [row.name for row in rows][1:3] == ["relevance (LRP), LocCNN", "relevance (gradient x input), LocCNN"]


def test_a_second_method_is_seen_and_heard(results, tmp_path):
    common = ["--data_path", str(results / "data"), "--weights", str(results / "weights"), "--results", str(tmp_path),
              "--gpu", "cpu", "--model_name", "loc_cnn", "--method", *METHODS]  # fmt: skip
    perturbation_experiment.main([*common, "--percents", "0", "10"])
    tdoa_experiment.main([*common, "--pairs", "0,2", "--untrained", "2", "--null_sources", "1"])
    built = build_page.main(["--results", str(tmp_path), "--to", str(tmp_path / "docs"), "--between", "0"])
    page = Page(built.read_text())
    assert {name for _, name in shown(page, "removal")} >= {
        "10 % most relevant (LRP)",
        "10 % most relevant (gradient x input)",
    }
    assert (None, "relevance (gradient x input), LocCNN") in shown(page, "delays")
    for example in page.all("template"):
        sounds = [each["text"] for each in page.all("h4", example)]
        assert sounds == [
            "Microphone 0",
            "Relevance of microphone 0 (LRP)",
            "Relevance of microphone 0 (gradient x input)",
        ]
        assert len({each["src"] for each in page.all("audio", example)}) == 3
        assert "relevance (gradient x input)" in example["text"]
    assert "relevance, here by LRP and gradient x input" in page.all("p")[1]["text"]


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
    shown = [path for path in (site / "page").rglob("*") if path.is_file() and path.suffix != ".csv"]
    assert max(path.stat().st_size for path in shown) < 2.5e5


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
