"""Relevance is computed once and outlives any kill."""

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

import explain.store
from explain.relevance import compute_relevance
from explain.store import RelevanceStore, model_fingerprint
from models import build_model
from running.errors import InputError

ROOT = Path(__file__).resolve().parent.parent


class Recordings:
    """Six sources of noise, numbered as in a split of which some are left out."""

    def __init__(self, numbers=range(6), fingerprint="noise"):
        self.fingerprint = fingerprint
        self.sources = [{"source": number} for number in numbers]
        self.positions_m = np.array([[1.5, 5.0 + 0.1 * number, 1.2] for number in numbers])

    def __len__(self):
        return len(self.sources)

    def windows(self, row):
        return np.random.default_rng(self.sources[row]["source"]).standard_normal((2, 2, 175)).astype(np.float32)


def network(seed=0):
    torch.manual_seed(seed)
    return build_model("loc_cnn", microphones=2, window_samples=175).eval()


@pytest.fixture
def computed(monkeypatch):
    """Count how often relevance is computed."""
    calls = []

    def counting(*arguments, **named):
        calls.append(arguments)
        return compute_relevance(*arguments, **named)

    monkeypatch.setattr(explain.store, "compute_relevance", counting)
    return calls


def test_relevance_is_computed_once_and_read_afterwards(tmp_path, computed):
    recordings, model = Recordings(), network()
    expected = compute_relevance(model, recordings.windows(3), recordings.positions_m[3])
    for _ in range(2):
        store = RelevanceStore(tmp_path, recordings, model)
        np.testing.assert_array_equal(store.relevance(3), expected)
    assert len(computed) == 1


def test_a_part_of_the_sources_serves_the_whole_and_the_other_way_round(tmp_path, computed):
    model = network()
    RelevanceStore(tmp_path, Recordings([1, 4]), model).relevance(1)
    whole = RelevanceStore(tmp_path, Recordings(), model)
    for row in range(6):
        whole.relevance(row)
    assert len(computed) == 6
    part = RelevanceStore(tmp_path, Recordings([4, 5]), model)
    np.testing.assert_array_equal(part.relevance(0), whole.relevance(4))
    assert len(computed) == 6


def test_anything_relevance_depends_on_leads_to_another_store(tmp_path):
    torch.manual_seed(0)
    sample_cnn = build_model("sample_cnn", microphones=2, window_samples=729)
    stores = [
        RelevanceStore(tmp_path, Recordings(), network()),
        RelevanceStore(tmp_path, Recordings(), network(seed=1)),
        RelevanceStore(tmp_path, Recordings(fingerprint="other"), network()),
        RelevanceStore(tmp_path, Recordings(), network(), start="prediction"),
        RelevanceStore(tmp_path, Recordings(), sample_cnn, gate="published"),
        RelevanceStore(tmp_path, Recordings(), sample_cnn, gate="signal"),
    ]
    assert len({store.folder for store in stores}) == len(stores)
    assert model_fingerprint(network()) == model_fingerprint(network())


def test_relevance_of_other_weights_is_refused_where_it_was_put_by_hand(tmp_path):
    ours = RelevanceStore(tmp_path, Recordings(), network())
    other = RelevanceStore(tmp_path, Recordings(), network(seed=1))
    ours.relevance(0)
    shutil.copytree(ours.folder, other.folder)
    with pytest.raises(InputError, match="other weights"):
        other.relevance(0)


def test_a_damaged_file_is_named(tmp_path):
    store = RelevanceStore(tmp_path, Recordings(), network())
    store.relevance(0)
    path = store.folder / "0000.h5"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match=r"0000\.h5 is damaged"):
        store.relevance(0)


def test_the_file_says_what_it_holds(tmp_path):
    store = RelevanceStore(tmp_path, Recordings(), network())
    store.relevance(2)
    with h5py.File(store.folder / "0002.h5") as file:
        assert file.attrs["fingerprint"] == store.fingerprint
        assert [dimension.label for dimension in file["relevance"].dims] == ["window", "microphone", "sample"]
        assert file["relevance"].dtype == np.float32


def test_a_killed_process_leaves_whole_files_and_the_next_goes_on(tmp_path, computed):
    code = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "tests")!r}]
import time
from test_explain_store import Recordings, RelevanceStore, network
class Slow(Recordings):
    def windows(self, row):
        time.sleep(0.05)
        return super().windows(row)
store = RelevanceStore({str(tmp_path)!r}, Slow(), network())
for row in range(6):
    store.relevance(row)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    deadline_s = time.monotonic() + 60
    while not list(tmp_path.glob("*/*.h5")) and process.poll() is None and time.monotonic() < deadline_s:
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    left = list(tmp_path.glob("*/[!.]*.h5"))
    assert 0 < len(left) < 6
    store = RelevanceStore(tmp_path, Recordings(), network())
    for row in range(6):
        expected = compute_relevance(store.model, Recordings().windows(row), Recordings().positions_m[row])
        np.testing.assert_allclose(store.relevance(row), expected, rtol=1e-3, atol=1e-6)
    assert len(computed) == 6 - len(left)
