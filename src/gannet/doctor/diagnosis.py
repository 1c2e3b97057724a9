"""What went wrong in a training, from its run directory alone: findings with evidence, the likely cause and what to
change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import JsonValue

from gannet.config.arguments import Root, read
from gannet.discovery import canonical, components
from gannet.doctor import scores
from gannet.doctor.causes import likely
from gannet.doctor.complaint import Complaint
from gannet.doctor.outcome import Outcome, outcome_of
from gannet.doctor.run_directory import checkpoints, damaged_record, ended, is_over, warnings
from gannet.errors import counted, in_shell
from gannet.health.base import Advice, Case, Finding, History, all_rules, examine, history_of
from gannet.runs.reader import Run
from gannet.runs.records import Event, ScoreCard
from gannet.runs.retrain import retrain_command
from gannet.runs.schema import CHECKPOINTS_FOLDER
from gannet.runs.state import RunState, state_of
from gannet.training import checkpoint

ORDER = ("alarm", "warning", "past")
GREW = 10.0
"""Growth of a gradient norm before a stop that is worth telling."""
SHOWN = 4
"""Number of metrics that are shown by name; the others are counted."""


@dataclass(frozen=True)
class Cause:
    """The likeliest reason for bad samples, and what to change."""

    name: str
    text: str
    """Why, with its figures."""
    changes: dict[str, JsonValue]
    """Keys and suggested values; ``recipe`` for another recipe."""
    command: str
    """Trains with the change; empty where no key helps."""


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor found."""

    run: str
    state: str
    """``RunState`` in words."""
    outcome: Outcome
    """The plain verdict."""
    step: int
    steps: int
    """Planned steps."""
    complaints: list[Complaint]
    """Worst first; empty if nothing was found."""
    cause: Cause | None
    """None where nothing is wrong with the samples or the training."""
    verdict: str
    """One sentence; "Nothing is wrong" only where score cards of the newest checkpoint are close to real data."""
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
    events, cards = run.events(), run.scores()
    state = state_of(run.path, events)
    step = state.step
    case = _case(run, events)
    steps = state.planned(run.record) or step
    history = history_of(events, finished=is_over(state))
    now = examine(history)
    ill = [*_guard(history, state), *_noticed(events, now), *_far(cards), *_worsened(cards)]
    damage = damaged_record(run, step)
    advice = None if damage else _advice(case, history, now, cards, ill, done=step)
    cause = None if advice is None else _cause(run, events, advice, state)
    if cause is not None or damage:
        given = "First restore run.json." if cause is None else cause.command or cause.text
        ill = [complaint if complaint.severity == "past" else replace(complaint, suggestion=given) for complaint in ill]
    files = [*damage, *ended(run, state, damaged=bool(damage)), *([] if damage else checkpoints(run, state))]
    complaints = [*ill, *files, *warnings(run, events)]
    # What began first is the likelier cause.
    complaints.sort(key=lambda complaint: (ORDER.index(complaint.severity), complaint.steps[0]))
    unmeasured = _unmeasured(run, cards, step)
    verdict = _verdict(cards, complaints, step, unmeasured, ill=cause is not None)
    outcome = outcome_of(
        complaints,
        None if cause is None else cause.name,
        step=step,
        is_measured=not unmeasured,
        copies=bool(scores.copied(cards)),
    )
    return Diagnosis(run.name, str(state), outcome, step, steps, complaints, cause, verdict, _looked_at(run, events))


def _case(run: Run, events: list[Event]) -> Case:
    """The run's settings with live edits, and the recipe's own; a recipe outside the package is never loaded."""
    keys = {**run.record.arguments, **_edits(events)}
    known = components("recipes").get(canonical(run.record.recipe))
    if known is None:
        return Case(keys)
    recipe = known.load()
    [(_, defaults)] = read({}, Root(recipe.function, skip=("form",)))
    # As recorded, a component's fields belong to the component that the run has.
    bounded = any(key in ("penalty", "constraint") for key in keys) or "optimizer.discriminator.lr" not in keys
    other = (
        None
        if recipe.few_labels
        else "projection"
        if recipe.labels
        else "particle-gan"
        if run.kind == "points"
        else "wgan-gp"
    )
    return Case(keys, defaults, None if bounded else other)


def _edits(events: list[Event]) -> dict[str, JsonValue]:
    """Keys that were set while it trained, and their last values."""
    given = [e.arguments for e in events if (e.kind, e.name, e.outcome) == ("command", "set", "applied")]
    return {str(edit["key"]): edit["value"] for edit in given if "key" in edit and "value" in edit}


def _advice(
    case: Case, history: History, now: Sequence[Finding], cards: list[ScoreCard], ill: list[Complaint], *, done: int
) -> Advice | None:
    if not any(complaint.severity != "past" for complaint in ill):
        return None
    advice = likely(case, history, now, done=done, copies=scores.copied(cards), improving=scores.improving(cards))
    # A run that was better before is not short of steps.
    if advice.cause in ("too-few-steps", "still-learning", "missing-regularizer") and (found := scores.worsened(cards)):
        return scores.advice(case, found[0].values)
    return advice


def _cause(run: Run, events: list[Event], advice: Advice, state: RunState) -> Cause:
    changes, edited = {"recipe": advice.recipe} if advice.recipe else advice.changes, _edits(events)
    line = (
        retrain_command(
            run.path,
            run.record,
            advice.changes,
            recipe=advice.recipe,
            done=state.step,
            planned=state.total,
            edited=edited,
        )
        if changes
        else ""
    )
    # A run that ended early has its number of steps already.
    new = {key: value for key, value in changes.items() if run.record.arguments.get(key) != value or key in edited}
    return Cause(advice.cause, advice.text, new, line)


