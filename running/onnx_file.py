"""Networks as ONNX files, for other programs and machines: they say what goes in and what comes out, and are tried."""

from __future__ import annotations

import hashlib
import logging
import warnings
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from running.errors import InputError
from running.files import whole_file, write_json
from running.provenance import commit, file_hash
from running.seeds import generator

TOLERANCE = 1e-5
"""Most that answers may differ by from PyTorch's, as a share of the largest answer."""
BATCHES = (1, 3)
"""How many inputs at once a file is tried on: noise, the last of several silence."""
LICENCE = "MIT"


@dataclass(frozen=True)
class Described:
    """What an ONNX file says of itself.

    Parameters
    ----------
    input_name, output_name : str
        What goes in and what comes out.
    item : str
        What of either there may be any number of: the name of the first axis.
    input_shape : tuple of int
        Of one item.
    metadata : mapping of str to str
        What a program can read.
    doc : str
        The same for people, in plain words.
    """

    input_name: str
    output_name: str
    item: str
    input_shape: tuple[int, ...]
    metadata: Mapping[str, str]
    doc: str


def check_place(path: Path) -> None:
    """Raise InputError for a file that no program would take for ONNX."""
    if path.suffix != ".onnx":
        raise InputError(f"{path} must end in .onnx")


def where_from(weights: Path, record: dict) -> dict[str, str]:
    """Return what every file's metadata say of licence and origin.

    Parameters
    ----------
    weights : Path
        The file that was read.
    record : dict
        How they came about, with the commit where that is known.
    """
    return {
        "licence": LICENCE,
        "commit": commit() or "unknown",
        "trained_by_commit": record.get("commit") or "unknown",
        "weights_sha256": file_hash(weights),
    }


def write_onnx(path: Path, network: nn.Module, described: Described, record: dict) -> float | None:
    """Write a network as ``<path>`` and how its weights came about as ``<path>.json``, each whole or not at all.

    Parameters
    ----------
    path : Path
        Ends in .onnx.
    network : torch.nn.Module
        In evaluation mode, on the processor.
    described : Described
    record : dict
        How the weights came about.

    Returns
    -------
    float or None
        The largest difference to PyTorch, on noise and silence, as a share of the largest answer; None without the
        package onnxruntime.

    Raises
    ------
    InputError
        When the difference is above `TOLERANCE`; nothing is written then.
    """
    check_place(path)
    content = _converted(network, described)
    difference = largest_difference(content, network, _tried_on(described.input_shape))
    if difference is not None and not difference <= TOLERANCE:
        raise InputError(f"{path} would answer otherwise than PyTorch, by {difference:.1e} of the largest answer")
    with whole_file(path) as beside:
        beside.write_bytes(content)
    tried = {"sha256": hashlib.sha256(content).hexdigest(), "largest_difference": difference}
    write_json(path.with_name(path.name + ".json"), {"onnx": tried | dict(described.metadata)} | record)
    return difference


def in_words(difference: float | None) -> str:
    """Return what a script says of a file that it wrote."""
    if difference is None:
        return "The file was not tried, for the package onnxruntime is missing."
    return f"The file answers as PyTorch does, to {difference:.1e} of the largest answer (at most {TOLERANCE:g})."


def largest_difference(content: bytes, network: nn.Module, batches: list[torch.Tensor]) -> float | None:
    """Return by how much ONNX Runtime's answers differ from PyTorch's at most, as a share of the largest answer.

    Parameters
    ----------
    content : bytes
        Of an ONNX file.
    network : torch.nn.Module
    batches : list of tensors, shape (item, ...)

    Returns
    -------
    float or None
        None without the package onnxruntime.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError:
        return None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    (into,) = session.get_inputs()
    differences = []
    for batch in batches:
        with torch.inference_mode():
            expected = network(batch)
        (found,) = session.run(None, {into.name: batch.numpy()})
        differences.append((torch.from_numpy(found) - expected).abs().max() / expected.abs().max())
    return float(torch.stack(differences).max())


def _converted(network: nn.Module, described: Described) -> bytes:
    """Return an ONNX file's content, without the exporter's notes, which hold places on this machine."""
    import onnx

    with _quiet():
        program = torch.onnx.export(
            network,
            (torch.zeros(max(BATCHES), *described.input_shape),),
            input_names=[described.input_name],
            output_names=[described.output_name],
            dynamic_shapes=({0: torch.export.Dim(described.item)},),
            dynamo=True,
            verbose=False,
        )
    model = onnx.ModelProto.FromString(program.model_proto.SerializeToString())
    graph = model.graph
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        part.ClearField("metadata_props")
    model.doc_string = described.doc
    onnx.helper.set_model_props(model, dict(described.metadata))
    onnx.checker.check_model(model)
    return model.SerializeToString()


@contextmanager
def _quiet():
    """Keep the exporter from telling what concerns only those who write it."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def _tried_on(shape: tuple[int, ...]) -> list[torch.Tensor]:
    """Return the batches that a file is tried on."""
    rng = generator(0, "onnx")
    batches = [torch.from_numpy(rng.standard_normal((size, *shape), dtype="float32")) for size in BATCHES]
    batches[-1][-1] = 0
    return batches
