"""Start a training from the parameters of another run, on other data: ``gannet train DATA --init RUN[@STEP]``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue
from torch import Tensor

from gannet.errors import UserError
from gannet.files import read_json
from gannet.runs.reader import Run, parse_run
from gannet.runs.records import Init
from gannet.runs.schema import CHECKPOINTS_FOLDER, ORIGIN_FOLDER
from gannet.sessions.reopen import checkpoint_at
from gannet.training import checkpoint
from gannet.training.trainer import Trainer

NAMED = 4
"""Maximum number of tensors that the sentence names; run.json names all."""


def find_source(text: str) -> tuple[str, Path]:
    """The run of ``RUN`` or ``RUN@STEP`` as typed, and the checkpoint to start from. Nothing that the run names is
    imported.

    Raises:
        UserError: not a run, or no valid checkpoint of that step.
    """
    path, step = parse_run(text)
    if not Run.is_at(path):
        raise UserError(
            f"--init {text}: {path} is not a run. Give a run directory, or RUN@STEP for an earlier checkpoint."
        )
    if step is not None:
        return str(path), checkpoint_at(path, step)
    return str(path), checkpoint.latest_valid(path / CHECKPOINTS_FOLDER)[0]


def transfer(trainer: Trainer, run: str, source: Path) -> Init:
    """Load every tensor of a checkpoint that has a place in the trainer's networks: the same name and shape.

    Optimizers start from zero. The EMA starts from the EMA of the source.

    Returns:
        What was loaded and what was not, for run.json.

    Raises:
        UserError: no parameter fits.
    """
    own, there = trainer.game.state_dict(), checkpoint.load_weights(source, "model")
    fitting = _fitting(own, there)
    # A bias that happens to fit carries nothing.
    if not any(name in fitting and tensor.dim() > 1 for name, tensor in trainer.game.named_parameters()):
        raise UserError(
            f"--init {run}: no parameter of that run fits: none has the name and shape of one here. Choose the "
            "recipe and the keys that shape the networks as in that run, or train without --init."
        )
    averages = fitting | _fitting(trainer.average.state_dict(), checkpoint.load_weights(source, "average"))
    trainer.game.load_state_dict(own | fitting)
    average = trainer.average.state_dict()
    trainer.average.load_state_dict(average | {name: averages[name] for name in average if name in averages})
    manifest = read_json(source / checkpoint.MANIFEST)
    return Init(
        run=run,
        step=checkpoint.progress_of(source)[0],
        sha256=manifest["model.safetensors"]["sha256"],
        loaded=len(fitting),
        tensors=len(own),
        not_loaded=sorted(own.keys() - fitting.keys()),
        unused=sorted(there.keys() - fitting.keys()),
    )


def sentence_of(init: Init) -> str:
    """What was loaded, and what did not fit."""
    begun = f"Started from {init.run} at step {init.step}: {init.loaded} of {init.tensors} tensors loaded."
    if not init.not_loaded:
        return begun
    names = ", ".join(init.not_loaded[:NAMED])
    more = f" and {len(init.not_loaded) - NAMED} more" if len(init.not_loaded) > NAMED else ""
    return f"{begun[:-1]}; new, because that run has no tensor of this name and shape: {names}{more}."


def save_beginning(path: Path, trainer: Trainer, provenance: Mapping[str, JsonValue]) -> None:
    """Keep the state before the first step in the run: it is resumed and repeated exactly without the source.

    Raises:
        UserError: it cannot be written.
    """
    try:
        for folder in (ORIGIN_FOLDER, CHECKPOINTS_FOLDER):
            checkpoint.save(path / folder, trainer, seconds=0.0, keep=1, provenance=provenance)
    except OSError as error:
        raise UserError(
            f"Cannot write the first checkpoint of {path}: {error.strerror or error}. Free some space."
        ) from None


def _fitting(own: Mapping[str, Tensor], there: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: there[name] for name, tensor in own.items() if name in there and there[name].shape == tensor.shape}
