"""What happened to a run and its files: its record, its end, its checkpoints, its warnings. Its settings are not the
reason.
"""

from __future__ import annotations

import shlex

from gannet.config.plan import plan_again
from gannet.discovery import is_outside
from gannet.doctor.complaint import Complaint, Severity
from gannet.doctor.remedies import remedy
from gannet.errors import UserError, in_shell
from gannet.runs.reader import Run
from gannet.runs.records import Event
from gannet.runs.retrain import retrain_command
from gannet.runs.schema import CHECKPOINTS_FOLDER, RUN_FILE
from gannet.runs.state import RunState
from gannet.training import checkpoint


def damaged_record(run: Run, step: int) -> list[Complaint]:
    """Whether run.json still says how to train the run; without that, no command can continue or repeat it."""
    record = run.record
    if record.recipe.endswith(".py") or any(is_outside(value) for value in record.arguments.values()):
        return []  # only its owner's code can tell
    try:
        plan_again(record, steps=None, recipe_file=None)
        problem = ""
    except UserError as error:
        problem = error.problems[0].rstrip(".")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problem = f"{error} is missing" if isinstance(error, KeyError) else f"{type(error).__name__}: {error}"
    if not problem:
        return []
    text = f"{RUN_FILE} is damaged: {problem}. The run cannot be resumed, sampled or measured."
    kept = (
        f"`{in_shell('gannet', 'report', run.path)}` still shows what was recorded; a copy of {RUN_FILE} makes the "
        f"run whole again."
    )
    return [Complaint("record", "alarm", text, kept, (step, step))]


def is_over(state: RunState) -> bool:
    """Whether nothing will be recorded any more, unless somebody resumes the run."""
    return not state.is_live and state.word != "empty"


def ended(run: Run, state: RunState, *, damaged: bool) -> list[Complaint]:
    """How a run ended early. Its settings are not the reason, and it can be continued."""
    again = f"`{in_shell('gannet', 'resume', run.path)}` continues from the newest checkpoint."
    if damaged:
        again = "It cannot be resumed with a damaged run.json."
    step, stop = state.step, state.event if state.word == "stopped" else None
    texts = {
        "command": f"A person stopped it at step {step:,} with the command 'stop'.",
        "time": f"It stopped at its time limit (--max-time), at step {step:,}.",
        "signal": f"A signal stopped it at step {step:,}.",
        "error": f"It failed at step {step:,}.",
        "interrupted": f"The process ended after step {step:,} and recorded no reason: killed, out of memory, or a "
        f"crash of the machine.",
    }
    how = state.reason or state.word
    if how not in texts:
        return []
    reason = "" if stop is None else stop.text.strip().rstrip(".")
    recorded = f" The record says: {reason}." if reason else ""
    severity: Severity = "alarm" if how == "error" else "warning"
    return [
        Complaint(
            "ended-early", severity, f"{texts[how]}{recorded}", again, (step, step), () if stop is None else (stop.seq,)
        )
    ]


def checkpoints(run: Run, state: RunState) -> list[Complaint]:
    """Damaged checkpoints, or none at all."""
    step = state.step
    found = checkpoint.newest_first(run.path / CHECKPOINTS_FOLDER)
    damage = {path.name: problems for path in found if (problems := checkpoint.problems(path))}
    if found and len(damage) == len(found):
        text = (
            f"No checkpoint can be used: {'; '.join(problem for problems in damage.values() for problem in problems)}."
        )
        return [
            Complaint(
                "checkpoints",
                "alarm",
                text,
                f"Train it again with `{retrain_command(run.path, run.record, {})}`; the frames and terms of this run "
                f"stay.",
                (step, step),
            )
        ]
    if damage:
        text = f"{'; '.join(problem for problems in damage.values() for problem in problems)}."
        good = next(path.name for path in found if path.name not in damage)
        return [
            Complaint(
                "checkpoints",
                "warning",
                text,
                f"Resuming and sampling use {good}; delete the damaged one.",
                (step, step),
            )
        ]
    if not found and is_over(state):
        again = f"Train it again with `{retrain_command(run.path, run.record, {'checkpoint.every': 100})}`."
        return [Complaint("checkpoints", "warning", "No checkpoint was written.", again, (step, step))]
    return []


def warnings(run: Run, events: list[Event]) -> list[Complaint]:
    """Equal sentences count once."""
    grouped: dict[str, list[Event]] = {}
    for event in events:
        if event.kind == "warning":
            grouped.setdefault(event.text, []).append(event)
    return [
        Complaint(
            "recorded",
            "warning",
            text,
            remedy(shlex.quote(str(run.path)), text),
            (group[0].step, group[-1].step),
            tuple(event.seq for event in group),
        )
        for text, group in grouped.items()
    ]
