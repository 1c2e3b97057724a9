"""``gannet resume``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from gannet.cli.spread import Devices, Shard
from gannet.cli.train import MaxTime, Patience, StopWhen

Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run directory, or the name of a run in ./runs.")]
RunAtStep = Annotated[
    Path, typer.Argument(metavar="RUN[@STEP|@best]", help="A run directory, or the name of a run in ./runs.")
]
RecipeFile = Annotated[
    str | None,
    typer.Option("--recipe", metavar="FILE.py", help="Your recipe file, if the run has one: runs never execute code."),
]


Repeated = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY=VALUE ...]",
        help="data.path=PATH if the data were moved; your own components must be given again.",
    ),
]


def resume(
    path: Run,
    keys: Repeated = None,
    steps: Annotated[int | None, typer.Option(metavar="N", help="New total number of steps.")] = None,
    recipe: RecipeFile = None,
    devices: Devices = None,
    shard: Shard = False,
    max_time: MaxTime = None,
    stop_when: StopWhen = None,
    patience: Patience = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only warnings and errors.")] = False,
) -> int:
    """Continue a run from its newest checkpoint.

    The result equals that of an uninterrupted run, bit for bit.
    """
    from gannet.cli.key_values import parse_keys
    from gannet.cli.progress import TerminalReporter
    from gannet.cli.spread import other_rank
    from gannet.cli.time_limit import limited
    from gannet.cli.train import conclude
    from gannet.runs.reader import read_record
    from gannet.sessions.before_ranks import require_continuation
    from gannet.sessions.goal import parse_goal
    from gannet.sessions.resume import resume as resume_run

    goal = parse_goal(stop_when, patience)
    path = whole_run(
        path, "`gannet resume` continues from the newest checkpoint; `gannet train RUN@STEP` continues from another"
    )
    given = parse_keys(keys or [])
    with limited(max_time):
        status = other_rank(
            devices,
            recipe=recipe,
            keys=given,
            restarts=True,
            device=str(read_record(path).settings.get("device", "auto")),
            shard=shard,
            require=partial(require_continuation, path, given, recipe, steps),
        )
        if status is not None:
            return status
        with TerminalReporter(quiet=quiet) as reporter:
            return conclude(
                reporter, resume_run(path, reporter, steps=steps, recipe_file=recipe, keys=given, goal=goal)
            )


def whole_run(path: Path, reason: str) -> Path:
    """The directory of RUN; RUN@STEP is an error that gives the reason."""
    from gannet.errors import UserError
    from gannet.runs.reader import parse_run

    folder, step = parse_run(path)
    if step is not None:
        raise UserError(f"{path}: a step cannot be given here, because {reason}.")
    return folder
