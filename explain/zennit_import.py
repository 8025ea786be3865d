"""zennit, importable whatever torchvision is installed; every other module takes zennit from here.

zennit imports torchvision only to name three classes of image networks, none of which occurs here. Where torchvision
was built for another torch than the installed one (a CPU torch beside the package index's torchvision is enough), that
import ends in ``operator torchvision::nms does not exist``. Then, and only then, empty classes stand in for the three
while zennit is imported, and are taken away again: a later ``import torchvision`` finds what it would have found.
Where the builds match, zennit is imported as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

NEEDED_CLASSES = {
    "torchvision": (),
    "torchvision.models": (),
    "torchvision.models.resnet": ("BasicBlock", "Bottleneck"),
    "torchvision.ops": ("FrozenBatchNorm2d",),
}


@contextmanager
def torchvision_stand_in() -> Iterator[None]:
    """Let ``import torchvision`` find modules with nothing but `NEEDED_CLASSES`."""
    _forget_torchvision()
    for name, classes in NEEDED_CLASSES.items():
        sys.modules[name] = ModuleType(name)
        for class_name in classes:
            setattr(sys.modules[name], class_name, type(class_name, (), {}))
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, sys.modules[name])
    try:
        yield
    finally:
        _forget_torchvision()


def _forget_torchvision() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]


try:
    import zennit
except (ImportError, OSError, RuntimeError):
    with torchvision_stand_in():
        import zennit

__all__ = ["zennit"]
