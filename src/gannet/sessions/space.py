"""What a training will write, and whether the disk has room for it: checked before anything is made."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gannet.config.plan import Plan
from gannet.errors import UserError
from gannet.sessions.scores import measured_every
from gannet.training.trainer import Trainer

MOMENTS = 2
"""State of Adam for each parameter; other optimizers have less."""
POINTS_FRAME_BYTES = 20_000
"""Of a frame of points, compressed."""
FILES_PER_CHECKPOINT = 8


@dataclass(frozen=True)
class Writes:
    """What a run holds at most at one time."""

    checkpoint_bytes: int
    checkpoints: int
    """Those that stay, the best one too, and the one that is being written."""
    frame_bytes: int
    frames: int

    @property
    def num_bytes(self) -> int:
        """Of all files, without events."""
        return self.checkpoint_bytes * self.checkpoints + self.frame_bytes * self.frames

    @property
    def num_files(self) -> int:
        """Of all checkpoints and frames."""
        return FILES_PER_CHECKPOINT * self.checkpoints + self.frames

    def __str__(self) -> str:
        frames = f" and {self.frames:,} frames" if self.frames else ""
        number = "1 checkpoint" if self.checkpoints == 1 else f"{self.checkpoints} checkpoints"
        return f"about {in_units(self.num_bytes)} ({number} of {in_units(self.checkpoint_bytes)}{frames})"


def writes_of(plan: Plan, trainer: Trainer, frames_every: int) -> Writes:
    """An estimate from the sizes of the tensors; images are counted uncompressed.

    Args:
        plan: the plan of the run.
        trainer: holds the networks.
        frames_every: steps between two frames; 0 for none.
    """
    parameters = sum(w.numel() * w.element_size() for weights in trainer.weights.values() for w in weights)
    networks = sum(t.numel() * t.element_size() for t in trainer.game.state_dict().values())
    average = sum(t.numel() * t.element_size() for t in trainer.average.state_dict().values())
    settings = plan.settings
    best = 1 if measured_every(plan, trainer) else 0
    saves = 1 + best + (trainer.steps // settings.checkpoint.every if settings.checkpoint.every else 0)
    shape = trainer.dataset.shape
    frame = settings.frames.count * shape[0] * shape[1] * shape[2] if len(shape) == 3 else POINTS_FRAME_BYTES
    frames = trainer.steps // frames_every + 1 if frames_every else 0
    return Writes(
        networks + average + MOMENTS * parameters, min(settings.checkpoint.keep + best, saves) + 1, frame, frames
    )


def require_room(path: Path, writes: Writes, warn: Callable[[str], None], left: float = 1.0) -> None:
    """Check the free space of the disk that will hold the run.

    Args:
        path: the run directory, which may not exist yet.
        writes: of the whole run.
        warn: hears that the checkpoints fit but not all frames.
        left: share of the frames that are still to be written.

    Raises:
        UserError: not even the checkpoints fit.
    """
    there = next((folder for folder in (path, *path.absolute().parents) if folder.exists()), Path("/"))
    try:
        disk = os.statvfs(there)
    except OSError:
        return
    free = disk.f_bavail * disk.f_frsize
    checkpoints = writes.checkpoint_bytes * writes.checkpoints
    if free < checkpoints:
        raise UserError(
            f"The disk of {path} has {in_units(free)} free, and this run writes {writes}. Free some space, choose "
            f"another disk with --out, or lower checkpoint.keep."
        )
    if disk.f_files and disk.f_favail < FILES_PER_CHECKPOINT * writes.checkpoints:
        raise UserError(
            f"The disk of {path} has room for {disk.f_favail} more files, and this run writes {writes.num_files:,}. "
            f"Delete some files, or choose another disk with --out."
        )
    if free < checkpoints + left * writes.frame_bytes * writes.frames:
        warn(
            f"The disk of {path} has {in_units(free)} free, and this run writes up to {writes}. Frames that do not fit "
            f"are left out: free some space, or set frames.every."
        )


def in_units(num_bytes: float) -> str:
    """A size such as ``1.2 MB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if num_bytes < 1000 or unit == "GB":
            return f"{num_bytes:.0f} {unit}" if unit == "bytes" or num_bytes >= 10 else f"{num_bytes:.1f} {unit}"
        num_bytes /= 1000
    raise AssertionError("unreachable")
