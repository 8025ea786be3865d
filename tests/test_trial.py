"""Methods on trial for readers: sentences, figures and the page's section follow from the tables."""

import pandas as pd
import pytest
from matplotlib.figure import Figure
from toy_judged import CONTROLS, judged

from report.page import methods
from report.page.assets import Assets
from report.page.methods import gather_methods
from report.page.results import Results
from report.page.site import environment
from report.style import LIGHT
from report.trial import agreement_matrix, mean_ranks, rank_matrix, sentences


@pytest.fixture
def tables(rng):
    parts = []
    for condition in ("SNR_25_T60_0.15", "SNR_10_T60_0.6"):
        found = judged(rng, *CONTROLS).tables()
        found["costs"] = pd.DataFrame({"method": ["lrp", "gradient"], "ms_a_window": [20.0, 7.0],
                                       "promised_m": [None, 0.5], "delta_m": [None, 0.25]})  # fmt: skip
        place = {"condition": condition, "model": "loc_cnn"}
        parts.append({name: table.assign(**place) for name, table in found.items()})
    return {name: pd.concat([part[name] for part in parts], ignore_index=True) for name in parts[0]}


def test_sentences_say_who_comes_first_and_what_would_have_been_concluded(tables):
    ranked, pairs, published = sentences(tables)
    assert ranked.startswith("In LocCNN LRP and gradient come first")
    assert "LRP is number 1 of 2" in ranked
    assert " 0 the other way round" in pairs
    assert "beyond chance with 1 of 2 methods" in published
    assert "beyond energy with 1, beyond the same method untrained with 1" in published
    assert mean_ranks(tables["criteria"])["method"].iloc[0] == "lrp"


def test_figures_show_every_method_by_its_name_and_rank(tables):
    (ranks, _) = rank_matrix(tables["criteria"]).axes
    assert ranks.get_yticklabels()[0].get_text().startswith("LRP  ")
    assert len(ranks.get_yticklabels()) == 4
    (matrix, _) = agreement_matrix(tables["agreement"]).axes
    assert len(matrix.get_yticklabels()) == len(matrix.get_xticklabels())


def test_the_page_has_a_section_with_all_tables(tables, tmp_path):
    results = Results(tmp_path, {}, {f"{name}.csv": table for name, table in tables.items()})
    content = gather_methods({"faithfulness": results}, Assets(tmp_path))
    asked = {"faithfulness": {"sources": 10}}
    origins = {"faithfulness": {"criteria.csv": "page/criteria.csv", "run.json": "page/run.json"}}
    text = environment().get_template("methods.html.j2").render(methods_on_trial=content, asked=asked, origins=origins)
    assert all(sentence in text for sentence in content["sentences"])
    assert "LRP, untrained" in text
    assert "worse, worse, worse" in text
    assert "0.25 of 0.50 m" in text
    assert (tmp_path / "page" / "ranks.dark.webp").is_file()
    assert gather_methods({}, Assets(tmp_path)) is None


def test_maps_are_shown_by_one_method_in_one_condition(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(methods, "share_curves", lambda table, along, theme: drawn.append(table) or Figure())
    monkeypatch.setattr(Assets, "picture", lambda self, name, alt, draw: draw(LIGHT))
    rows = [
        {
            "condition": condition,
            "model": model,
            "method": method,
            "half": half,
            "coordinate": "x",
            "frequency_hz": 100.0,
        }
        for condition in ("SNR_25_T60_0.15", "SNR_10_T60_0.6")
        for method in ("lrp", "gradient_x_input")
        for model, half in (("loc_cnn", "level"), ("loc_cnn", "delay"), ("energy", ""), ("energy", ""))
    ]
    methods.frequency_picture(pd.DataFrame(rows), Assets(tmp_path))
    assert drawn[0]["condition"].unique().tolist() == ["SNR_25_T60_0.15"]
    assert drawn[0]["method"].unique().tolist() == ["gradient_x_input"]
    assert drawn[0]["model"].tolist() == ["loc_cnn", "loc_cnn", "energy"]
