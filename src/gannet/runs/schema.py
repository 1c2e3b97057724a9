"""The run directory, the only thing that training and viewing share: every file name and record, versioned.

::

    RUN/run.json                     how the run was made: recipe, arguments, data, seed, environment
    RUN/recipe.py                    the recipe's source at that time; for reading only
    RUN/events.jsonl                 one JSON object per line, ordered by seq; a torn last line is ignored
    RUN/scores.jsonl                 one score card per line
    RUN/frames/000000500.npz|.png    what the generator made at that step (points: npz; images: png grid)
    RUN/checkpoints/step-000000500/  verified directories, see training/checkpoint.py
    RUN/commands/000001.json         what a person asked of the running training, see runs/commands.py
    RUN/slow/000000500.npz           one step of the game in slow motion, see :data:`SLOW_ARRAYS`
    RUN/origin/step-000000500/       the checkpoint that a fork began with; never pruned
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
COMMANDS_FOLDER = "commands"
SLOW_FOLDER = "slow"
ORIGIN_FOLDER = "origin"
LOCK_FILE = "lock"


class Parent(TypedDict):
    """Where a run that was not begun from nothing comes from."""

    run: str
    """Its path as it was given."""
    step: int
    """0 where the parent is trained again from the beginning, its commands included."""
    changes: dict[str, Any]
    """Keys that differ from the parent's at that step."""


class Init(TypedDict):
    """The other run whose parameters a run started from (``gannet train DATA --init RUN``)."""

    run: str
    """Its path as it was given."""
    step: int
    """Of the checkpoint."""
    sha256: str
    """Of the file model.safetensors of that checkpoint."""
    loaded: int
    """Tensors that were loaded."""
    tensors: int
    """Tensors that this run has."""
    not_loaded: list[str]
    """Tensors of this run that the other one does not have with this name and shape: they were initialised normally."""
    unused: list[str]
    """Tensors of the other run that have no place here."""


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
    parent: NotRequired[Parent]
    """Of a run that repeats or forks another one."""
    init: NotRequired[Init]
    """Of a run that started from the parameters of another one. ``origin/`` holds that state."""
    kind: NotRequired[Kind]
    """Written by ``RunWriter.create``; absent in records that did not go through it."""


class Event(TypedDict, total=False):
    """One line of ``events.jsonl``."""

    seq: int
    step: int
    kind: Literal[
        "start", "terms", "frame", "checkpoint", "scores", "vitals", "health", "resume", "warning", "command", "slow", "stop", "finish"
    ]  # fmt: skip
    values: dict[str, float | None]
    """None where the value was not finite (``text`` says what it was). By kind:

    terms: ``player/term`` -> value, ``player/gradient_norm``, and ``steps_per_second``;
    vitals: what the health rules look at besides the terms, see training/vitals.py;
    health: the figures behind the sentence in ``text``.
    """
    minimised: list[str]
    """kind vitals: the terms that are minimised, not only watched."""
    rule: str
    """kind health: which rule noticed something; the stem of its file in health/rules, with hyphens."""
    severity: Severity
    """kind health."""
    reason: Literal["command", "signal", "time", "guard", "error"]
    """kind stop: what ended the training before its last step; ``text`` says more. Absent in runs of earlier versions."""
    text: str
    seconds: float
    """Wall time of training so far, pauses left out."""
    number: int
    """kind command: the number of its file in commands/; 0 where it was copied from the run that this one repeats."""
    name: str
    """kind command: a key of ``runs/commands.py::COMMANDS``."""
    arguments: dict[str, Any]
    """kind command: complete. Those of a file that could not be read are empty."""
    outcome: Literal["applied", "refused"]
    """kind command. Applied commands ``set`` and ``step`` (of a single player) are the journal: in the order of (step, seq) they
    determine the weights, together with the seed. Events of commands stay when a resume forgets later steps, and the journal
    acts again when training gets to its steps; so such an event may have a later step than those around it."""


SLOW_ARRAYS = {
    "step": "() int64, steps taken when the step of the file is done",
    "extent": "(4,) x0, x1, y0, y1 of the fields, in the units of the data",
    "relative_scores": "() 1 where only differences between scores mean something, else 0",
    "PLAYER/real": "(n, 2) the turn's first reals, n at most 60",
    "PLAYER/fake": "(n, 2) the turn's own first fakes, before the update",
    "PLAYER/score_real": "(n,) raw scores of the reals, by the weights that the turn begins with",
    "PLAYER/score_fake": "(n,) raw scores of the fakes",
    "PLAYER/slope": "(n, 2) gradient of the score at each fake, per unit of standardised data: where the discriminator would send it",
    "PLAYER/loss/TERM": "() every term that the player minimises",
    "PLAYER/gradient": "(n, 2) gradient of the player's loss at each fake, met by the backward pass; only where the fakes are its own",
    "PLAYER/gradient_norm": "() Euclidean length of the gradient of the player's loss over all its weights",
    "PLAYER/field_before": "(32, 32) raw scores over the extent, row by row from the lowest y",
    "PLAYER/field_after": "(32, 32) the same after the player's update",
    "PLAYER/fake_after": "(n, 2) fakes of the same latents after the player's update",
}
"""What a file in slow/ holds, in the order of turns; PLAYER is ``discriminator``, then ``generator``."""


def frame_name(step: int, kind: str) -> str:
    """File name of the frame at a step: zero-padded, so that lexicographic order is time order."""
    return f"{step:09d}.{'npz' if kind == 'points' else 'png'}"


def checkpoint_name(step: int) -> str:
    """Directory name of the checkpoint at a step."""
    return f"step-{step:09d}"
