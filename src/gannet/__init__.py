"""Gannet trains, watches and measures generative adversarial networks.

``run = gannet.train("ring", recipe="gan", steps=5000, seed=0)``, then ``run.sample(1000)``, ``run.measure()``,
``run.animate("training.gif")``; ``gannet.load(path)`` opens a run again, and ``gannet.compare("ring", ["gan", "particle-gan"])``
sets recipes side by side.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gannet.python_api import compare, load, train
    from gannet.recipes.base import recipe
    from gannet.training.experiment import Experiment

__all__ = ["Experiment", "compare", "load", "recipe", "train"]

_HOMES = {
    "compare": "gannet.python_api",
    "train": "gannet.python_api",
    "load": "gannet.python_api",
    "recipe": "gannet.recipes.base",
    "Experiment": "gannet.training.experiment",
}


def __getattr__(name: str) -> Any:
    # torch takes over a second to import; `gannet --help` does not need it.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'gannet' has no attribute {name!r}")
