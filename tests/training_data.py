"""A dataset small enough to train on in a test: two microphones, noise that comes delayed by where it comes from."""

import numpy as np
import pytest
import torch
from torch import nn

import params
from acoustics.recordings import FORMAT, Dataset, Recordings, record, write_recording
from running.files import write_json
from running.provenance import plain

CONDITION = params.Condition(0.15, 25)
WINDOW_SAMPLES = 750
COUNTS = {"train": 7, "val": 3, "test": 2}


def write_dataset(data_path):
    """Write a whole dataset as generate_data.py lays it out."""
    setup = params.Setup(array=params.MicArray.line_along_x(2, 0.15, (1.7, 7.0, 1.2)), window_samples=WINDOW_SAMPLES)
    made_from = plain({"setup": setup, "condition": vars(CONDITION), "corpus": {"name": "noise"}, "seed": 1})
    dataset = Dataset(data_path / CONDITION.name, made_from)
    write_json(dataset.folder / "dataset.json", {"format": FORMAT, "arguments": made_from})
    rng = np.random.default_rng(1)
    for split, count in COUNTS.items():
        for source, position_m in enumerate(setup.grid.splits()[split][:count]):
            windows = 2 + source % 3
            noise = rng.standard_normal(windows * WINDOW_SAMPLES + 100).astype(np.float32)
            delays = np.zeros((2, 10), np.float32)
            delays[[0, 1], [9, 9 - source % 10]] = 1
            recording, noise_rms = record(noise, delays, CONDITION.snr_db, rng)
            row = {"source": source, **dict(zip(("x_m", "y_m", "z_m"), position_m.tolist(), strict=True))}
            row |= {
                "utterance": f"noise-{source}",
                "speaker": "noise",
                "correlation_time_samples": 2,
                "windows": windows,
            }
            write_recording(dataset.path(split, source), recording, setup.fs_hz, noise_rms, row)
            if split == "train":
                dataset.write_response(source, delays)
                dataset.write_speech(split, row["utterance"], noise, setup.fs_hz)
        dataset.write_table(split)
    return dataset


def open_splits(data_path):
    """Return the training and the validation recordings."""
    return tuple(Recordings(data_path / CONDITION.name / split) for split in ("train", "val"))


def without_dropout(model):
    """Let nothing be dropped, so that training is the same for any number of ranks and precision."""
    for module in model.modules():
        if isinstance(module, (nn.Dropout, nn.Dropout1d)):
            module.p = 0
    return model


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """Let a test and the processes it starts compute in one thread: faster at toy size, and bits equal in both."""
    before = torch.get_num_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
