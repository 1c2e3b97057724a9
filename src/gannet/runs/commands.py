"""Commands to a running training: files that a person's page writes and the training process looks at between steps.

::

    RUN/commands/000001.json    {"name": "set", "arguments": {"key": "optimizer.generator.lr", "value": 0.0001}}

A command file is whole or absent and never changed or removed. Its answer is one event of kind ``command`` with the
same number, see ``runs/schema.py``; a number that has an event is never looked at again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gannet.errors import UserError, did_you_mean, in_shell
from gannet.files import open_regular, to_disk, whole_file
from gannet.keys import unknown_number
from gannet.runs.links import refuse_links
from gannet.runs.lock import is_held
from gannet.runs.reader import Run, read_record
from gannet.runs.records import Event, RunRecord
from gannet.runs.schema import COMMANDS_FOLDER

REASONS = {"missing": "is needed", "extra_forbidden": "is not an argument of it"}
LONGEST_FILE = 100_000
"""Bytes; a longer file is not a command."""


class Arguments(BaseModel):
    """The arguments of a command without arguments; the base of all others."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class StepArguments(Arguments):
    """``step``: stay paused, and play some steps."""

    player: str = "all"
    """A player's name for turns of this player alone; ``all`` for whole steps of the game."""
    count: Annotated[int, Field(ge=1, le=100_000)] = 1
    """Turns, or steps."""


class SpeedArguments(Arguments):
    """``speed``: limit the speed of training."""

    steps_per_second: Annotated[float, Field(gt=0, le=1e6)] | None
    """None removes the limit."""


class SetArguments(Arguments):
    """``set``: change the value of a key from the next step on."""

    key: str
    """As on the command line, for example ``optimizer.generator.lr`` or ``penalty.gamma``."""
    value: float | None
    """Checked by the rules of the command line when it is applied; None if the key may be none."""


COMMANDS: dict[str, type[Arguments]] = {
    "pause": Arguments,
    "go": Arguments,
    "step": StepArguments,
    "speed": SpeedArguments,
    "set": SetArguments,
    "snapshot": Arguments,
    "slow": Arguments,
    "stop": Arguments,
}
"""Every command and its arguments."""


@dataclass(frozen=True)
class Command:
    """A command of a valid form."""

    number: int
    name: str
    arguments: Arguments
    """Complete: defaults are filled in."""


def submit(run: Path, name: str, arguments: Mapping[str, object]) -> int:
    """Send a command to the process that trains ``run``; returns its number.

    The answer comes within a step or a twentieth of a second, whichever is longer, as an event: ``answer(run,
    number)``.

    Args:
        run: the run directory.
        name: a key of :data:`COMMANDS`.
        arguments: the fields of its model.

    Raises:
        UserError: an unknown command, key or player, a wrong type, a value out of range, a run that is not being
            trained now, or a directory that cannot be written. Nothing is left behind.
    """
    record = read_record(run)
    refuse_links(run)
    complete = checked(name, arguments)
    _refuse_early(complete, record)
    if not is_held(run):
        again = in_shell("gannet", "resume", run)
        raise UserError(f"{run} is not being trained now, so it takes no commands; continue it with `{again}` first.")
    try:
        return _write(
            run / COMMANDS_FOLDER, json.dumps({"name": name, "arguments": complete.model_dump()}).encode() + b"\n"
        )
    except OSError as error:
        raise UserError(f"Cannot write the command into {run / COMMANDS_FOLDER}: {error.strerror or error}.") from None


def pending(run: Path, after: int = 0) -> list[tuple[int, Path]]:
    """(number, file) of commands with a number above ``after``, in order."""
    try:
        names = os.listdir(run / COMMANDS_FOLDER)
    except OSError:
        return []
    numbers = sorted(
        int(name[:-5]) for name in names if name.endswith(".json") and name[:-5].isascii() and name[:-5].isdigit()
    )
    return [
        (number, run / COMMANDS_FOLDER / _file_name(number))
        for number in numbers
        if number > after and _file_name(number) in names
    ]


def read_command(number: int, path: Path) -> Command:
    """The command in a file.

    Raises:
        UserError: torn, too long, or not a command; one sentence for the event.
    """
    try:
        with open_regular(path) as file:
            content = json.loads(file.read(LONGEST_FILE))
        name, arguments = content["name"], content["arguments"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{path.name} is not a command file ({type(error).__name__}).") from None
    if not isinstance(name, str) or not isinstance(arguments, dict):
        raise UserError(f"{path.name} is not a command file (it needs a name and arguments).")
    return Command(number, name, checked(name, arguments))


def checked(name: str, arguments: Mapping[str, object]) -> Arguments:
    """The complete arguments of a command.

    Raises:
        UserError: unknown command or argument, wrong type, out of range.
    """
    if name not in COMMANDS:
        raise UserError(f"Unknown command {name!r}.{did_you_mean(str(name), COMMANDS)}")
    try:
        return COMMANDS[name].model_validate(dict(arguments))
    except ValidationError as error:
        reasons = (
            f"{'.'.join(map(str, e['loc']))} {REASONS.get(e['type']) or e['msg'].replace('Input ', '')}"
            for e in error.errors()
        )
        raise UserError(f"The command {name} is not valid: {'; '.join(dict.fromkeys(reasons))}.") from None


def answer(run: Path, number: int) -> Event | None:
    """The event with the outcome of a command; None if it has not been answered yet."""
    return next((event for event in Run(run).events() if event.kind == "command" and event.number == number), None)


def _refuse_early(arguments: Arguments, record: RunRecord) -> None:
    """Refuse what run.json shows to be impossible; the rest is checked when the command is applied."""
    keys = record.arguments
    if isinstance(arguments, SetArguments):
        numbers = [
            key
            for key, value in keys.items()
            if value is None or (isinstance(value, int | float) and not isinstance(value, bool))
        ]
        if arguments.key not in numbers:
            raise UserError(unknown_number(arguments.key, arguments.value, numbers))
    players = [key.split(".")[1] for key in keys if key.startswith("optimizer.") and key.endswith(".lr")]
    if players and isinstance(arguments, StepArguments) and arguments.player not in [*players, "all"]:
        raise UserError(
            f"{arguments.player!r} is not a player of this run.{did_you_mean(arguments.player, [*players, 'all'])}"
        )


def _write(folder: Path, content: bytes) -> int:
    """Whole, durable, and under the next free number even where two processes write at once."""
    folder.mkdir(exist_ok=True)
    number = 1 + max((n for n, _ in pending(folder.parent)), default=0)
    while True:
        try:
            with whole_file(folder / _file_name(number), sync=True, exclusive=True) as file:
                file.write(content)
            break
        except FileExistsError:
            number += 1
    to_disk(folder)
    return number


def _file_name(number: int) -> str:
    return f"{number:06d}.json"
