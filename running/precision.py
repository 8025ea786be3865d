"""bf16 where the hardware computes with it, and settings of the processor that cost nothing."""

from __future__ import annotations

import torch

from running.errors import InputError
from running.memory import keep_freed_memory

PRECISIONS = ("auto", "bf16", "fp32")


def resolve(precision: str, device: torch.device) -> str:
    """Return "bf16" or "fp32" for one of `PRECISIONS`; "auto" is bf16 where the hardware has it.

    Raises
    ------
    InputError
        When bf16 is asked for on a GPU without it.
    """
    if device.type == "cuda":
        has_bf16 = torch.cuda.get_device_capability(device)[0] >= 8
    else:
        found = torch.cpu.get_capabilities()
        has_bf16 = any(found.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    if precision == "bf16" and device.type == "cuda" and not has_bf16:
        raise InputError("this GPU has no bf16; say --precision fp32")
    return ("bf16" if has_bf16 else "fp32") if precision == "auto" else precision


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """Return the context in which convolutions and products run in `precision`; weights stay in fp32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")


def prepare(device: torch.device) -> None:
    """Set up this process for training.

    On a CPU denormal numbers become zero and freed memory is kept. On a GPU cuDNN's deterministic algorithms are taken,
    which exact resume needs.
    """
    torch.set_flush_denormal(True)
    torch.backends.cudnn.deterministic = True
    if device.type == "cpu":
        keep_freed_memory()
