"""Open an existing run: which keys the user must repeat, and whether the data have changed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gannet.config.build import open_data
from gannet.config.plan import Plan
from gannet.data.base import Dataset, Progress
from gannet.data.resolve import source_for
from gannet.discovery import is_outside
from gannet.errors import UserError
from gannet.runs.reader import read_record
from gannet.runs.records import RunRecord
from gannet.runs.schema import CHECKPOINTS_FOLDER, CRASH_FOLDER, ORIGIN_FOLDER, checkpoint_name
from gannet.training import checkpoint

BY_PATH = frozenset({"folder", "captioned-folder", "idx", "npz", "npz-points", "csv-file", "shards"})
"""Sources whose only required key is a path."""


def repeat_keys(record: RunRecord, keys: Mapping[str, Any]) -> dict[str, Any]:
    """Check the keys that a user gives when opening an existing run, which keeps its values.

    Args:
        record: the run's record.
        keys: ``data.path``, the new path of the data, and user-supplied components with their recorded values.

    Raises:
        UserError: any other key, or data of another kind at the new path.
    """
    known = dict(record.arguments) | {f"data.{k}": v for k, v in record.data.arguments.items()}
    refused = [
        key for key, value in keys.items() if key != "data.path" and not (is_outside(value) and known.get(key) == value)
    ]
    allowed = ["data.path=PATH", *(f"{key}={value}" for key, value in known.items() if is_outside(value))]
    if refused:
        more = "For more steps: gannet resume RUN --steps N. " if "steps" in refused else ""
        raise UserError(
            f"{', '.join(refused)} cannot be set here: a run keeps its keys. Allowed: {', '.join(allowed)}. {more}"
            "To continue with other values, fork: gannet train RUN@STEP KEY=VALUE. To repeat from step 0 with other "
            "values: gannet train RUN KEY=VALUE."
        )
    if "data.path" in keys:
        require_place(record, str(keys["data.path"]))
    return dict(keys)


def words_to_repeat(path: Path) -> list[str]:
    """What a command that builds the networks of this run has to name again: code that is not Gannet's."""
    try:
        record = read_record(path)
    except UserError:  # that command will say so
        return []
    known = dict(record.arguments) | {f"data.{key}": value for key, value in record.data.arguments.items()}
    file = ["--recipe", record.recipe] if record.recipe.endswith(".py") else []
    return [*file, *(f"{key}={value}" for key, value in known.items() if is_outside(value))]


def require_place(record: RunRecord, path: str) -> None:
    """Check that the data of a run can be read from ``path``.

    Raises:
        UserError: the run's data have no path, or the data at ``path`` are of another kind.
    """
    source = record.data.source
    if "path" not in record.data.arguments:
        raise UserError(f"data.path={path}: this run's data, {source}, have no path; leave data.path out.")
    # A folder may have the name of a data set, as a copy of MNIST does.
    found = source_for(f"./{path}" if Path(path).exists() and not Path(path).is_absolute() else path)[0]
    if found != source and source in BY_PATH:
        raise UserError(f"data.path={path} is read as {found!r}, but the data of this run are {source!r}.")


def reopen_data(plan: Plan, progress: Progress) -> Dataset:
    """Open the data of an existing run at the path of its plan.

    Raises:
        UserError: the data are missing.
    """
    path = plan.values["data"].get("path")
    if isinstance(path, str) and (plan.source_name in BY_PATH or os.path.isabs(path)) and not os.path.exists(path):
        raise UserError(
            f"The data of this run are no longer at {path}. If they have moved, add data.path=PATH with the new path."
        )
    return open_data(plan, progress)


def changed_data(record: RunRecord, dataset: Dataset) -> str | None:
    """A warning if the data differ from the training data of the run; None if they are equal."""
    then, now = record.data.content_hash, dataset.content_hash
    return (
        None
        if then == now
        else f"The data have changed since the run was trained: their content hash was {then}, now it is {now}."
    )


def checkpoint_at(run: Path, step: int) -> Path:
    """The checkpoint of a step, also if the run was forked from it or failed at it.

    Raises:
        UserError: there is none, with the steps that exist; or it is damaged.
    """
    there = {
        path.name: path
        for folder in (CRASH_FOLDER, CHECKPOINTS_FOLDER, ORIGIN_FOLDER)
        for path in checkpoint.newest_first(run / folder)
    }
    path = there.get(checkpoint_name(step))
    if path is None:
        steps = ", ".join(str(int(name.removeprefix("step-"))) for name in sorted(there)) or "none"
        raise UserError(
            f"{run} has no checkpoint of step {step}. Available: {steps}. For more, train with checkpoint.every=N "
            "(steps between two) and checkpoint.keep=N (how many of the newest stay)."
        )
    if problems := checkpoint.problems(path):
        raise UserError(f"The checkpoint of step {step} cannot be used: {'; '.join(problems)}.")
    return path
