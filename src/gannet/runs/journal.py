"""A check on each recorded command: a changed digit in events.jsonl must not become another run."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from gannet.errors import UserError
from gannet.files import read_regular
from gannet.runs.reader import parse_line
from gannet.runs.records import Event
from gannet.runs.schema import EVENTS_FILE

MARK = b'"kind":"command"'


def check_of(event: Event) -> str:
    """8 hex digits of sha256 of a command's other fields."""
    fields = {name: value for name, value in event.as_json().items() if name != "check"}
    return sha256(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:8]


def damaged_commands(path: Path) -> list[int]:
    """Line numbers (from 1) of commands in events.jsonl that cannot be read or do not fit their check.

    A torn line, which a full disk or a kill leaves, is not one: such a command was never applied.

    Raises:
        UserError: the file cannot be read.
    """
    try:
        lines = read_regular(path / EVENTS_FILE).split(b"\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UserError(f"Cannot read {path / EVENTS_FILE}: {error.strerror}.") from None
    return [number for number, line in enumerate(lines, 1) if line and _is_damaged(line)]


def _is_damaged(line: bytes) -> bool:
    if MARK not in line and b'"check":"' not in line:
        return False
    event = parse_line(line, Event)
    if event is None:
        return line.endswith(b"}")
    return bool(event.check) and event.check != check_of(event)
