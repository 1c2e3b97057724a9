"""How a run ended, from its own events."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

State = Literal[
    "finished", "stopped by a command", "stopped by a signal", "stopped by its guard", "stopped by a failure", "interrupted", "running",
    "not begun",
]  # fmt: skip
ENDS = ("start", "resume", "stop", "finish")
REASONS: dict[str, State] = {
    "command": "stopped by a command", "signal": "stopped by a signal", "guard": "stopped by its guard", "error": "stopped by a failure",
}  # fmt: skip
"""Values of the field ``reason`` of a stop. Older runs have only a text, or nothing."""
BY_COMMAND, BY_SIGNAL = re.compile(r"stopped by the command\b", re.IGNORECASE), re.compile(r"stopped by (the )?signal\b", re.IGNORECASE)
GUARD = "not finite"
"""What every sentence of the guard says."""


def ending(events: Sequence[Mapping[str, Any]]) -> tuple[State, Mapping[str, Any] | None]:
    """The state of a run that no process writes, and the event that tells it.

    Older runs recorded no reason for a stop by a command or a signal: the command itself is then in the journal.
    """
    last = next((event for event in reversed(events) if event["kind"] in ENDS), None)
    if last is None:
        return "not begun", None
    if last["kind"] != "stop":
        return ("finished" if last["kind"] == "finish" else "interrupted"), last
    if last.get("reason") in REASONS:
        return REASONS[last["reason"]], last
    text = str(last.get("text") or "")
    if BY_COMMAND.search(text) or (not text and _was_asked(events, last)):
        return "stopped by a command", last
    if BY_SIGNAL.search(text) or not text:
        return "stopped by a signal", last
    return ("stopped by its guard" if GUARD in text else "stopped by a failure"), last


def _was_asked(events: Sequence[Mapping[str, Any]], stop: Mapping[str, Any]) -> bool:
    """Whether this session, not an earlier one, was given the command."""
    began = max((event["seq"] for event in events if event["kind"] in ("start", "resume") and event["seq"] < stop["seq"]), default=-1)
    return any(
        event["kind"] == "command" and event.get("name") == "stop" and event.get("outcome") == "applied" and event["seq"] > began
        for event in events
    )
