"""Shares of the relevance: literal sums, known attributions, and the command line at tiny size."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from toy_trials import make_trials

import shares_experiment
from acoustics.recordings import Recordings
from explain.methods.gradient_x_input import GradientXInput
from localization.shares import PARTS, energy_sums, part_windows, relevance_sums, share_rows

SHAPE = 4, 3, 2, 50


@pytest.fixture
def parts(rng):
    """Direct sound, early and late reflections and noise, of unequal strength."""
    return rng.standard_normal(SHAPE) * np.array([2.0, 1.0, 0.5, 0.2])[:, None, None, None]


def test_every_score_is_its_literal_sum(parts, rng):
    relevance = rng.standard_normal(SHAPE[1:])
    sums = relevance_sums(parts, relevance, linear=True)
    literal = {name: np.zeros(4) for name in ("exact", "split", "dominated")}
    for window in range(3):
        exact = np.zeros(4)
        for place in np.ndindex(2, 50):
            heard = parts[(slice(None), window, *place)]
            given = relevance[(window, *place)]
            exact += heard * given / heard.sum()
            literal["split"] += heard**2 / (heard**2).sum() * abs(given)
            for part in range(4):
                if abs(heard[part]) > abs(np.delete(heard, part)).sum():
                    literal["dominated"][part] += abs(given)
        literal["exact"] += exact**2
    for name, values in literal.items():
        np.testing.assert_allclose(sums[name], values)
    assert "exact" not in relevance_sums(parts, relevance, linear=False)


def test_gradient_x_input_is_split_exactly_where_the_network_is_linear(parts):
    """A linear layer without bias: what part p adds to the answer is the answer to part p alone."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(100, 1, bias=False))
    windows = parts.sum(axis=0).astype(np.float32)
    answers = model(torch.tensor(windows)).detach().numpy()
    relevance = GradientXInput().attribute(model, windows, answers)
    sums = relevance_sums(parts, relevance, linear=True)
    alone = np.stack([model(torch.tensor(part, dtype=torch.float32)).detach().numpy() for part in parts])
    np.testing.assert_allclose(sums["exact"], np.square(alone).sum(axis=(1, 2)), rtol=1e-4)


def test_where_relevance_is_energy_shares_are_those_of_the_energy(parts):
    energy = energy_sums(parts)
    np.testing.assert_allclose(energy["split"], np.square(parts).sum(axis=(1, 2, 3)))
    by_sample = relevance_sums(parts, np.square(parts).sum(axis=0), linear=False)
    np.testing.assert_allclose(by_sample["split"], energy["split"])
    heard = relevance_sums(parts, parts.sum(axis=0) ** 2, linear=False)
    np.testing.assert_allclose(heard["dominated"], energy["dominated"])


def test_a_gradient_that_knows_nothing_of_the_parts_gives_each_its_energy(rng):
    parts = rng.standard_normal((4, 400, 2, 50)) * np.array([2.0, 1.0, 0.5, 0.2])[:, None, None, None]
    gradient = rng.standard_normal((400, 2, 50))
    exact = relevance_sums(parts, parts.sum(axis=0) * gradient, linear=True)["exact"]
    energy = energy_sums(parts)["exact"]
    np.testing.assert_allclose(exact / exact.sum(), energy / energy.sum(), atol=0.06)


def test_one_that_hears_the_direct_sound_alone_is_told_from_energy_and_from_null(rng):
    sources = 30
    energy = rng.uniform(1, 2, (sources, 4))
    relevance = energy * [3, 1, 1, 1]
    null = np.stack([energy * rng.uniform(0.95, 1.05, (sources, 4)) for _ in range(4)])[:, :20]
    table = share_rows(relevance, energy, null, range(20), [f"v{row % 5}" for row in range(sources)], 0).set_index(
        "part"
    )
    assert list(table.index) == list(PARTS)
    np.testing.assert_allclose(table["share"], relevance.sum(axis=0) / relevance.sum())
    np.testing.assert_allclose(table[["share", "energy_share", "untrained_share"]].sum(), 1)
    assert table["energy_verdict"].tolist() == ["above", "below", "below", "below"]
    assert table["untrained_verdict"].tolist() == ["above", "below", "below", "below"]
    for name in ("energy", "untrained"):
        ends = table[[f"above_{name}_low", f"above_{name}", f"above_{name}_high"]].to_numpy()
        assert (np.diff(ends, axis=1) > 0).all()
    same = share_rows(energy, energy, null, range(20), [f"v{row % 5}" for row in range(sources)], 0)
    np.testing.assert_allclose(same["above_energy"], 0, atol=1e-12)
    assert (same["energy_verdict"] == "level").all()


def test_the_command_line_splits_what_was_recorded_and_computes_nothing_twice(tmp_path, monkeypatch):
    asked = make_trials(tmp_path, sources=3)
    recordings = Recordings(tmp_path / "data" / "SNR_25_T60_0.15" / "test")
    windows = part_windows(recordings, 1)
    assert windows.shape[:2] == (4, recordings.window_counts[1])
    np.testing.assert_allclose(windows.sum(axis=0), recordings.windows(1), atol=recordings.sources[1]["scale"] * 2e-5)
    asked += ["--conditions", "0.15/25", "--model_name", "loc_cnn", "--sources", "3", "--untrained", "2",
              "--null_sources", "2", "--results", str(tmp_path / "results")]  # fmt: skip
    folder = shares_experiment.main(asked)
    table = pd.read_csv(folder / "shares.csv")
    assert len(table) == 4 * (2 + 3)
    totals = table.groupby(["model", "method", "score"])[["share", "energy_share", "untrained_share"]].sum()
    np.testing.assert_allclose(totals, 1)
    before = (folder / "shares.csv").read_bytes()
    monkeypatch.setattr(shares_experiment, "part_windows", lambda *args: pytest.fail("computed again"))
    shares_experiment.main(asked)
    assert (folder / "shares.csv").read_bytes() == before
