"""Tables and published numbers."""

import pandas as pd
import pytest

from report.published import published_curves
from report.summary import delay_summary, removal_summary
from report.tables import as_latex, as_text


def test_published_curves_are_complete():
    curves = published_curves()
    assert len(curves) == 2 * 4 * 3 * 8
    assert set(curves["model"]) == {"loc_cnn", "sample_cnn"}
    whole = curves[(curves["percent"] == 0) & (curves["curve"] == "relevance")].set_index(["condition", "model"])
    assert whole.loc[("SNR_25_T60_0.15", "loc_cnn"), "mae_m"] == pytest.approx(0.0880, abs=5e-5)
    assert whole.loc[("SNR_10_T60_0.6", "sample_cnn"), "mae_m"] == pytest.approx(0.1115, abs=2e-4)


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


def test_removal_summary_puts_the_published_number_beside_ours():
    curves = pd.DataFrame(
        [("SNR_25_T60_0.15", "loc_cnn", curve, percent, mae_m) for curve, percent, mae_m in [
            ("relevance", 0, 0.1), ("energy", 0, 0.1), ("random", 0, 0.1), ("always the centre", 0, 0.2),
            ("relevance", 10, 0.3), ("energy", 10, 0.25), ("random", 10, 0.11), ("always the centre", 10, 0.2)]],
        columns=["condition", "model", "curve", "percent", "mae_m"],
    )  # fmt: skip
    row = removal_summary(curves).iloc[0]
    assert row["MAE"] == "0.1000 (0.0880)"
    assert row["relevance -10 %"] == "0.3000 (0.1380)"
    assert row["always the centre"] == 0.2


def test_delay_summary_has_a_column_a_signal_in_order():
    delays = pd.DataFrame({"condition": "a", "pair": "7-8", "signal": ["microphones", "always lag 0"],
                           "anomalies_percent": [1.0, 0.0], "mae_samples": [0.5, 0.25]})  # fmt: skip
    table = delay_summary(delays)
    assert table.columns.tolist() == ["condition", "pair", "microphones", "always lag 0"]
    assert table.iloc[0].tolist() == ["a", "7-8", "1.0 % / 0.50", "0.0 % / 0.25"]
