"""The benchmarks run and keep their promises about results, not about time."""

import json

import pytest

import params
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


def test_room_responses_take_longer_the_more_images_there_are(tmp_path):
    taken_ms = {"own": [], "random": []}
    for row in rows(generation, tmp_path, "--sources", "1"):
        if row["stage"] == "room responses":
            taken_ms[row["rooms"]].append(row["ms_per_source"])
    for of_rooms in taken_ms.values():
        assert len(of_rooms) == len(params.CONDITIONS)
        assert of_rooms[-1] > 4 * of_rooms[0]  # 64 times the images in the own room
