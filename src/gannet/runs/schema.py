"""The run directory, the only thing that training and viewing share: every file name and record, versioned.

::

    RUN/run.json                     how the run was made: recipe, arguments, data, seed, environment
    RUN/recipe.py                    the recipe's source at that time; for reading only
    RUN/events.jsonl                 one JSON object per line, ordered by seq; a torn last line is ignored
    RUN/scores.jsonl                 one score card per line
    RUN/frames/000000500.npz|.png    what the generator made at that step (points: npz; images: png grid)
    RUN/checkpoints/step-000000500/  verified directories, see training/checkpoint.py
    RUN/lock                         held while a process writes
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

Kind = Literal["points", "images"]
"""What the frames of a run show."""

VERSION = 1
RUN_FILE = "run.json"
RECIPE_FILE = "recipe.py"
EVENTS_FILE = "events.jsonl"
SCORES_FILE = "scores.jsonl"
FRAMES_FOLDER = "frames"
CHECKPOINTS_FOLDER = "checkpoints"
LOCK_FILE = "lock"


class RunRecord(TypedDict):
    """``run.json``."""

    version: int
    recipe: str
    """Name, or path of the user's own file."""
    arguments: dict[str, Any]
    """The recipe's arguments, complete: defaults are written too."""
    data: dict[str, Any]
    """``{"source": name, ...fields}`` plus ``content_hash``."""
    settings: dict[str, Any]
    """steps, seed, device, precision, cadences: see training/settings.py."""
    environment: dict[str, str]
    kind: NotRequired[Kind]
    """Written by ``RunWriter.create``; absent in records that did not go through it."""


class Event(TypedDict, total=False):
    """One line of ``events.jsonl``."""

    seq: int
    step: int
    kind: Literal["start", "terms", "frame", "checkpoint", "scores", "resume", "warning", "stop", "finish"]
    values: dict[str, float | None]
    """kind terms: ``player/term`` -> value, and ``steps_per_second``; None where the value was not finite (``text`` says what it was)."""
    text: str
    seconds: float
    """Wall time of training so far."""


def frame_name(step: int, kind: str) -> str:
    """File name of the frame at a step: zero-padded, so that lexicographic order is time order."""
    return f"{step:09d}.{'npz' if kind == 'points' else 'png'}"


def checkpoint_name(step: int) -> str:
    """Directory name of the checkpoint at a step."""
    return f"step-{step:09d}"
