"""Carries a comparison out: trains and measures what is missing, and keeps the result at every stage."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import mean
from typing import Any

from gannet.comparison.existing import comparison_state, is_done
from gannet.comparison.one_run import bring_to_end, trained_row
from gannet.comparison.picture import draw
from gannet.comparison.plan import Comparison, Entry, Measurement
from gannet.comparison.result import VERSION, Result, Row
from gannet.comparison.telling import Narrator
from gannet.errors import UserError
from gannet.files import written_whole
from gannet.reports.comparison import PICTURE_FILE, write_tables
from gannet.reports.comparison_document import RESULT_FILE, read_comparison
from gannet.runs.lock import RunLock
from gannet.runs.state import RunState

Engine = Callable[[Sequence[Entry], Measurement, Narrator, Callable[[Entry], None]], Iterable[Row]]
"""Brings runs to their end, in any order and anywhere, and gives each row when it is there; the last argument is
called with each run that begins.
"""


def one_by_one(
    entries: Sequence[Entry], measurement: Measurement, narrator: Narrator, begins: Callable[[Entry], None]
) -> Iterator[Row]:
    """The engine of a comparison without ``--jobs``: one run after the other, in this process."""
    for entry in entries:
        begins(entry)
        yield bring_to_end(entry, measurement, narrator)


def carry_out(comparison: Comparison, narrator: Narrator, engine: Engine = one_by_one, *, at_once: int = 1) -> Result:
    """Bring every run to its end, measure it, and write ``compare.json``, ``samples.png`` and the tables and figures of
    a paper.

    Args:
        comparison: what is to be done.
        narrator: reports what happens.
        engine: trains and measures the runs.
        at_once: runs that the engine trains side by side, for the time that is left.

    Raises:
        UserError: a directory holds another run (found before anything is trained), or another process works here.
        Interrupted: a signal came while training; the same call continues from there.
    """
    entries = comparison.entries
    states = {entry.path: comparison_state(entry) for entry in entries}
    with _locked(comparison.path):
        known = _known_cards(comparison)
        rows: list[Row] = []
        missing = [entry for entry in entries if not (is_done(states[entry.path]) and _is_known(entry, states, known))]

        def begins(entry: Entry) -> None:
            narrator.say(_announcement(comparison, entry, states, rows, at_once))

        for entry in entries:
            if entry not in missing:
                begins(entry)
                rows.append(Row.from_json(entry, known[entry.path]) if entry.path in known else trained_row(entry))
        for row in engine(missing, comparison.measurement, narrator, begins):
            rows.append(row)
            if row.status == "failed":
                narrator.warned(f"{row.entry.name}: {row.text}")
            _write(_result(comparison, rows))
        result = _result(comparison, rows)
        _write(result)
        with written_whole(comparison.path / PICTURE_FILE) as file:
            draw(result).save(file, "PNG")
        write_tables(comparison.path, result.as_json())
        return result


def _is_known(entry: Entry, states: Mapping[Path, RunState], known: Mapping[Path, Any]) -> bool:
    """Whether the row needs no more work: stopped by the guard, or measured before in the same way."""
    return states[entry.path].reason == "guard" or entry.path in known


def _result(comparison: Comparison, rows: Iterable[Row]) -> Result:
    """The rows in the order of the entries: runs side by side end in any order."""
    order = {entry.path: number for number, entry in enumerate(comparison.entries)}
    return Result(comparison, tuple(sorted(rows, key=lambda row: order[row.entry.path])))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"Cannot make the folder {path}: {error.strerror}.") from None
    lock = RunLock(path)
    try:
        yield
    finally:
        lock.release()


def _announcement(
    comparison: Comparison, entry: Entry, states: Mapping[Path, RunState], rows: Sequence[Row], at_once: int
) -> str:
    entries, state = comparison.entries, states[entry.path]
    doing = (
        f"was {state}"
        if state.reason == "guard"
        else {"finished": "is there already", "empty": "starts"}.get(state.word, "continues")
    )
    done = {row.entry.path for row in rows}
    left = seconds_left(
        [other for other in entries if other.path not in done and not is_done(states[other.path])], rows
    )
    left = left and left / max(1, min(at_once, len(entries) - len(rows)))
    time = (
        ""
        if not left
        else f"; about {left / 60:.0f} min left in all"
        if left >= 90
        else f"; about {left:.0f} s left in all"
    )
    number = 1 + [other.path for other in entries].index(entry.path)
    return f"run {number} of {len(entries)}: {entry.name}, {doing}{time}"


def seconds_left(entries: list[Entry], rows: Sequence[Row]) -> float | None:
    """For training these entries, by the rows that are done: those of the same recipe where there are any, else all
    of them.
    """
    if not rows:
        return None
    known: dict[str, list[float]] = {}
    for row in rows:
        known.setdefault(row.entry.recipe, []).append(row.seconds)
    typical = mean(row.seconds for row in rows)
    return sum(mean(known.get(entry.recipe, [typical])) for entry in entries)


def _write(result: Result) -> None:
    with written_whole(result.path / RESULT_FILE) as file:
        file.write(json.dumps(result.as_json(), allow_nan=False, indent=1).encode() + b"\n")


def _known_cards(comparison: Comparison) -> dict[Path, Mapping[str, Any]]:
    """Runs that were measured before in the same way, by their path."""
    try:
        document = read_comparison(comparison.path)
    except UserError:
        return {}
    if document.get("version") != VERSION or not isinstance(document.get("environment"), dict):
        return {}
    record = comparison.entries[0].record
    same = {
        "measurement": comparison.measurement.as_json(),
        "data": record.data.as_json(),
        "environment": _software(record.environment),
    }
    if same != {**{name: document.get(name) for name in same}, "environment": _software(document["environment"])}:
        return {}
    runs = [run for recipe in document["recipes"] for run in recipe["runs"]]
    return {comparison.path / run["path"]: run for run in runs if run["status"] == "finished" and run["cards"]}


def _software(environment: Mapping[str, str]) -> dict[str, str]:
    """Without what differs between runs side by side and between machines."""
    return {name: value for name, value in environment.items() if name not in ("threads", "cpu_count")}
