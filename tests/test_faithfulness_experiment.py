"""Methods before the same judges: tables from known values, and the command line at tiny size."""

import pandas as pd
import pytest
from toy_judged import judged
from toy_trials import CONDITIONS, make_trials

import faithfulness_experiment
from localization import judging
from localization.criteria import CRITERIA, EXCHANGED, INFIDELITY, PROFILE, SHARE


def test_every_criterion_ranks_the_map_that_orders_by_what_counts_first(rng):
    tables = judged(rng).tables()
    criteria = tables["criteria"].set_index(["criterion", "method"])
    for criterion in CRITERIA:
        if criterion.name not in criteria.index:
            continue
        good, bad = (criteria.loc[(criterion.name, each)] for each in ("lrp", "gradient"))
        if criterion.name == EXCHANGED:
            assert good["rank"] == bad["rank"] == 1.5
            assert good["value"] == 0.5
            continue
        assert (good["rank"], bad["rank"]) == (1, 2), criterion.name
        assert (good["rank_high"], bad["rank_low"]) == (1, 2)
        assert good["low"] <= good["value"] <= good["high"]
    assert criteria.loc[(SHARE, "lrp"), "value"] == pytest.approx(0.25)
    assert criteria.loc[(PROFILE, "lrp"), "value"] == pytest.approx(1)
    assert criteria.loc[("magnitudes sample", "gradient"), "value"] == pytest.approx(0, abs=1e-6)
    agreeing = tables["agreement"].set_index(["first", "second"])
    assert agreeing.loc[(INFIDELITY, SHARE), "correlation"] == pytest.approx(1)


def test_areas_are_the_literal_ones_and_best_and_worst_are_one_and_zero(rng):
    table = judged(rng).tables()["areas"].query("grain == 'bin'").set_index(["method", "score", "order"])
    fall = 0.8 * (0.1 / 2 + 0.2 + 0.3 + 0.4 / 2) + 1.0 * 0.4 / 2
    assert table.loc[("lrp", "fall", "most"), "area_m"] == pytest.approx(fall, abs=0.01)
    assert table.loc[("lrp", "error", "most"), "area_m"] == pytest.approx(fall / 3, abs=0.01)
    assert table.loc[("lrp", "movement", "most"), "area_m"] == pytest.approx(fall, abs=0.01)
    assert table.loc[("lrp", "fall", "most"), "normalised"] == pytest.approx(1)
    assert table.loc[("lrp", "fall", "least"), "normalised"] == pytest.approx(0)


def test_the_command_line_judges_methods_and_computes_nothing_twice(tmp_path, monkeypatch):
    asked = make_trials(tmp_path, sources=2, conditions=CONDITIONS[:1])
    asked += ["--model_name", "loc_cnn", "--sources", "2", "--sane_sources", "1",
              "--method", "lrp", "lrp_signal", "energy", "random",
              "--results", str(tmp_path / "results")]  # fmt: skip
    folder = faithfulness_experiment.main(asked)
    tables = {path.stem: pd.read_csv(path) for path in folder.glob("*.csv")}
    assert set(tables) == {"criteria", "agreement", "areas", "conclusions", "costs"}
    criteria = tables["criteria"]
    assert set(criteria["criterion"]) == {each.name for each in CRITERIA}
    assert set(criteria["method"]) == {"lrp", "energy", "random"}  # no gate: no LRP to the signal
    ranks = criteria[criteria["weights"] == "trained"].groupby("criterion")["rank"]
    assert (ranks.sum() == ranks.count() * (ranks.count() + 1) / 2).all()
    assert criteria.query("weights == 'untrained'")["rank"].isna().all()
    assert tables["areas"].query("replacement == 'noise'")["normalised"].between(0, 1).all()
    assert len(tables["areas"]) == (3 + 1) * 4 * 3 * 3 * 4
    before = (folder / "criteria.csv").read_bytes()
    monkeypatch.setattr(judging, "answers_after", lambda *args, **how: pytest.fail("computed again"))
    faithfulness_experiment.main(asked)
    assert (folder / "criteria.csv").read_bytes() == before
