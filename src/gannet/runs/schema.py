"""The run directory, the only thing that training and viewing share: every file name; the records are in
``runs/records.py``.

::

    RUN/run.json                     how the run was made: recipe, arguments, data, seed, environment
    RUN/recipe.py                    the recipe's source at that time; for reading only
    RUN/events.jsonl                 one JSON object per line, ordered by seq; a torn last line is ignored
    RUN/scores.jsonl                 one score card per line
    RUN/frames/000000500.npz|.png    what the generator made at that step (points: npz; images: png grid)
    RUN/checkpoints/step-000000500/  verified directories, see training/checkpoint.py; provenance.json in them records
                                     what decided the parameters, see sessions/provenance.py
    RUN/commands/000001.json         what a person asked of the running training, see runs/commands.py
    RUN/slow/000000500.npz           one step of the game in slow motion, see :data:`SLOW_ARRAYS`
    RUN/origin/step-000000500/       the checkpoint that a fork began with; never pruned
    RUN/crash/step-000000500.json    what was played when training failed, with its traceback (.txt) and checkpoint, see
                                     sessions/failure.py
    RUN/label.json                   title and description that a person gave, see runs/label.py
    RUN/lock                         held while a process writes
"""

from __future__ import annotations

VERSION = 3
"""Of the whole directory. Readers ignore kinds of events that they do not know, so a new kind needs no new version.

2: score cards call the real-data reference ``reference``; version 1 calls it ``floor``. Runs of version 1 are read as
they are; a writer that opens one raises its version, because it adds cards of version 2.

3: the mean logits of a turn are called ``logit_real`` and ``logit_fake``, and a penalty's term has its name in snake
case; earlier versions write ``score_real``, ``score_fake`` and the name of the class. See runs/term_names.py.
"""
RUN_FILE = "run.json"
RECIPE_FILE = "recipe.py"
EVENTS_FILE = "events.jsonl"
SCORES_FILE = "scores.jsonl"
FRAMES_FOLDER = "frames"
CHECKPOINTS_FOLDER = "checkpoints"
COMMANDS_FOLDER = "commands"
SLOW_FOLDER = "slow"
ORIGIN_FOLDER = "origin"
CRASH_FOLDER = "crash"
LABEL_FILE = "label.json"
COMPARISON_FILE = "compare.json"
"""In the folder of a comparison, above its runs."""
LOCK_FILE = "lock"


SLOW_ARRAYS = {
    "step": "() int64, steps taken when the step of the file is done",
    "extent": "(4,) x0, x1, y0, y1 of the fields, in the units of the data",
    "output_kind": "() what the outputs of D mean, an index of runs.outputs.KINDS",
    "PLAYER/real": "(n, 2) the turn's first reals, n at most 60",
    "PLAYER/fake": "(n, 2) the first fakes of the turn, before the update",
    "PLAYER/logit_real": "(n,) logits of the reals, with the parameters before the turn",
    "PLAYER/logit_fake": "(n,) logits of the fakes",
    "PLAYER/slope": "(n, 2) gradient of the logit at each fake, per unit of standardised data: where the "
    "discriminator would send it",
    "PLAYER/loss/TERM": "() every term that the player minimises",
    "PLAYER/gradient": "(n, 2) gradient of the player's loss at each fake, met by the backward pass; only where the "
    "fakes are its own",
    "PLAYER/gradient_norm": "() Euclidean norm of the gradient of the player's loss over all its parameters",
    "PLAYER/field_before": "(32, 32) logits over the extent, row by row from the lowest y",
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
