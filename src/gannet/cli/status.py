"""``gannet status``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Folder = Annotated[
    Path | None,
    typer.Argument(metavar="[RUN|DIR]", help="A run, a folder of runs, or a name in ./runs; ./runs if omitted."),
]


def status(
    folder: Folder = None,
    json_output: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Say how each run of a folder stands."""
    import json

    from gannet.cli.terminal import Terminal
    from gannet.errors import UserError
    from gannet.runs.finding import find_runs

    root = folder_of_runs(folder)
    rows = [_row(path) for path in find_runs(root)]
    if json_output:
        print(json.dumps(rows, allow_nan=False))
        return 0
    if not rows:
        raise UserError(f"There are no runs in {root}. Give a folder that contains runs.")
    console = Terminal(soft_wrap=True)
    for line in _lines(rows, console.width):
        console.print(line)
    return 0


def _lines(rows: Sequence[Mapping[str, Any]], width: int) -> Iterator[str]:
    """A table whose names are never divided: one that leaves no room for the facts has a separate line."""
    from rich.cells import cell_len, set_cell_size

    from gannet.errors import one_line

    table = [("run", "state", "step", "last event")]
    table += [(one_line(row["run"]), row["state"], _steps(row), _ago(row["seconds_ago"])) for row in rows]
    names, states, steps, _ = ([cell_len(cell) for cell in column] for column in zip(*table, strict=True))
    room = width - max(states) - max(steps) - len("last event") - 6
    first = max(length for length in names if length <= room or length == names[0])
    for (name, state, step, ago), row in zip(table, ({}, *rows), strict=True):
        if cell_len(name) > first:
            yield name
            name = ""
        facts = f"{state:<{max(states)}}  {step:>{max(steps)}}  {ago}"
        yield f"{set_cell_size(name, first)}  {facts}".rstrip()
        yield from (f"  {one_line(row[field])}" for field in ("title", "description", "problem") if row.get(field))


def folder_of_runs(folder: Path | None) -> Path:
    """The folder that the user named, by its path or its name in ./runs; without one ./runs, or else the working
    directory.

    Raises:
        UserError: it is not a directory.
    """
    from gannet.errors import UserError
    from gannet.runs.finding import run_or_folder

    root = run_or_folder(folder) if folder else Path("runs") if Path("runs").is_dir() else Path()
    if not root.is_dir():
        raise UserError(f"{root} is not a directory. Give a run, or a folder of runs.")
    return root


def _row(path: Path) -> dict[str, Any]:
    """How one run stands; a damaged run is a row that says so."""
    import time

    from gannet.errors import UserError
    from gannet.runs.reader import Run
    from gannet.runs.state import state_of

    row: dict[str, Any] = {
        "run": str(path),
        "state": "damaged",
        "step": None,
        "steps": None,
        "seconds_ago": None,
        "problem": None,
        "title": "",
        "description": "",
    }
    try:
        run = Run(path)
        state = state_of(path, run.events())
    except UserError as error:
        return row | {"problem": f"damaged: {error}"}
    seconds = max(0.0, round(time.time() - state.seen, 1)) if state.seen else None  # a clock can be set back
    return (
        row
        | {"state": str(state), "step": state.step, "steps": state.planned(run.record), "seconds_ago": seconds}
        | {"title": run.label.title, "description": run.label.description}
    )


def _steps(row: Mapping[str, Any]) -> str:
    if row["step"] is None:
        return ""
    return f"{row['step']:,}" + (f" of {row['steps']:,}" if isinstance(row["steps"], int) else "")


def _ago(seconds: float | None) -> str:
    if seconds is None:
        return ""
    for length, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"
