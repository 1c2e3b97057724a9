"""Measure samples from files, whatever made them, against data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gannet.config.plan import source_from_keys
from gannet.data.base import Dataset, Progress, silent
from gannet.data.image_source import ImageSource
from gannet.errors import UserError, in_shell
from gannet.evaluation.between import measure_between
from gannet.evaluation.cost import Cost
from gannet.runs.reader import Run
from gannet.runs.records import ScoreCard
from gannet.training.allocator import keep_freed_memory


def measure_files(
    samples: str,
    against: str,
    *,
    keys: Mapping[str, Any] | None = None,
    metrics: list[str] | None = None,
    count: int | None = None,
    seed: int = 0,
    progress: Progress = silent,
    announce: Callable[[Cost], None] | None = None,
) -> tuple[list[ScoreCard], list[str]]:
    """Score cards of the samples in a folder, archive, NPZ file or table, as those of a run on the same data.

    Images of another size or with other channels are converted to those of the data, and every card says so.

    Args:
        samples: path of the samples.
        against: DATA, the real samples.
        keys: keys ``data.*`` of ``against``.
        metrics: names; None for the default metrics.
        count: how many samples are measured; None for all, but at most half as many as there are real samples, and at
            most as many as a run's default.
        seed: of the choice of real samples and of the measurement.
        progress: called as features are extracted.
        announce: called with the estimated cost.

    Returns:
        The cards, and a sentence for each metric that was left out.

    Raises:
        UserError: a run instead of files, files that cannot be read, samples of another kind than the data, too few
            samples, or an unknown metric.
    """
    for path in (samples, against):
        if Run.is_at(path):
            raise UserError(
                f"{path} is a run, and --against compares samples in files with data. To measure a run on its own "
                f"data, omit --against. To compare its samples with other data, first write them to a file: "
                f"`{in_shell('gannet', 'sample', path, '-n', '1000', '-o', 'samples.npz')}`."
            )
    keep_freed_memory()
    source = source_from_keys(against, keys or {})[1]
    dataset, held_out = source.open(progress), source.held_out()
    fakes, warnings = _opened(samples, dataset, progress)
    return measure_between(
        fakes,
        dataset,
        None if held_out is None else held_out.open(progress),
        metrics=metrics,
        count=count,
        seed=seed,
        name=Path(samples).name,
        warnings=warnings,
        progress=progress,
        announce=announce,
    )


def _opened(samples: str, dataset: Dataset, progress: Progress) -> tuple[Dataset, tuple[str, ...]]:
    """The samples in the form of the data, and what was changed for it."""
    name, source = source_from_keys(samples, {})
    if source.kind != dataset.form.kind:
        raise UserError(
            f"{samples} is read as {source.kind} ({name}), and the data are {dataset.form.kind}; they must agree."
        )
    if not isinstance(source, ImageSource):
        return source.open(progress), ()
    channels, height, width = dataset.shape
    stored = source.open(progress)
    fitted = source_from_keys(samples, {"data.size": f"{width}x{height}", "data.channels": channels})[1]
    if tuple(stored.shape) == tuple(dataset.shape):
        return stored, ()
    shapes = " x ".join(map(str, stored.shape)), " x ".join(map(str, dataset.shape))
    return fitted.open(progress), (
        f"The samples were converted from {shapes[0]} to {shapes[1]}, the shape of the data.",
    )
