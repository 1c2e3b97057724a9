"""Train, watch and measure generative adversarial networks.

``run = gannet.train("ring", recipe="gan", steps=5000, seed=0)``, then ``run.sample(1000)``, ``run.measure()``,
``run.animate("training.gif")``. ``gannet.load(path)`` opens an existing run, and
``gannet.compare("ring", ["gan", "particle-gan"])`` compares recipes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gannet.api import compare, export, load, train
    from gannet.errors import GannetWarning, TrainingStopped, UserError
    from gannet.recipes.base import recipe
    from gannet.training.experiment import Experiment
    from gannet.training.own_observer import Moment

    __version__: str

__all__ = [
    "Experiment",
    "GannetWarning",
    "Moment",
    "TrainingStopped",
    "UserError",
    "compare",
    "export",
    "load",
    "recipe",
    "train",
]

_HOMES = {
    "compare": "gannet.api",
    "export": "gannet.api",
    "Moment": "gannet.training.own_observer",
    "train": "gannet.api",
    "load": "gannet.api",
    "recipe": "gannet.recipes.base",
    "Experiment": "gannet.training.experiment",
    "GannetWarning": "gannet.errors",
    "TrainingStopped": "gannet.errors",
    "UserError": "gannet.errors",
}


def __getattr__(name: str) -> Any:
    # torch takes over a second to import; `gannet --help` does not need it.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("gannet-gan")
        except PackageNotFoundError:
            return "source"
    raise AttributeError(f"module 'gannet' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