def _guard(history: History, state: RunState) -> list[Complaint]:
    if state.reason != "guard" or state.event is None:
        return []
    steps = (state.step, state.step)
    return [Complaint("guard", "alarm", f"{state.event.text}{_growth(history)}", "", steps, (state.event.seq,))]


def _growth(history: History) -> str:
    """What the gradient norms did before the stop."""
    text = ""
    for name in history.named("gradient_norm"):
        steps, values = history.get(name)
        if len(values) >= 4 and values[-1] >= GREW * np.median(values):
            text += (
                f" {name} had grown to {values[-1]:.3g} at step {steps[-1]:,}; its median is {np.median(values):.3g}."
            )
    return text


def _noticed(events: list[Event], findings: list[Finding]) -> list[Complaint]:
    rules = all_rules()
    now = {finding.rule: finding for finding in findings}
    noted: dict[str, list[Event]] = {}
    for event in events:
        if event.kind == "health" and event.rule in rules:
            noted.setdefault(event.rule, []).append(event)
    last_check = max((event.step for event in events if event.kind in ("vitals", "terms")), default=0)
    return [
        _complaint(name, now.get(name), noted.get(name, []), last_check) for name in sorted(now.keys() | noted.keys())
    ]


def _complaint(name: str, now: Finding | None, noted: list[Event], last_check: int) -> Complaint:
    first = noted[0].step if noted else last_check
    records = tuple(event.seq for event in noted)
    worst = next((event for event in reversed(noted) if event.severity == "alarm"), noted[-1] if noted else None)
    if now is None:
        text = f"{worst.text if worst else ''} The last health check no longer found it."
        return Complaint(name, "past", text, "Nothing to do, unless it comes again.", (first, noted[-1].step), records)
    if now.severity == "warning" and worst is not None and worst.severity == "alarm":
        text = f"{now.text} At step {worst.step:,} it was worse: {worst.text}"
        return Complaint(name, "alarm", text, "", (first, last_check), records, now.values)
    return Complaint(name, now.severity, now.text, "", (first, last_check), records, now.values)


def _far(cards: list[ScoreCard]) -> list[Complaint]:
    """All newest cards that are far from real data, as one complaint."""
    found = scores.far(cards)
    if not found:
        return []
    step = int(found[0].values["step"])
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    texts = ", ".join(finding.text for finding in found[:SHOWN])
    text = f"Samples are far from real data at step {step:,}: {texts}{more}."
    return [Complaint(scores.FAR, found[0].severity, text, "", (step, step), values=found[0].values)]


def _worsened(cards: list[ScoreCard]) -> list[Complaint]:
    """The metric that grew worst speaks for all, and what the newest cards themselves warn of is said with it."""
    found = scores.worsened(cards)
    if not found:
        return []
    warned = dict.fromkeys(sentence for card in scores.newest(cards) for sentence in card.warnings)
    others = len({finding.text for finding in found}) - 1
    more = f" {others} more scores are worse than they were." if others else ""
    worst = found[0].values
    text = f"{found[0].text}{more}{''.join(f' {sentence}' for sentence in warned)}"
    return [Complaint(scores.NAME, "warning", text, "", (int(worst["best_step"]), int(worst["step"])), values=worst)]


def _unmeasured(run: Run, cards: list[ScoreCard], step: int) -> str:
    """A sentence that asks for a measurement; empty if score cards judge the newest checkpoint."""
    saved = max(
        (progress for path in checkpoint.newest_first(run.path / CHECKPOINTS_FOLDER) if (progress := _step_of(path))),
        default=step,
    )
    judged = [card for card in scores.newest(cards) if scores.is_judged(card)]
    if (few := run.record.data.num_samples) is not None:
        return "" if judged else f"Nothing compares the samples with real data: {few} are too few to be measured."
    measure = f"Run `{in_shell('gannet', 'measure', run.path)}` before you call this run fine"
    if not judged:
        return f"{measure}: no score card compares its samples with real data."
    if judged[0].step < saved:
        return (
            f"{measure}: its newest score cards are of step {judged[0].step:,}, its newest checkpoint of step "
            f"{saved:,}."
        )
    return ""


def _verdict(cards: list[ScoreCard], complaints: list[Complaint], step: int, unmeasured: str, *, ill: bool) -> str:
    if not step:
        return "There is nothing to examine yet."
    if unmeasured or ill:
        return unmeasured
    judged = [card for card in scores.newest(cards) if scores.is_judged(card)]
    close = f"{len(judged)} score cards of step {judged[0].step:,} are close to the real-data reference"
    if any(complaint.severity != "past" for complaint in complaints):
        return f"The samples are fine ({close}); what is listed above happened to the run, not to them."
    return f"Nothing is wrong: {close}."


def _step_of(path: Path) -> int:
    digits = path.name.removeprefix("step-")
    return int(digits) if digits.isdigit() else 0


def _looked_at(run: Run, events: list[Event]) -> list[str]:
    kinds = [event.kind for event in events]
    history = history_of(events)
    vitals = sorted({name for event in events if event.kind == "vitals" for name in event.values if "/" not in name})
    return [
        f"{counted(kinds.count('terms'), 'record')} of terms and {kinds.count('vitals')} of vitals "
        f"({', '.join(vitals) or 'none'})",
        f"{len(history.named('gradient_norm'))} series of gradient norms",
        counted(len(run.scores()), "score card"),
        f"every byte of {counted(len(checkpoint.newest_first(run.path / CHECKPOINTS_FOLDER)), 'checkpoint')}",
        f"the health rules {', '.join(all_rules())}",
    ]
