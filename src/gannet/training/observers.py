"""Observers write terms, frames and checkpoints to the run every N steps."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import wraps

import numpy as np
import torch
from pydantic import JsonValue
from torch import Tensor

from gannet.data.base import Dataset
from gannet.errors import UserError
from gannet.figures.sheet import image_sheet, side_by_side
from gannet.games.base import Captioned, Translates
from gannet.games.labels import frame_labels
from gannet.runs.records import Event
from gannet.runs.schema import CHECKPOINTS_FOLDER
from gannet.runs.writer import RunWriter
from gannet.seeding import torch_rng
from gannet.training import checkpoint
from gannet.training.memory import is_out_of_memory
from gannet.training.points_frame import points_frame
from gannet.training.sampling import sample_game, translated, translation_grid
from gannet.training.settings import CheckpointSettings
from gannet.training.trainer import Trainer


@dataclass(frozen=True)
class Observer:
    """``act(terms)`` is called every ``every`` steps, and once more at the end of training if ``at_end``.

    It is also called after the ``early`` steps.
    """

    every: int
    act: Callable[[dict[str, Tensor]], None]
    at_start: bool = False
    at_end: bool = True
    early: tuple[int, ...] = ()
    reads_state: bool = True
    """Whether it reads parameters, buffers or optimizer states, not only terms."""

    def due(self, step: int) -> bool:
        """Whether the observer acts after ``step`` steps."""
        return self.every > 0 and (step % self.every == 0 or step in self.early)


class Clock:
    """Wall time of training across sessions, and steps per second since the last call."""

    def __init__(self, seconds_before: float, step: int) -> None:
        self._origin = time.monotonic() - seconds_before
        self._last = time.monotonic(), step

    def seconds(self) -> float:
        """Seconds of training since the run's first start, without interruptions."""
        return time.monotonic() - self._origin

    def leave_out(self, seconds: float) -> None:
        """Exclude a pause of ``seconds`` that has just ended."""
        self._origin += seconds
        self._last = self._last[0] + seconds, self._last[1]

    def rate(self, step: int) -> float:
        """Steps per second since the last call."""
        now, (then, before) = time.monotonic(), self._last
        self._last = now, step
        return (step - before) / max(now - then, 1e-9)


def record_terms(
    trainer: Trainer, writer: RunWriter, clock: Clock, show: Callable[[Event, dict[str, float]], None], every: int
) -> Observer:
    """The named terms of the newest step, with gradient norms and the speed."""

    def act(terms: dict[str, Tensor]) -> None:
        names = list(terms)
        values = dict(zip(names, torch.stack([terms[n].float() for n in names]).tolist(), strict=True)) if names else {}
        values |= gradient_norms(trainer)
        values["steps_per_second"] = round(clock.rate(trainer.step), 2)
        show(writer.event("terms", trainer.step, values=values, seconds=clock.seconds()), values)

    return Observer(every, act, reads_state=False)


def gradient_norms(trainer: Trainer) -> dict[str, float]:
    """``player/gradient_norm``: the L2 norm over all parameters of the gradient of each player's newest turn."""
    found = {f"{player}/gradient_norm": norm for player, norm in trainer.norms.items()}
    for player, weights in trainer.weights.items():
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        if gradients:
            norms = torch._foreach_norm(gradients)  # pyright: ignore[reportPrivateImportUsage]
            found[f"{player}/gradient_norm"] = torch.stack(norms).norm().item()
    return found


def record_frames(
    trainer: Trainer,
    dataset: Dataset,
    writer: RunWriter,
    *,
    seed: int,
    every: int,
    count: int,
    held_out: Dataset | None = None,
    columns: int = 0,
) -> Observer:
    """Samples of the EMA generator, always from the same noise; for points, also the arrays of ``points_frame``.

    A game that translates shows inputs, outputs and targets side by side, always of the same images, which are held out
    if any are. ``columns`` is their number in the earlier frames of the run; 0 if it does not matter.
    """
    if dataset.form.kind == "points":
        take = points_frame(trainer, dataset, seed)
    elif isinstance(trainer.game, Translates):
        take = _translation_frame(trainer, held_out or dataset, seed, count)
    else:
        take = _image_frame(trainer, dataset, seed, count, columns)

    def act(terms: dict[str, Tensor]) -> None:
        writer.frame(trainer.step, take())

    return Observer(every, act, at_start=True, at_end=every > 0)


