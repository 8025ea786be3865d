"""Tables and published numbers."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import params
from localization.interventions import Intervened, read_intervention
from report.published import published_curves, published_mae_m, published_removal_m
from report.summary import delay_summary, removal_summary
from report.tables import as_latex, as_text


def test_published_curves_are_complete():
    curves = published_curves()
    assert len(curves) == 2 * 4 * 3 * 8
    assert set(curves["model"]) == {"loc_cnn", "sample_cnn"}
    whole = curves[(curves["percent"] == 0) & (curves["curve"] == "relevance")].set_index(["condition", "model"])
    assert whole.loc[("SNR_25_T60_0.15", "loc_cnn"), "mae_m"] == pytest.approx(0.0880, abs=5e-5)
    assert whole.loc[("SNR_10_T60_0.6", "sample_cnn"), "mae_m"] == pytest.approx(0.1115, abs=2e-4)


def recordings(setup=params.PUBLISHED, split="test", condition=params.CONDITIONS[0]):
    return SimpleNamespace(setup=setup, condition=condition, folder=Path("data") / condition.name / split)


def test_a_published_number_stands_beside_test_recordings_of_the_published_set_up():
    assert published_mae_m(recordings(), "loc_cnn") == pytest.approx(0.0880, abs=5e-5)
    assert published_mae_m(recordings(condition=params.CONDITIONS[3]), "sample_cnn") == pytest.approx(0.1115, abs=2e-4)
    curve = published_removal_m([recordings()], "loc_cnn", "relevance", "lrp", [0, 10, 15])
    np.testing.assert_allclose(curve, [0.0880, 0.1380, np.nan], atol=5e-5)


@pytest.mark.parametrize(
    "other",
    [
        recordings(setup=replace(params.PUBLISHED, window_samples=4096)),
        recordings(setup=replace(params.PUBLISHED, array=params.MicArray(params.PUBLISHED.array.positions_m[:2]))),
        recordings(split="val"),
        recordings(condition=params.Condition(0.2, 25)),
        Intervened(recordings(), read_intervention("polarity:3")),
    ],
    ids=["window", "microphones", "split", "condition", "intervention"],
)
def test_recordings_that_are_not_the_published_ones_have_no_published_number(other):
    assert np.isnan(published_mae_m(other, "loc_cnn"))
    assert np.isnan(published_removal_m([other], "loc_cnn", "relevance", "lrp", [0, 10])).all()


def test_conditions_together_have_no_published_number():
    both = [recordings(), recordings(condition=params.CONDITIONS[1])]
    assert np.isnan(published_removal_m(both, "loc_cnn", "relevance", "lrp", [0, 10])).all()


def test_what_was_not_published_has_no_published_number():
    assert np.isnan(published_mae_m(recordings(), params.SRP_PHAT))
    assert np.isnan(published_mae_m(recordings(), params.CENTRE))
    assert np.isnan(published_removal_m([recordings()], "loc_cnn", "relevance", "gradient_x_input", [0, 10])).all()
    assert np.isnan(published_removal_m([recordings()], "loc_cnn", params.CENTRE, "", [0, 10])).all()


def test_latex_escapes_and_aligns():
    table = pd.DataFrame({"a_b": ["50 %", "x&y"], "n": [1.23456, float("nan")]})
    assert as_latex(table, 2).splitlines() == [
        r"\begin{tabular}{lr}",
        r"\hline",
        r"a\_b & n \\",
        r"\hline",
        r"50 \% & 1.23 \\",
        r"x\&y & -- \\",
        r"\hline",
        r"\end{tabular}",
    ]


def test_text_shows_what_is_missing_as_a_dash():
    assert as_text(pd.DataFrame({"n": [float("nan")]})).split() == ["n", "-"]


def test_zero_has_no_sign():
    table = pd.DataFrame({"n": [-0.0004, -0.0006]})
    assert as_text(table, 3).split() == ["n", "0.000", "-0.001"]
    assert as_latex(table, 3).splitlines()[4:6] == [r"0.000 \\", r"-0.001 \\"]


def removal_rows(*more):
    rows = [("relevance", "lrp", 0, 0.1, 0.08), ("energy", "", 0, 0.1, 0.08), ("random", "", 0, 0.1, 0.08),
            ("relevance", "lrp", 10, 0.3, 0.138), ("energy", "", 10, 0.25, 0.1), ("random", "", 10, 0.11, np.nan),
            *(("always the centre", "", percent, 0.2, np.nan) for percent in (0, 10)), *more]  # fmt: skip
    table = pd.DataFrame(rows, columns=["curve", "method", "percent", "mae_m", "published_mae_m"])
    return table.assign(condition="SNR_25_T60_0.15", model="loc_cnn")


def test_removal_summary_puts_the_published_number_of_the_results_beside_ours():
    (row,) = removal_summary(removal_rows()).to_dict("records")
    assert row == {
        "condition": "SNR_25_T60_0.15", "model": "loc_cnn", "MAE": "0.1000 (0.0800)",
        "relevance -10 %": "0.3000 (0.1380)", "energy -10 %": "0.2500 (0.1000)", "random -10 %": "0.1100 (-)",
        "always the centre": 0.2,
    }  # fmt: skip


def test_removal_summary_names_the_methods_where_there_are_several():
    second = [("relevance", "gradient_x_input", percent, 0.4, np.nan) for percent in (0, 10)]
    (row,) = removal_summary(removal_rows(*second)).to_dict("records")
    assert row["relevance lrp -10 %"] == "0.3000 (0.1380)"
    assert row["relevance gradient_x_input -10 %"] == "0.4000 (-)"
    assert "relevance -10 %" not in row


def delay_scores(*signals):
    table = pd.DataFrame(signals, columns=["signal", "method", "model", "anomalies_percent", "mae_samples"])
    return table.assign(condition="a", pair="7-8")


def test_delay_summary_has_a_column_a_signal_in_order():
    relevance = "relevance", "lrp", "loc_cnn", 2.0, 1.0
    ends = ("microphones", "", "", 1.0, 0.5), ("always lag 0", "", "", 0.0, 0.25)
    (row,) = delay_summary(delay_scores(ends[0], relevance, ends[1])).to_dict("records")
    assert list(row) == ["condition", "pair", "microphones", "relevance loc_cnn", "always lag 0"]
    assert list(row.values()) == ["a", "7-8", "1.0 % / 0.50", "2.0 % / 1.00", "0.0 % / 0.25"]
    second = "relevance", "gradient_x_input", "loc_cnn", 3.0, 2.0
    (row,) = delay_summary(delay_scores(*ends, relevance, second)).to_dict("records")
    assert row["relevance lrp loc_cnn"] == "2.0 % / 1.00"
    assert row["relevance gradient_x_input loc_cnn"] == "3.0 % / 2.00"
