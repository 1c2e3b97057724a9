"""How a training session ended, and what is saved. A run that has trained is never deleted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gannet.errors import RankLost, UserError, in_shell
from gannet.ranks.group import repeated
from gannet.runs.reader import Run
from gannet.runs.records import ScoreCard
from gannet.runs.schema import CHECKPOINTS_FOLDER, ORIGIN_FOLDER
from gannet.runs.state import has_steps
from gannet.training import checkpoint


@dataclass(frozen=True)
class Outcome:
    """How a session ended."""

    path: Path
    step: int
    seconds: float
    """Of training, earlier sessions included."""
    signal: int | None
    """The signal that stopped it, if any."""
    finished: bool = True
    """Whether it reached the last step; if not, and without a signal, a command stopped it."""
    saved: int | None = None
    """Step of the newest valid checkpoint; None if there is none."""
    alarms: tuple[str, ...] = ()
    """The health alarms of this session, in order."""
    begun_at: int = 0
    """Step that the session began at: of the checkpoint of a resumed or forked run."""
    seconds_before: float = 0.0
    """Of ``seconds``, those of earlier sessions and of the parent of a fork."""
    is_deleted: bool = False
    """Whether the run directory was deleted, or moved to another file system, while it trained."""
    goal: str = ""
    """The goal that ended it before its last step, as a sentence without a full stop; empty if none did."""
    best: ScoreCard | None = None
    """Of the checkpoint with the lowest FD measured while the run trained, if any."""
    can_be_measured: bool = True
    """Whether the data have enough samples for the metrics."""

    @property
    def is_saved(self) -> bool:
        """Whether the newest checkpoint contains the last step."""
        return self.saved == self.step


@contextmanager
def removed_if_untrained(path: Path, existed: bool) -> Iterator[None]:
    """Delete the new run directory if an error or an interruption occurs before the first step; one that has trained is
    never deleted.

    Args:
        path: a run directory that this session created.
        existed: whether it existed before as an empty directory.
    """
    try:
        yield
    except (UserError, KeyboardInterrupt, RankLost) as error:
        trained = has_trained(path)
        if not trained:
            if existed:
                _empty(path)
            else:
                shutil.rmtree(path)
        if isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt(interrupted(path if trained else None)) from None
        raise


def _empty(path: Path) -> None:
    """Delete what is in a directory, which itself may be a link or a mount."""
    for child in path.iterdir():
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child)
        else:
            child.unlink()


def interrupted(path: Path | None) -> str:
    """A sentence about an interruption outside the steps of a training; ``path`` is the run directory that exists,
    if any.
    """
    if path is None:
        return "Interrupted before the first step: no new run was made."
    again = in_shell("gannet", "resume", path, *repeated())
    return f"Interrupted. {path} keeps what was recorded; continue with: {again}"


def has_trained(path: Path) -> bool:
    """Whether a run directory contains traces of training: its own checkpoint, recorded steps or an end event."""
    begun_with = {origin.name for origin in checkpoint.newest_first(path / ORIGIN_FOLDER)}
    own = [found for found in checkpoint.newest_first(path / CHECKPOINTS_FOLDER) if found.name not in begun_with]
    return bool(own) or has_steps(Run(path).events())


def saved_step(path: Path) -> int | None:
    """Step of the newest valid checkpoint of a run; None if there is none."""
    return checkpoint.newest_step(path / CHECKPOINTS_FOLDER)


def saved_sentence(step: int, saved: int | None) -> str:
    """A sentence that says whether the last ``step`` of a training is saved."""
    if saved == step:
        return f"Step {step} is saved."
    return f"Step {step} is not saved: " + (
        "there is no checkpoint." if saved is None else f"the newest checkpoint is of step {saved}."
    )
