"""Rehearse the first step on a copy before a run is created, so that what cannot train gives a one-line error."""

from __future__ import annotations

import copy
import traceback
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

import torch

from gannet.data.base import Dataset
from gannet.errors import TrainingStopped, UserError
from gannet.seeding import torch_rng
from gannet.training.experiment import Experiment
from gannet.training.memory import is_out_of_memory, less_memory
from gannet.training.precision import Precision
from gannet.training.random_state import restored
from gannet.training.sampling import sample_game
from gannet.training.trainer import Trainer

NUM_SAMPLES = 2


def rehearse(
    experiment: Experiment,
    dataset: Dataset,
    *,
    recipe: str,
    seed: int,
    precision: Precision,
    keys: Callable[[], Collection[str]] = lambda: ("batch_size",),
) -> None:
    """Take one step on a copy of ``experiment`` and sample; the experiment and the random number generators do not
    change.

    Only a step reveals a batch too small for its statistics, shapes that do not match, or too little memory. A loss
    that is not finite is not an error here: training stops at it and records it.

    Raises:
        UserError: the step fails.
    """
    _check_shape(experiment, dataset)
    device = precision.device
    with restored(device):
        try:
            trainer = Trainer(copy.deepcopy(experiment), dataset, seed=seed, precision=precision)
            with suppress(TrainingStopped):
                trainer.play()
            rng = torch_rng(seed, "rehearsal", device=device)
            sample_game(trainer.average.game, NUM_SAMPLES, rng, images=dataset, block=NUM_SAMPLES)
        except (RuntimeError, ValueError, IndexError, MemoryError) as error:
            raise UserError(_sentence(error, experiment, dataset, recipe, keys())) from error


def _check_shape(experiment: Experiment, dataset: Dataset) -> None:
    """Raise a :class:`UserError` if a generator states another shape than that of the data."""
    made, real = getattr(getattr(experiment.game, "generator", None), "shape", None), tuple(dataset.shape)
    if made is None or tuple(made) == real:
        return
    written = [" x ".join(map(str, shape)) for shape in (made, real)]
    fits = len(made) == len(real) == 3
    key = f" Set data.size={made[2]}x{made[1]} data.channels={made[0]}, or change the network." if fits else ""
    raise UserError(f"The generator makes samples of shape {written[0]}, and those of the data are {written[1]}.{key}")


def _sentence(error: Exception, experiment: Experiment, dataset: Dataset, recipe: str, keys: Collection[str]) -> str:
    reason = str(error).partition("\n")[0].rstrip(".") or type(error).__name__
    if is_out_of_memory(error):
        reason, advice = "the device has too little memory", less_memory(keys)
    elif "more than 1 value per channel" in reason:
        reason, advice = "batch norm needs at least 2 values per channel", "Set a larger batch_size."
    else:
        advice = (
            "Set another batch_size"
            + (", another data.size" if len(dataset.shape) == 3 else "")
            + " or another key of the recipe."
        )
    return f"Recipe {recipe!r} cannot train on {_what(experiment, dataset)}: {reason} ({_place(error)}). {advice}"


def _what(experiment: Experiment, dataset: Dataset) -> str:
    shape = " x ".join(str(length) for length in dataset.shape)
    return f"{dataset.form.kind} of shape {shape} with batch_size={experiment.batch_size}"


def _place(error: Exception) -> str:
    """File and line of the last frame outside torch."""
    library = Path(torch.__file__).parent
    frames = traceback.extract_tb(error.__traceback__)
    last = [frame for frame in frames if library not in Path(frame.filename).parents][-1]
    return f"{Path(last.filename).name}, line {last.lineno}"
