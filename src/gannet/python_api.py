"""The command line's verbs as Python functions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gannet.errors import UserError
from gannet.planning import Plan, plan
from gannet.session import start
from gannet.trained import TrainedRun
from gannet.training.trainer import Trainer


class Quiet:
    """A reporter that says nothing."""

    def work(self, what: str, done: int, total: int) -> None:
        """Nothing."""

    def started(self, path: Path, plan: Plan, trainer: Trainer) -> None:
        """Nothing."""

    def advanced(self, step: int) -> None:
        """Nothing."""

    def terms(self, step: int, values: dict[str, float]) -> None:
        """Nothing."""

    def warned(self, sentence: str) -> None:
        """Nothing."""


def train(
    data: str,
    *,
    recipe: str | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    device: str = "auto",
    precision: str = "auto",
    keys: dict[str, Any] | None = None,
    **recipe_keys: Any,
) -> TrainedRun:
    """Train a run and open it.

    Args:
        data: a built-in name, a path, or ``hf:owner/name``.
        recipe: a recipe's name or file; the recommended one if None.
        seed: every random number follows from it.
        out: the run directory; ``runs/NNNN-data-recipe`` if None.
        device: ``auto``, ``cpu`` or ``cuda``.
        precision: ``auto``, ``fp32`` or ``bf16``.
        keys: dotted keys as on the command line, for example ``{"optimizer.generator.lr": 1e-4}``.
        **recipe_keys: keys without a dot, for example ``steps=5000``, ``loss="hinge"``.

    Raises:
        UserError: every mistake in the input at once; nothing is left behind.
        TrainingStopped: a value was not finite.
    """
    given = {**(keys or {}), **recipe_keys}
    planned = plan(data, recipe=recipe, given=given, flags={"seed": seed, "device": device, "precision": precision})
    outcome = start(planned, Path(out) if out is not None else None, Quiet())
    if outcome.signal is not None:
        raise UserError(f"Training was interrupted at step {outcome.step}; continue with `gannet resume {outcome.path}`.")
    return load(outcome.path, recipe_file=planned.recipe_name if planned.recipe_name.endswith(".py") else None)


def load(path: str | Path, *, recipe_file: str | None = None, raw: bool = False) -> TrainedRun:
    """Open a run's newest checkpoint; see :class:`TrainedRun`."""
    return TrainedRun(path, recipe_file=recipe_file, raw=raw)
