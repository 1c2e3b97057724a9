"""The command line that trains a recorded run."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import JsonValue

from gannet.errors import in_shell
from gannet.runs.records import RunRecord

FLAGS = ("init", "steps", "seed", "device", "precision")


def train_command(record: RunRecord, step: int = 0, *, finished: bool = False) -> str:
    """``gannet train ...``, quoted for the shell, that trains a run again; only ``--out`` is left to the reader.

    Every key is written out, because defaults may differ in another version. A run that was made from another run names
    it, and its own changes. Live edits are not part of it.

    Args:
        record: of the run.
        step: the run's last one.
        finished: whether it was the last step of the newest session, which ``gannet resume --steps`` may have set to
            more or fewer than the recorded total. A run that stopped early has its recorded total before it.
    """
    parent = record.parent
    planned = step if record.steps is None else record.steps
    longer: dict[str, JsonValue] = {"steps": step} if step > planned or (finished and step < planned) else {}
    if parent is not None:
        data = f"{parent.run}@{parent.step}" if parent.step else parent.run
        return _command(data, record.recipe if record.recipe.endswith(".py") else None, {**parent.changes, **longer})
    init = {"init": f"{record.init.run}@{record.init.step}"} if record.init is not None else {}
    data = {f"data.{name}": value for name, value in record.data.arguments.items()}
    return _command(
        record.data.source, record.recipe, {**init, **record.settings, **record.arguments, **longer, **data}
    )


def _command(data: str, recipe: str | None, values: Mapping[str, JsonValue]) -> str:
    words = ["gannet", "train", data, *(["--recipe", recipe] if recipe else [])]
    for name in FLAGS:
        if name in values:
            words += [f"--{name}", as_text(values[name])]
    return in_shell(*words, *(f"{name}={as_text(value)}" for name, value in values.items() if name not in FLAGS))


def as_text(value: JsonValue) -> str:
    """A recorded value as the command line reads it."""
    return value if isinstance(value, str) else "none" if value is None else json.dumps(value)
