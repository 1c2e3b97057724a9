"""What went wrong in a training, from its run directory alone: findings with evidence and a suggestion, worst first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gannet.health import scores
from gannet.health.base import Finding, all_rules, examine, history_of
from gannet.runs.lock import is_written
from gannet.runs.reader import Run
from gannet.runs.schema import CHECKPOINTS_FOLDER
from gannet.training import checkpoint

State = Literal["finished", "stopped", "stopped by its guard", "interrupted", "running", "not begun"]
Severity = Literal["alarm", "warning", "past"]
"""``past``: noticed while training, and over when it ended."""
ORDER = ("alarm", "warning", "past")
GREW = 10.0
"""Growth of a gradient norm before a stop that is worth telling."""


@dataclass(frozen=True)
class Complaint:
    """One thing that is wrong."""

    rule: str
    severity: Severity
    text: str
    """What was seen, with its figures."""
    suggestion: str
    steps: tuple[int, int]
    """From the first record that says so to the last."""
    records: tuple[int, ...] = ()
    """``seq`` of the events that say so; empty where it follows from all of them."""
    values: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor found."""

    run: str
    state: State
    step: int
    steps: int
    """That were asked for."""
    complaints: list[Complaint]
    """Worst first; empty for a healthy run."""
    looked_at: list[str]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def diagnose(path: str | Path) -> Diagnosis:
    """Examine a run directory; nothing in it is changed and none of its code is run.

    Raises:
        UserError: not a run directory.
    """
    run = Run(path)
    events, keys = run.events(), dict(run.record["arguments"])
    state = _state(run, events)
    step = max((event["step"] for event in events), default=0)
    steps = int(keys.get("steps") or step)
    complaints = [
        *_stopped(run, events, keys, state),
        *_noticed(events, keys, over=state not in ("running", "not begun")),
        *_worsened(run, keys),
        *_checkpoints(run, step, state),
        *_warnings(events),
    ]
    # What began first is the likelier cause.
    complaints.sort(key=lambda complaint: (ORDER.index(complaint.severity), complaint.steps[0]))
    return Diagnosis(run.name, state, step, steps, complaints, _looked_at(run, events))


def _state(run: Run, events: list[dict[str, Any]]) -> State:
    if is_written(run.path):
        return "running"
    last = next((event for event in reversed(events) if event["kind"] in ("start", "resume", "stop", "finish")), None)
    if last is None:
        return "not begun"
    if last["kind"] == "stop":
        return "stopped by its guard" if last.get("text") else "stopped"
    return "finished" if last["kind"] == "finish" else "interrupted"


def _stopped(run: Run, events: list[dict[str, Any]], keys: Mapping[str, Any], state: State) -> list[Complaint]:
    step = max((event["step"] for event in events), default=0)
    again = f"gannet resume {run.path}"
    if state == "stopped by its guard":
        last = next(event for event in reversed(events) if event["kind"] == "stop")
        advice = all_rules()["exploding-gradient"].advice(keys, {})
        return [Complaint("guard", "alarm", f"{last['text']}{_growth(events)}", advice, (step, step), (last["seq"],))]
    if state == "interrupted":
        text = f"The process ended without a word after step {step:,}: killed, out of memory, or the machine went down."
        return [Complaint("interrupted", "warning", text, f"{again} goes on from the newest checkpoint.", (step, step))]
    if state == "stopped":
        return [
            Complaint("interrupted", "warning", f"A signal stopped it at step {step:,}; all is saved.", f"{again} goes on.", (step, step))
        ]
    return []


def _growth(events: list[dict[str, Any]]) -> str:
    """What the gradient norms did before the stop."""
    history = history_of(events)
    told = ""
    for name in history.named("gradient_norm"):
        steps, values = history.get(name)
        if len(values) >= 4 and values[-1] >= GREW * np.median(values):
            told += f" {name} had grown to {values[-1]:.3g} at step {steps[-1]:,}; its median is {np.median(values):.3g}."
    return told


