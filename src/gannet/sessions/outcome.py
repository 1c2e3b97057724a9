"""How a training session ended and what of it is saved. Nothing that has trained is deleted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gannet.errors import UserError
from gannet.runs.reader import Run
from gannet.runs.schema import CHECKPOINTS_FOLDER, ORIGIN_FOLDER
from gannet.runs.state import has_steps
from gannet.training import checkpoint


@dataclass(frozen=True)
class Outcome:
    """How a session ended."""

    path: Path
    step: int
    seconds: float
    signal: int | None
    """The signal that stopped it, if one did."""
    finished: bool = True
    """Whether the last step was reached; without it and without a signal, a command stopped it."""
    saved: int | None = None
    """Step of the newest valid checkpoint; None if there is none."""
    alarms: tuple[str, ...] = ()
    """Sentences of the health alarms of this session, in the order in which they were raised."""

    @property
    def is_saved(self) -> bool:
        """Whether the last step is in a checkpoint, so that nothing can be lost any more."""
        return self.saved == self.step


@contextmanager
def removed_if_untrained(path: Path, existed: bool) -> Iterator[None]:
    """Bad input that shows before the first step leaves nothing behind; what has trained is never deleted.

    Args:
        path: a run directory that this session made.
        existed: whether it was an empty directory before.
    """
    try:
        yield
    except UserError:
        if not has_trained(path):
            shutil.rmtree(path)
            if existed:
                path.mkdir()
        raise


def has_trained(path: Path) -> bool:
    """Whether a run directory holds anything of a training: a checkpoint of its own, recorded steps, or the event that ended it."""
    begun_with = {origin.name for origin in checkpoint.newest_first(path / ORIGIN_FOLDER)}
    own = [found for found in checkpoint.newest_first(path / CHECKPOINTS_FOLDER) if found.name not in begun_with]
    return bool(own) or has_steps(Run(path).events())


def saved_step(path: Path) -> int | None:
    """Step of the newest valid checkpoint of a run; None if there is none."""
    return checkpoint.newest_step(path / CHECKPOINTS_FOLDER)


def saved_sentence(step: int, saved: int | None) -> str:
    """What of a training that ended at ``step`` is on the disk."""
    if saved == step:
        return f"Step {step} is saved."
    return f"Step {step} is not saved: " + ("there is no checkpoint." if saved is None else f"the newest checkpoint is of step {saved}.")
