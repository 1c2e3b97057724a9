"""The command line that trains a run once more with other settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from pydantic import JsonValue

from gannet.errors import in_shell
from gannet.runs.command_line import as_text
from gannet.runs.records import RunRecord


def retrain_command(
    path: Path,
    record: RunRecord,
    changes: Mapping[str, JsonValue],
    *,
    recipe: str | None = None,
    done: int = 0,
    planned: int | None = None,
    edited: Collection[str] = (),
) -> str:
    """A ``gannet`` command, quoted for the shell. The run itself stays as it is, unless more steps are all that
    changes.

    Args:
        path: of the run.
        record: its run.json.
        changes: keys and their new values.
        recipe: another recipe, with its own values; the changes do not apply to it.
        done: steps trained; a greater number of ``steps`` continues the run where that is exact.
        planned: steps of the newest session, which `gannet resume` trains to; those of the record if None.
        edited: keys that were set while the run trained; to train it again would set them again.
    """
    name, arguments = record.recipe, record.arguments
    file = ["--recipe", name] if name.endswith(".py") else []
    constant = all(value == "constant" for key, value in arguments.items() if key.endswith(".schedule"))
    seed = ["--seed", str(record.settings.get("seed", 0))]
    if recipe is not None:
        return _line("train", _source(record), _data(record), ["--recipe", recipe, *seed])
    steps = changes.get("steps")
    if set(changes) == {"steps"} and isinstance(steps, int) and steps > done and (constant or steps == record.steps):
        longer = ["--steps", str(steps)] if steps != (planned or record.steps) else []
        return _line("resume", str(path), {}, [*longer, *file])
    replaced = tuple(f"{key}." for key in changes if any(other.startswith(f"{key}.") for other in arguments))
    if not replaced and not set(changes) & set(edited):
        return _line("train", str(path), changes, file)
    # A component's own fields go with it, and edits would be repeated: both need a run from nothing.
    kept = {key: value for key, value in arguments.items() if not (replaced and key.startswith(replaced))}
    return _line("train", _source(record), {**kept, **changes, **_data(record)}, ["--recipe", name, *seed])


def _source(record: RunRecord) -> str:
    return record.data.source or "DATA"


def _data(record: RunRecord) -> dict[str, JsonValue]:
    return {f"data.{key}": value for key, value in record.data.arguments.items() if value is not None}


def _line(verb: str, what: str, values: Mapping[str, JsonValue], flags: list[str]) -> str:
    return in_shell("gannet", verb, what, *flags, *(f"{key}={as_text(value)}" for key, value in values.items()))