def _noticed(events: list[dict[str, Any]], keys: Mapping[str, Any], *, over: bool) -> list[Complaint]:
    rules = all_rules()
    now = {finding.rule: finding for finding in examine(history_of(events, finished=over))}
    told: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        if event["kind"] == "health" and event.get("rule") in rules:
            told.setdefault(event["rule"], []).append(event)
    last_look = max((event["step"] for event in events if event["kind"] in ("vitals", "terms")), default=0)
    found = [_complaint(name, now.get(name), told.get(name, []), last_look) for name in sorted(now.keys() | told.keys())]
    return [replace(c, suggestion=rules[c.rule].advice(keys, c.values)) if c.severity != "past" else c for c in found]


def _complaint(name: str, now: Finding | None, told: list[dict[str, Any]], last_look: int) -> Complaint:
    first = told[0]["step"] if told else last_look
    records = tuple(event["seq"] for event in told)
    worst = next((event for event in reversed(told) if event.get("severity") == "alarm"), told[-1] if told else {})
    if now is None:
        text = f"{worst.get('text', '')} It was over at the last look."
        return Complaint(name, "past", text, "Nothing to do, unless it comes again.", (first, told[-1]["step"]), records)
    if now.severity == "warning" and worst.get("severity") == "alarm":
        text = f"{now.text} At step {worst['step']:,} it was worse: {worst.get('text', '')}"
        return Complaint(name, "alarm", text, "", (first, last_look), records, now.values)
    return Complaint(name, now.severity, now.text, "", (first, last_look), records, now.values)


def _worsened(run: Run, keys: Mapping[str, Any]) -> list[Complaint]:
    """The metric that grew worst speaks for all, and what the newest cards themselves warn of is said with it."""
    cards = run.scores()
    found = scores.worsened(cards)
    if not found:
        return []
    newest = max(card["step"] for card in cards)
    warned = dict.fromkeys(sentence for card in cards if card["step"] == newest for sentence in card.get("warnings", ()))
    others = len({finding.text for finding in found}) - 1
    more = f" {others} more scores are worse than they were." if others else ""
    worst = found[0].values
    text = f"{found[0].text}{more}{''.join(f' {sentence}' for sentence in warned)}"
    steps = (int(worst["best_step"]), int(worst["step"]))
    return [Complaint(scores.NAME, "warning", text, scores.advice(keys, worst), steps, values=worst)]


def _checkpoints(run: Run, step: int, state: State) -> list[Complaint]:
    found = checkpoint.newest_first(run.path / CHECKPOINTS_FOLDER)
    damage = {path.name: problems for path in found if (problems := checkpoint.problems(path))}
    if found and len(damage) == len(found):
        text = f"No checkpoint can be used: {'; '.join(problem for problems in damage.values() for problem in problems)}."
        return [Complaint("checkpoints", "alarm", text, "Train again; the run's frames and terms are still there.", (step, step))]
    if damage:
        text = f"{'; '.join(problem for problems in damage.values() for problem in problems)}."
        good = next(path.name for path in found if path.name not in damage)
        return [Complaint("checkpoints", "warning", text, f"Resuming and sampling use {good}; delete the damaged one.", (step, step))]
    if not found and state not in ("running", "not begun"):
        return [Complaint("checkpoints", "warning", "No checkpoint was written.", "Train again, with checkpoint.every=100.", (step, step))]
    return []


def _warnings(events: list[dict[str, Any]]) -> list[Complaint]:
    """Equal sentences count once."""
    grouped: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        if event["kind"] == "warning":
            grouped.setdefault(str(event.get("text", "")), []).append(event)
    return [
        Complaint(
            "recorded", "warning", text, "See the sentence itself.", (group[0]["step"], group[-1]["step"]), tuple(e["seq"] for e in group)
        )
        for text, group in grouped.items()
    ]


def _looked_at(run: Run, events: list[dict[str, Any]]) -> list[str]:
    kinds = [event["kind"] for event in events]
    history = history_of(events)
    vitals = sorted({name for event in events if event["kind"] == "vitals" for name in event.get("values", {}) if "/" not in name})
    return [
        f"{kinds.count('terms')} records of terms and {kinds.count('vitals')} of vitals ({', '.join(vitals) or 'none'})",
        f"{len(history.named('gradient_norm'))} series of gradient norms",
        f"{len(run.scores())} score cards",
        f"{len(checkpoint.newest_first(run.path / CHECKPOINTS_FOLDER))} checkpoints, byte for byte",
        f"the rules {', '.join(all_rules())}",
    ]