def watching(
    observer: Observer, what: str, trainer: Trainer, writer: RunWriter, warn: Callable[[str], None]
) -> Observer:
    """The observer, whose exceptions become warnings: what only watches must not end a training.

    Args:
        observer: reads the trainer and changes nothing.
        what: beginning of the sentence, such as ``Not measured``.
        trainer: gives the step.
        writer: records every warning.
        warn: hears the first one.
    """
    said: list[str] = []

    @wraps(observer.act)
    def act(terms: dict[str, Tensor]) -> None:
        try:
            observer.act(terms)
        except Exception as error:
            name = "out of memory" if is_out_of_memory(error) else type(error).__name__
            problem = str(error) if isinstance(error, UserError) else f"{name}: {str(error).partition(chr(10))[0]}"
            sentence = f"{what}: {problem.rstrip(': ')}"
            writer.event("warning", trainer.step, text=sentence)
            if not said:
                said.append(sentence)
                warn(f"Step {trainer.step}: {sentence.rstrip('.')}. Training continues.")

    return replace(observer, act=act)


def save_checkpoints(
    trainer: Trainer,
    writer: RunWriter,
    clock: Clock,
    settings: CheckpointSettings,
    warn: Callable[[str], None],
    provenance: Callable[[], Mapping[str, JsonValue]],
    best: Callable[[], int | None] = lambda: None,
) -> Observer:
    """Save the complete state. A full disk is only a warning: training continues, keeps earlier checkpoints and
    retries when due. ``best`` gives the step of a checkpoint that is kept in addition to the newest ones.

    Of failures in a row, ``warn`` hears the 1st, 2nd, 4th, 8th and so on; events record all of them.
    """
    failures = 0

    def act(terms: dict[str, Tensor]) -> None:
        nonlocal failures
        try:
            if not writer.follow():
                raise OSError(errno.ENOENT, "the run directory was deleted")
            checkpoint.save(
                writer.path / CHECKPOINTS_FOLDER,
                trainer,
                seconds=clock.seconds(),
                keep=settings.keep,
                spare=best(),
                provenance=provenance(),
            )
        except OSError as error:
            reason = error.strerror or error
            problem = f"not written: {reason}."
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                problem = f"not written: {reason}. Earlier checkpoints are intact; free some disk space."
            # The text omits the step, which the event records, so that equal warnings can be counted.
            writer.event("warning", trainer.step, text=f"Checkpoint {problem}")
            failures += 1
            if failures.bit_count() == 1:
                count = f" ({failures} in a row)" if failures > 1 else ""
                warn(f"The checkpoint of step {trainer.step}{count} was {problem}")
        else:
            failures = 0
            writer.event("checkpoint", trainer.step)

    return Observer(settings.every, act)


def compare_ranks(trainer: Trainer, every: int) -> Observer:
    """Check that all ranks hold equal tensors, before a checkpoint is saved.

    The observer raises a RuntimeError if they do not, which nothing should cause, and marks the state as unusable.
    """

    def act(terms: dict[str, Tensor]) -> None:
        if not trainer.ranks.all_equal(checkpoint.fingerprint(trainer)):
            trainer.is_whole = False
            raise RuntimeError("the processes of this training hold different parameters")

    return Observer(every, act)


def frame_columns(trainer: Trainer, dataset: Dataset, count: int) -> tuple[str, ...]:
    """Headings of the columns of a frame of images; empty if the columns mean nothing.

    Args:
        trainer: of the game.
        dataset: its training data.
        count: about how many images a frame shows.
    """
    game, form = trainer.game, dataset.form
    if form.kind != "images":
        return ()
    if isinstance(game, Translates):
        names = tuple(translated(game, dataset, 1, torch_rng(0, "columns", device=trainer.precision.device)))
        return names * translation_grid(count)[1]
    labels, columns = frame_labels(game, count)
    if labels is None:
        return ()
    names = form.captions if isinstance(game, Captioned) else form.class_names
    return tuple(names[column % len(names)] for column in range(columns)) if names else ()


def _image_frame(trainer: Trainer, dataset: Dataset, seed: int, count: int, columns: int) -> Callable[[], np.ndarray]:
    game = trainer.average.game
    labels, columns = frame_labels(game, count, trainer.precision.device, columns)

    def take() -> np.ndarray:
        rng = torch_rng(seed, "frames", device=trainer.precision.device)
        images = dataset.form.decode(
            sample_game(game, len(labels) if labels is not None else count, rng, labels=labels)
        )
        return image_sheet(images, columns)

    return take


def _translation_frame(trainer: Trainer, images: Dataset, seed: int, count: int) -> Callable[[], np.ndarray]:
    shown, across = translation_grid(count)

    def take() -> np.ndarray:
        rng = torch_rng(seed, "frames", device=trainer.precision.device)
        columns = translated(trainer.average.game, images, shown, rng)
        return image_sheet(
            side_by_side({name: images.form.decode(column) for name, column in columns.items()}), across * len(columns)
        )

    return take
