"""``gannet stop``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Runs = Annotated[list[Path], typer.Argument(metavar="RUN ...", help="Run directories, or names of runs in ./runs.")]

PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.1


def stop(paths: Runs) -> int:
    """Stop runs that train; each saves its last step.

    They continue with `gannet resume RUN`.
    """
    from gannet.cli.resume import whole_run
    from gannet.errors import UserError
    from gannet.runs.commands import submit

    folders = [whole_run(path, "`gannet stop` stops the whole training") for path in paths]
    problems: list[str] = []
    asked: list[Path] = []
    for folder in folders:
        try:
            submit(folder, "stop", {})
            asked.append(folder)
        except UserError as error:
            problems += error.problems
    for folder in asked:
        _wait(folder, problems)
    if problems:
        raise UserError(*problems)
    return 0


def _wait(folder: Path, problems: list[str]) -> None:
    """Wait until the process has let the run go, and say which step is saved."""
    import time

    from gannet.errors import one_line
    from gannet.runs.lock import is_held
    from gannet.runs.reader import Run
    from gannet.runs.state import state_of
    from gannet.sessions.outcome import saved_sentence, saved_step

    end = time.monotonic() + PATIENCE_SECONDS
    while is_held(folder):
        if time.monotonic() > end:
            problems.append(
                f"{folder} has not stopped within {PATIENCE_SECONDS:.0f} s. It stops after its current step."
            )
            return
        time.sleep(POLL_SECONDS)
    state = state_of(folder, Run(folder).events())
    print(f"{one_line(str(folder))}: {state}. {saved_sentence(state.step, saved_step(folder))}")
