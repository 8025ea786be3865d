"""Test recordings of three microphones, and networks with random weights that hear them."""

import json

import torch

import generate_data
import params
from models import PUBLISHED_MODELS, build_model
from models.checkpoints import save_checkpoint

CONDITIONS = (params.Condition(0.15, 25), params.Condition(0.3, 20))
SETUP = {"array": {"positions_m": [[1.5, 7, 1.2], [1.65, 7, 1.2], [1.8, 7, 1.2]]}, "window_samples": 4096}
SIZE = {"microphones": 3, "window_samples": 4096}


def make_trials(folder, sources, conditions=CONDITIONS):
    """Write recordings of some conditions, and weights of both networks; return what an experiment is told of them.

    Those for any room are in the folder any_room.
    """
    (folder / "setup.json").write_text(json.dumps(SETUP))
    for condition in conditions:
        generate_data.main(["--T60", f"{condition.T60_s}", "--SNR", f"{condition.snr_db}", "--splits", "test",
                            "--sources", f"{sources}", "--workers", "1", "--setup", str(folder / "setup.json"),
                            "--data_path", str(folder / "data")])  # fmt: skip
        for seed, name in enumerate(PUBLISHED_MODELS):
            torch.manual_seed(seed)
            model = build_model(name, **SIZE)
            save_checkpoint(folder / "weights" / f"{name}_{condition.name}", name, model, SIZE, {"seed": seed})
    for seed, name in enumerate(PUBLISHED_MODELS):
        torch.manual_seed(10 + seed)
        save_checkpoint(folder / "any_room" / f"{name}_any_room", name, build_model(name, **SIZE), SIZE, {"seed": seed})
    return ["--conditions", *(f"{each.T60_s}/{each.snr_db}" for each in conditions),
            "--data_path", str(folder / "data"), "--weights", str(folder / "weights"), "--gpu", "cpu"]  # fmt: skip
