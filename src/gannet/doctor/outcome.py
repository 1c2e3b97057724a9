"""The plain verdict on a run: learned, still learning, memorised, collapsed, or what else happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from gannet.doctor.complaint import Complaint

Outcome = Literal[
    "learned", "still learning", "memorised", "collapsed", "not learned", "not measured", "nothing trained"
]
UNFINISHED = ("still-learning", "still-training", "too-few-steps", "artefacts")
"""Causes that more training removes."""


def outcome_of(
    complaints: Sequence[Complaint], cause: str | None, *, step: int, is_measured: bool, copies: bool
) -> Outcome:
    """One word for how a training turned out.

    Args:
        complaints: everything that was found.
        cause: name of the likely cause; None if nothing is wrong with the samples.
        step: steps trained.
        is_measured: whether score cards of the newest checkpoint compare its samples with real data.
        copies: whether score cards show copied training data.
    """
    found = {complaint.rule for complaint in complaints if complaint.severity != "past"}
    if not step:
        return "nothing trained"
    if copies or "memorisation" in found or cause == "memorisation":
        return "memorised"
    # A generator that has only begun covers few modes too: the cause tells the two apart.
    if cause in UNFINISHED or (cause is None and "still-learning" in found):
        return "still learning"
    if "mode-collapse" in found or cause == "mode-collapse":
        return "collapsed"
    if cause is not None:
        return "not learned"
    return "learned" if is_measured else "not measured"


MEANINGS: dict[Outcome, str] = {
    "learned": "The samples are close to real data.",
    "still learning": "The samples still improve; train longer before you change anything.",
    "memorised": "The samples repeat training data.",
    "collapsed": "The samples reach few of the modes, or vary too little.",
    "not learned": "The samples are not like the data, and more steps alone will not help.",
    "not measured": "The samples show no fault, but no score card compares the newest of them with real data.",
    "nothing trained": "No step was trained.",
}
