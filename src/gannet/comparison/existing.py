"""What is already there of a run: nothing, a part, all of it, or something else that must not be touched."""

from __future__ import annotations

from typing import Any, Literal

from gannet.comparison.plan import Entry
from gannet.errors import UserError
from gannet.evaluation.comparable import differing
from gannet.runs.reader import Run, read_record
from gannet.runs.schema import CHECKPOINTS_FOLDER, RECIPE_FILE
from gannet.training import checkpoint

State = Literal["new", "begun", "unfinished", "finished", "stopped"]
"""``begun`` has no checkpoint yet and continues from step 0; ``stopped`` was stopped by its guard and would stop again."""


def state_of(entry: Entry) -> State:
    """How far the run is.

    Raises:
        UserError: the directory holds a run that was made in another way, or no run at all; it is left as it is.
    """
    if not entry.path.exists() or (entry.path.is_dir() and not any(entry.path.iterdir())):
        return "new"
    _require_same(entry)
    if guard_stop(entry):
        return "stopped"
    folder = entry.path / CHECKPOINTS_FOLDER
    if not checkpoint.newest_first(folder):
        return "begun"
    newest, _ = checkpoint.latest_valid(folder)
    step, _ = checkpoint.progress_of(newest)
    steps = entry.record["arguments"]["steps"]
    if step > steps:
        raise UserError(f"{entry.path} was trained on to step {step}, beyond the {steps} that are compared. Give another --out.")
    return "finished" if step == steps else "unfinished"


def guard_stop(entry: Entry) -> dict[str, Any] | None:
    """The last event, if it says that the guard stopped the run."""
    events = Run(entry.path).events()
    last = events[-1] if events else {}
    # Runs of earlier versions give no reason, and a text only here.
    return last if last.get("kind") == "stop" and last.get("reason", "guard" if last.get("text") else "") == "guard" else None


def _require_same(entry: Entry) -> None:
    found = read_record(entry.path)
    fields = differing(found, entry.record)
    if found["data"].get("content_hash") == entry.record["data"]["content_hash"]:
        fields.pop("data.arguments.path", None)  # the same data at another place
    if fields:
        named = ", ".join(f"{field} ({there} there, {now} now)" for field, (there, now) in list(fields.items())[:4])
        more = f" and {len(fields) - 4} more" if len(fields) > 4 else ""
        raise UserError(f"{entry.path} holds another run: it differs in {named}{more}. Give another --out, or remove that run.")
    source = entry.path / RECIPE_FILE
    if source.is_file() and source.read_text(encoding="utf-8") != entry.source:
        raise UserError(f"{entry.path} was made by an earlier version of its recipe's source. Give another --out, or remove that run.")
