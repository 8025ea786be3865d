"""Methods on trial for readers: sentences, figures and the page's act follow from the tables."""

import pandas as pd
import pytest
from toy_judged import CONTROLS, judged

from report.page.acts.trial import trial
from report.page.results import Results
from report.trial import mean_ranks, rank_matrix, sentences


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


def test_the_page_ranks_every_method_and_marks_what_misses_its_promise(tables):
    results = Results(None, {"trials": []}, {f"{name}.csv": table for name, table in tables.items()})
    act = trial({"faithfulness": results})
    ranks, conclusions = act.views
    assert [*ranks.sentences, *conclusions.sentences] == sentences(tables)
    shown = pd.DataFrame(ranks.rows, columns=[column.name for column in ranks.columns])
    mean = shown[shown["condition_title"] == "all conditions"]
    assert list(dict.fromkeys(mean["title"])) == ["LRP", "gradient †", "energy", "random"]
    theirs = tables["criteria"][tables["criteria"]["weights"] == "trained"]
    theirs = theirs.groupby(["method", "criterion"])["rank"].mean()
    for row in mean.itertuples():
        name = {"LRP": "lrp", "gradient †": "gradient"}.get(row.title, row.title)
        assert row.rank == round(theirs[name, row.criterion], 1)
    shown = pd.DataFrame(conclusions.rows, columns=[column.name for column in conclusions.columns])
    assert set(shown["title"]) == {"LRP", "gradient †"}
    assert set(shown["against"]) == {"than at random", "than by energy", "than by the same method, untrained"}
