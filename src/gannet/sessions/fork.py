"""Create a new run from an older one: repeat it from the beginning, or continue from a checkpoint with changed keys.

Both only create a directory; ``sessions/resume.py`` trains it like an interrupted run.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gannet.config.build import new_experiment
from gannet.config.plan import Plan, plan_again
from gannet.data.base import Form
from gannet.discovery import canonical, components
from gannet.errors import UserError
from gannet.files import link_or_copy
from gannet.keys import expanded
from gannet.live.control import command_arguments, journal_of
from gannet.live.live_keys import require_repeatable
from gannet.runs.commands import SetArguments
from gannet.runs.reader import Run, parse_run
from gannet.runs.records import Event, Parent, RunRecord
from gannet.runs.schema import CHECKPOINTS_FOLDER, ORIGIN_FOLDER, VERSION
from gannet.runs.writer import RunWriter
from gannet.sessions.provenance import require_same_keys, require_unchanged, require_whole_journal
from gannet.sessions.reopen import checkpoint_at, require_place
from gannet.training import checkpoint


def parse_parent(data: str) -> tuple[Path, int | None] | None:
    """(RUN, STEP) of a DATA argument ``RUN`` or ``RUN@STEP``; None if it is not a run. Names of data sets take
    precedence.
    """
    if canonical(data) in components("data"):
        return None
    path, step = parse_run(data)
    return (path, step) if Run.is_at(path) else None


def repeat(run: Path, changes: Mapping[str, Any], out: Path, *, recipe_file: str | None = None) -> Path:
    """Create a run in ``out`` that repeats ``run`` with every journaled command at its step.

    With the same machine and libraries, and without changes, the parameters are equal bit for bit. A fork is repeated
    from its first checkpoint.

    Args:
        run: finished, stopped or still training; it is only read.
        changes: keys with other values, as on the command line, including seed, device and precision.
        out: a directory that does not exist or is empty.
        recipe_file: the user's recipe file, if the run was made from one.

    Raises:
        UserError: not a run, a wrong key, a key of the data, or ``out`` is not empty; nothing is created.
    """
    parent = Run(run)
    require_unchanged(parent)
    changes = expanded(changes, parent.record.arguments)
    origin = next(iter(checkpoint.newest_first(run / ORIGIN_FOLDER)), None)
    plan = _plan(parent, changes, recipe_file)
    journal = journal_of(parent.events())
    require_repeatable(plan, Form.from_json(parent.record.data.form), journal)
    return _make(parent, plan, Parent(run=str(run), step=0, changes=dict(changes)), journal, origin, out)


def fork(run: Path, step: int, changes: Mapping[str, Any], out: Path, *, recipe_file: str | None = None) -> Path:
    """Create a run in ``out`` that continues from a checkpoint of ``run`` with changed keys.

    Parameters, optimizers and random numbers continue exactly: without changes, the fork equals the run itself without
    commands after that step. Keys that were edited live up to the step keep their edited values.

    Args:
        run: the parent; it is only read.
        step: step of one of its checkpoints.
        changes: keys with other values, as on the command line; ``steps`` is the new total.
        out: a directory that does not exist or is empty.
        recipe_file: the user's recipe file, if the run was made from one.

    Raises:
        UserError: no such run or checkpoint; a wrong key, or one of the data or of the networks' shape; or ``out`` is
            not empty. Nothing is created.
    """
    parent = Run(run)
    changes = expanded(changes, parent.record.arguments)
    origin = checkpoint_at(run, step)
    require_whole_journal(run)
    require_same_keys(run, parent.record, origin)
    journal = [event for event in journal_of(parent.events()) if event.step <= step]
    edits = [given for event in journal if isinstance(given := command_arguments(event), SetArguments)]
    edited = {given.key: given.value for given in edits}
    plan = _plan(parent, changes, recipe_file, edits=edited)
    _fits(plan, parent, origin, changes)
    moves = [event for event in journal if event.name == "step"]
    return _make(parent, plan, Parent(run=str(run), step=step, changes=dict(changes)), moves, origin, out)


def _plan(
    parent: Run, changes: Mapping[str, Any], recipe_file: str | None, edits: Mapping[str, Any] | None = None
) -> Plan:
    if "data.path" in changes:
        require_place(parent.record, str(changes["data.path"]))
    wrong = [key for key in changes if key.startswith("data.") and key != "data.path"]
    if wrong:
        raise UserError(f"{wrong[0]} cannot change in a run made from another run; for other data, train a new run.")
    if recipe_file is not None and not parent.record.recipe.endswith(".py"):
        raise UserError(
            f"--recipe {recipe_file}: a run made from {parent.path} keeps its recipe, {parent.record.recipe}; leave "
            f"--recipe out."
        )
    return plan_again(parent.record, steps=None, recipe_file=recipe_file, changes=changes, edits=edits)


def _fits(plan: Plan, parent: Run, origin: Path, changes: Mapping[str, Any]) -> None:
    """Check that the plan's networks and optimizers can load the checkpoint."""
    known, now = parent.record.arguments, plan.values["recipe"]
    rules = [
        key for key in now if key.startswith("optimizer.") and key.endswith(".name") and now[key] != known.get(key)
    ]
    if rules:
        raise UserError(
            f"{rules[0]}={now[rules[0]]}: a fork continues with the optimizer's state, so the update rule cannot "
            f"change."
        )
    try:
        checkpoint.load_into(new_experiment(plan, Form.from_json(parent.record.data.form)).game, origin, "model")
    except UserError:
        changed = ", ".join(f"{key}={value}" for key, value in changes.items()) or "none"
        raise UserError(
            f"These changes give other networks than the checkpoint's: {changed}. Train a new run with them."
        ) from None


def _make(parent: Run, plan: Plan, origin_of: Parent, journal: list[Event], origin: Path | None, out: Path) -> Path:
    known = parent.record
    record = RunRecord(
        version=VERSION,
        recipe=plan.recipe_name,
        arguments=plan.values["recipe"],
        data=known.data.model_copy(update={"arguments": plan.values["data"]}),
        settings=plan.values["settings"],
        columns=known.columns,
        # The parent's environment: a resume compares it with the current machine and reports differences.
        environment=known.environment,
        parent=origin_of,
    )
    writer = RunWriter.create(out, record, plan.recipe.source(), kind=parent.kind)
    try:
        with writer:
            for event in journal:
                writer.command(
                    event.step,
                    number=0,
                    name=event.name,
                    arguments=event.arguments,
                    outcome="applied",
                    text=f"As in {origin_of.run}.",
                )
            if origin is not None:
                for folder in (ORIGIN_FOLDER, CHECKPOINTS_FOLDER):
                    shutil.copytree(origin, out / folder / origin.name, copy_function=link_or_copy, dirs_exist_ok=True)
    except BaseException as error:
        shutil.rmtree(out, ignore_errors=True)
        if isinstance(error, OSError):
            raise UserError(f"Cannot create the run directory {out}: {error.strerror or error}.") from None
        raise
    return out
