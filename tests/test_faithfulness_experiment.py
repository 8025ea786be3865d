"""Methods before the same judges: tables from known values, and the command line at tiny size."""

import numpy as np
import pandas as pd
import pytest
from toy_trials import make_trials

import faithfulness_experiment
from explain.faithfulness import ORDERS, PERCENTS
from localization.criteria import CRITERIA, EXCHANGED, GRAINS, INFIDELITY, PROFILE, SHARE, Judged, Map
from localization.sensitivity import delay_jacobian, multilateration
from params import PUBLISHED

GOOD, BAD = Map("good", "trained"), Map("bad", "trained")
SOURCES = 10


def judged(rng):
    """Two maps of which one orders by what counts: the estimate, at 2 m, falls to 1 m as the orders say."""
    positions_m = np.stack([rng.uniform(1, 2, SOURCES), rng.uniform(4, 6, SOURCES), np.ones(SOURCES)], axis=1)
    jacobian = delay_jacobian(positions_m, PUBLISHED)
    fallen = {GOOD: {"most": 0.8, "least": 0.1, "largest": 0.8, "smallest": 0.1}, BAD: dict.fromkeys(ORDERS, 0.4)}
    found = {each: [] for each in fallen}
    for each, of_orders in fallen.items():
        for number in range(SOURCES):
            answers = np.full((1, 1, len(ORDERS), len(PERCENTS), 3), 2.0)
            answers[..., 0] -= np.array([of_orders[order] for order in ORDERS])[:, None] + 0.01 * rng.random()
            part = {f"answers {grain}": answers for grain in GRAINS}
            part |= {INFIDELITY: np.array([0.1 if each == GOOD else 0.9]), EXCHANGED: np.array([-0.5])}
            part["split"] = np.array([3.0, 1, 1, 1]) if each == GOOD else np.ones(4)
            direct = multilateration(jacobian[number])
            part[PROFILE] = (direct if each == GOOD else -direct)[None]
            found[each].append(part)
    ends = [{"whole": np.full((1, 3), 2.0), "nothing": np.full((1, 1, 3), [1.0, 2, 2]), "position_m": np.full(3, 2.0),
             "weights": np.array([[1.0, 0, 0]]), "energy": np.ones(4)} for _ in range(SOURCES)]  # fmt: skip
    return Judged(found, ends, ["zeros"], PERCENTS, [f"v{n % 5}" for n in range(SOURCES)], jacobian, 0)


def test_every_criterion_ranks_the_map_that_orders_by_what_counts_first(rng):
    tables = judged(rng).tables()
    criteria = tables["criteria"].set_index(["criterion", "method"])
    for criterion in CRITERIA:
        if criterion.name not in criteria.index:
            continue
        good, bad = (criteria.loc[(criterion.name, each)] for each in ("good", "bad"))
        if criterion.name == EXCHANGED:
            assert good["rank"] == bad["rank"] == 1.5
            assert good["value"] == 0.5
            continue
        assert (good["rank"], bad["rank"]) == (1, 2), criterion.name
        assert (good["rank_high"], bad["rank_low"]) == (1, 2)
        assert good["low"] <= good["value"] <= good["high"]
    assert criteria.loc[(SHARE, "good"), "value"] == pytest.approx(0.25)
    assert criteria.loc[(PROFILE, "good"), "value"] == pytest.approx(1)
    assert criteria.loc[("magnitudes sample", "bad"), "value"] == pytest.approx(0, abs=1e-6)
    agreeing = tables["agreement"].set_index(["first", "second"])
    assert agreeing.loc[(INFIDELITY, SHARE), "correlation"] == pytest.approx(1)


def test_areas_are_the_literal_ones_and_best_and_worst_are_one_and_zero(rng):
    table = judged(rng).tables()["areas"].query("grain == 'bin'").set_index(["method", "score", "order"])
    fall = 0.8 * (0.1 / 2 + 0.2 + 0.3 + 0.4 / 2) + 1.0 * 0.4 / 2
    assert table.loc[("good", "fall", "most"), "area_m"] == pytest.approx(fall, abs=0.01)
    assert table.loc[("good", "error", "most"), "area_m"] == pytest.approx(fall / 3, abs=0.01)
    assert table.loc[("good", "movement", "most"), "area_m"] == pytest.approx(fall, abs=0.01)
    assert table.loc[("good", "fall", "most"), "normalised"] == pytest.approx(1)
    assert table.loc[("good", "fall", "least"), "normalised"] == pytest.approx(0)


def test_the_command_line_judges_methods_and_computes_nothing_twice(tmp_path, monkeypatch):
    asked = make_trials(tmp_path, sources=3)
    asked += ["--conditions", "0.15/25", "--model_name", "loc_cnn", "--sources", "2", "--sane_sources", "1",
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
    monkeypatch.setattr(faithfulness_experiment, "answers_after", lambda *args, **how: pytest.fail("computed again"))
    faithfulness_experiment.main(asked)
    assert (folder / "criteria.csv").read_bytes() == before
