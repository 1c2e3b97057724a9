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
Severity = Literal["warning", "alarm"]
"""Of a health event: something to look at; or something that spoils the run."""

VERSION = 1
"""Of the whole directory. Readers pass over kinds of events that they do not know, so a new kind is no new version."""
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
    kind: Literal["start", "terms", "frame", "checkpoint", "scores", "vitals", "health", "resume", "warning", "stop", "finish"]
    values: dict[str, float | None]
    """None where the value was not finite (``text`` says what it was). By kind:

    terms: ``player/term`` -> value, ``player/gradient_norm``, and ``steps_per_second``;
    vitals: what the health rules look at besides the terms, see training/health.py;
    health: the figures behind the sentence in ``text``.
    """
    minimised: list[str]
    """kind vitals: the terms that are minimised, not only watched."""
    rule: str
    """kind health: which rule noticed something; the stem of its file in health/rules, with hyphens."""
    severity: Severity
    """kind health."""
    text: str
    seconds: float
    """Wall time of training so far."""


def frame_name(step: int, kind: str) -> str:
    """File name of the frame at a step: zero-padded, so that lexicographic order is time order."""
    return f"{step:09d}.{'npz' if kind == 'points' else 'png'}"


def checkpoint_name(step: int) -> str:
    """Directory name of the checkpoint at a step."""
    return f"step-{step:09d}"
