"""Relevance is computed once and outlives any kill."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from explain.methods import METHODS
from explain.methods.lrp import LRP
from explain.store import AttributionStore, model_fingerprint
from models import build_model
from running.errors import InputError

ROOT = Path(__file__).resolve().parent.parent


class Inputs:
    """Six sources of noise, numbered as in a split of which some are left out."""

    def __init__(self, numbers=range(6), fingerprint="noise"):
        self.fingerprint = fingerprint
        self.numbers = list(numbers)
        self.names = [f"{number:04d}" for number in numbers]

    def windows(self, row):
        return np.random.default_rng(self.numbers[row]).standard_normal((2, 2, 175)).astype(np.float32)


class Start:
    def __init__(self, name="truth"):
        self.name = name

    def of(self, row, windows):
        return np.tile([1.5, 5.2, 1.2], (len(windows), 1))


def network(seed=0):
    torch.manual_seed(seed)
    return build_model("loc_cnn", microphones=2, window_samples=175).eval()


def store_in(folder, inputs=None, model=None, method=METHODS["lrp"], start=None):
    return AttributionStore(folder, inputs or Inputs(), model or network(), method, start or Start())


@pytest.fixture
def computed(monkeypatch):
    """Count how often relevance is computed."""
    calls, attribute = [], LRP.attribute

    def counting(*arguments, **named):
        calls.append(arguments)
        return attribute(*arguments, **named)

    monkeypatch.setattr(LRP, "attribute", counting)
    return calls


def test_relevance_is_computed_once_and_read_afterwards(tmp_path, computed):
    expected = store_in(tmp_path).compute(3)
    for _ in range(2):
        np.testing.assert_array_equal(store_in(tmp_path).attributions(3), expected)
    assert len(computed) == 2


def test_a_part_of_the_sources_serves_the_whole_and_the_other_way_round(tmp_path, computed):
    store_in(tmp_path, Inputs([1, 4])).attributions(1)
    whole = store_in(tmp_path)
    for row in range(6):
        whole.attributions(row)
    assert len(computed) == 6
    part = store_in(tmp_path, Inputs([4, 5]))
    np.testing.assert_array_equal(part.attributions(0), whole.attributions(4))
    assert len(computed) == 6


def test_anything_relevance_depends_on_leads_to_another_store(tmp_path, monkeypatch):
    torch.manual_seed(0)
    sample_cnn = build_model("sample_cnn", microphones=2, window_samples=729)
    stores = [
        store_in(tmp_path),
        store_in(tmp_path, model=network(seed=1)),
        store_in(tmp_path, Inputs(fingerprint="other")),
        store_in(tmp_path, start=Start("prediction")),
        store_in(tmp_path, model=sample_cnn),
        store_in(tmp_path, model=sample_cnn, method=LRP(gate="signal")),
        *(store_in(tmp_path, method=method) for name, method in METHODS.items() if name != "lrp"),
    ]
    monkeypatch.setattr(LRP, "version", LRP.version + 1)
    stores.append(store_in(tmp_path))
    assert len({store.folder for store in stores}) == len(stores)
    assert model_fingerprint(network()) == model_fingerprint(network())


def test_a_gate_counts_only_where_the_network_has_one(tmp_path):
    assert store_in(tmp_path).fingerprint == store_in(tmp_path, method=LRP(gate="signal")).fingerprint


def test_relevance_of_other_weights_is_refused_where_it_was_put_by_hand(tmp_path):
    ours, other = store_in(tmp_path), store_in(tmp_path, model=network(seed=1))
    ours.attributions(0)
    shutil.copytree(ours.folder, other.folder)
    with pytest.raises(InputError, match="other weights"):
        other.attributions(0)


def test_a_damaged_file_is_named(tmp_path):
    store = store_in(tmp_path)
    store.attributions(0)
    path = store.folder / "0000.h5"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match=r"0000\.h5 is damaged"):
        store.attributions(0)


def test_the_file_says_what_it_holds(tmp_path):
    store = store_in(tmp_path)
    store.attributions(2)
    with h5py.File(store.folder / "0002.h5") as file:
        assert file.attrs["fingerprint"] == store.fingerprint
        assert file["attributions"].dtype == np.float32
        assert file["attributions"].shape == (2, 2, 175)
    assert json.loads((store.folder / "attributions.json").read_text())["start"] == "truth"


def test_a_killed_process_leaves_whole_files_and_the_next_goes_on(tmp_path, computed):
    code = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "tests")!r}]
import time
from test_store import Inputs, store_in
class Slow(Inputs):
    def windows(self, row):
        time.sleep(0.05)
        return super().windows(row)
store = store_in({str(tmp_path)!r}, Slow())
for row in range(6):
    store.attributions(row)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    deadline_s = time.monotonic() + 300
    while not list(tmp_path.glob("*/*.h5")) and process.poll() is None and time.monotonic() < deadline_s:
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    left = list(tmp_path.glob("*/[!.]*.h5"))
    assert 0 < len(left) < 6
    store = store_in(tmp_path)
    expected = [store.compute(row) for row in range(6)]
    computed.clear()
    for row in range(6):
        np.testing.assert_allclose(store.attributions(row), expected[row], rtol=1e-3, atol=1e-6)
    assert len(computed) == 6 - len(left)
