"""What is checked in the command's own process before ``--devices`` starts the ranks: rank 0 would find it too late."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gannet.config.build import build, open_and_decide
from gannet.config.plan import Plan, plan_again
from gannet.data.base import Form, Progress
from gannet.errors import UserError
from gannet.runs.new_directory import taken
from gannet.runs.reader import read_record
from gannet.training.spreading import require_spread


def require_start(plan: Plan, out: Path | None, progress: Progress, processes: int) -> None:
    """Check that a new run can be trained by N processes. Data that are slow to open are opened for their form,
    and their cache serves the ranks.

    Args:
        plan: the plan of the run.
        out: the run directory, if it must be new.
        progress: reports long work.
        processes: number of ranks.

    Raises:
        UserError: wrong input; nothing is created.
    """
    if out is not None and (problem := taken(out)):
        raise UserError(problem)
    plan, dataset = open_and_decide(plan, progress)
    _require(plan, dataset.form, processes)


def require_continuation(
    run: Path, changes: Mapping[str, Any], recipe_file: str | None, steps: int | None, processes: int
) -> None:
    """Check that an existing run can be continued, forked or repeated by N processes.

    Args:
        run: the run directory.
        changes: the keys and flags that the user typed.
        recipe_file: the user's recipe file, if the run was made from one.
        steps: a new total number of steps, if any.
        processes: number of ranks.

    Raises:
        UserError: wrong input; nothing is created.
    """
    record = read_record(run)
    plan = plan_again(record, steps=steps, recipe_file=recipe_file, changes=changes)
    _require(plan, Form.from_json(record.data.form), processes)


def _require(plan: Plan, form: Form, processes: int) -> None:
    experiment, _ = build(plan, form)
    require_spread(experiment.game, experiment.batch_size, processes)
