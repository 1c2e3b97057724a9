"""What is already there of a run: nothing, a part, all of it, or something else that must not be touched."""

from __future__ import annotations

from dataclasses import replace

from gannet.comparison.plan import Entry
from gannet.errors import UserError
from gannet.files import read_regular
from gannet.runs import state as runs_state
from gannet.runs.comparable import differing
from gannet.runs.reader import Run, read_record
from gannet.runs.schema import CHECKPOINTS_FOLDER, RECIPE_FILE
from gannet.runs.state import RunState
from gannet.training import checkpoint

NOTHING = RunState("empty", None, 0, 0.0)


def comparison_state(entry: Entry) -> RunState:
    """How the run stands for a comparison, which continues from checkpoints.

    ``empty`` where there is no checkpoint to continue from, ``finished`` only if the newest one is of the last step
    that is compared.

    Raises:
        UserError: the directory holds a run that was made in another way, or no run at all; it is left as it is.
    """
    if not entry.path.exists() or (entry.path.is_dir() and not any(entry.path.iterdir())):
        return NOTHING
    _require_same(entry)
    state = runs_state.state_of(entry.path, Run(entry.path).events())
    if state.reason == "guard":
        return state
    folder = entry.path / CHECKPOINTS_FOLDER
    if not checkpoint.newest_first(folder):
        return replace(state, word="empty", reason=None)
    newest, _ = checkpoint.latest_valid(folder)
    step, _ = checkpoint.progress_of(newest)
    steps = entry.plan.values["recipe"]["steps"]
    if step > steps:
        raise UserError(
            f"{entry.path} was trained on to step {step}, beyond the {steps} that are compared. Give another --out."
        )
    if step == steps:
        return replace(state, word="finished", reason=None, step=step)
    return (
        replace(state, word="interrupted", reason=None, step=step)
        if state.word == "finished"
        else replace(state, step=step)
    )


def threads_of(entry: Entry) -> int:
    """Threads to train with: those of the run that is there, so that it continues bit for bit, whatever ``--jobs``
    is now.
    """
    if not Run.is_at(entry.path):
        return entry.threads
    recorded = read_record(entry.path).environment.get("threads", "")
    return int(recorded) if recorded.isdigit() and int(recorded) > 0 else entry.threads


def is_done(state: RunState) -> bool:
    """Whether nothing is left to train: the last step is there, or the guard stopped the run and would again."""
    return state.word == "finished" or state.reason == "guard"


def _require_same(entry: Entry) -> None:
    found = read_record(entry.path)
    fields = differing(found.as_json(), entry.record.as_json())
    fields.pop("version", None)  # of the format
    for name in ("threads", "cpu_count"):  # a run keeps its threads, and may come from another machine
        fields.pop(f"environment.{name}", None)
    if found.data.content_hash == entry.record.data.content_hash:
        fields.pop("data.arguments.path", None)  # the same data at another place
        fields.pop("data.num_samples", None)  # only recorded by training, of data that are too few to measure
    if fields:
        named = ", ".join(f"{field} ({there} there, {now} now)" for field, (there, now) in list(fields.items())[:4])
        more = f" and {len(fields) - 4} more" if len(fields) > 4 else ""
        raise UserError(
            f"{entry.path} holds another run: it differs in {named}{more}. Give another --out, or remove that run."
        )
    source = entry.path / RECIPE_FILE
    if source.is_file() and read_regular(source).decode(errors="replace") != entry.source:
        raise UserError(
            f"{entry.path} was made by an earlier version of its recipe's source. Give another --out, or remove that "
            f"run."
        )
