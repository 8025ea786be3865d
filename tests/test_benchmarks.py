"""The benchmarks run and keep their promises about results, not about time."""

import json

import pytest

from benchmarks import generation, perturbation, relevance, tdoa

pytestmark = pytest.mark.slow


def rows(benchmark, tmp_path, *more):
    path = tmp_path / "rows.json"
    benchmark.main(["--seconds", "0.01", "--output", str(path), *more])
    return json.loads(path.read_text())["rows"]


def test_the_fast_rules_give_zennits_relevance(tmp_path):
    distances = [row["distance"] for row in rows(relevance, tmp_path, "--windows", "2") if "distance" in row]
    assert len(distances) == 2
    assert max(distances) < 1e-5


def test_the_perturbation_experiment_equals_the_published_loops(tmp_path):
    assert all(row["mae_distance_m"] < 1e-5 for row in rows(perturbation, tmp_path, "--windows", "1"))


def test_the_delay_experiment_equals_the_published_loops(tmp_path):
    assert rows(tdoa, tmp_path, "--windows", "2")[0]["same_delays"] == 1


def test_stages_of_generation_add_up(tmp_path):
    shares = {}
    for row in rows(generation, tmp_path, "--sources", "1"):
        shares.setdefault(row["condition"], []).append(row["share"])
    assert len(shares) == 4
    for *stages, whole in shares.values():
        assert sum(stages) == pytest.approx(whole) == 1
