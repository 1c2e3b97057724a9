"""Mode collapse: the generator covers only a part of the data."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gannet.health.base import Advice, Case, Finding, History, rising, running_medians

NAME = "mode-collapse"
PATIENCE = 20
"""Number of records before a mode counts as missing."""
WIDTH = 5
"""Number of records in the median: found modes fluctuate early in training."""
TOLERATED = 0.1
"""Share of modes that may be missing; with few modes, one missing mode is reported."""
LOW = 0.25
"""Diversity relative to real data below which samples are too similar."""


def examine(history: History) -> Finding | None:
    """Report modes or diversity that were lost or never reached; modes if the data's modes are known, else
    diversity.
    """
    return _by_modes(history) if "modes_found" in history.series else _by_diversity(history)


def _by_modes(history: History) -> Finding | None:
    steps, found = history.get("modes_found")
    if len(found) < WIDTH:
        return None
    known, expected = (history.get(name)[1][-1] for name in ("modes_known", "modes_expected"))
    recent = running_medians(found, WIDTH)
    now, best = recent[-1], recent.max()
    missing = np.floor(expected) - now
    if missing < max(1.0, TOLERATED * known):
        return None
    severity = "alarm" if now <= known / 2 else "warning"
    values = {"modes_found": float(now), "modes_known": float(known), "best_modes_found": float(best)}
    seen = f"Samples reach {now:.0f} of {known:.0f} modes at step {steps[-1]:,}"
    if best >= known / 2 and best - now >= max(1.0, TOLERATED * known):
        at = int(steps[recent.argmax() + WIDTH - 1])
        return Finding(NAME, severity, f"{seen}; at step {at:,} they reached {best:.0f}.", values | {"best_step": at})
    if _no_longer_rises(found, recent, history.finished, 1.0):
        return Finding(NAME, severity, f"{seen}, and their median never exceeded {best:.0f}.", values)
    return None


def _by_diversity(history: History) -> Finding | None:
    steps, diversity = history.get("diversity")
    if len(diversity) < WIDTH:
        return None
    recent = running_medians(diversity, WIDTH)
    now, best = recent[-1], recent.max()
    values = {"diversity": float(now), "best_diversity": float(best)}
    seen = f"Samples are {now:.0%} as diverse as real data at step {steps[-1]:,}"
    if now < LOW and best >= 2 * max(now, LOW / 2):
        at = int(steps[recent.argmax() + WIDTH - 1])
        return Finding(NAME, "alarm", f"{seen}; at step {at:,} they were {best:.0%}.", values | {"best_step": at})
    if now < LOW and _no_longer_rises(diversity, recent, history.finished, LOW / 5):
        return Finding(NAME, "alarm" if now < LOW / 2 else "warning", f"{seen}, and never exceeded {best:.0%}.", values)
    return None


def _no_longer_rises(values: np.ndarray, recent: np.ndarray, finished: bool, least: float) -> bool:
    """Whether the series has stopped rising. After the last step, one that still rises is not collapsed: it is still
    learning.
    """
    half = len(recent) // 2
    if finished:
        return rising(values, least) is None
    return len(recent) >= PATIENCE and bool(recent[half:].max() <= recent[:half].max())


def advice(case: Case, values: Mapping[str, float]) -> Advice:
    """A penalty on D if there is none, else a stronger penalty, else smaller learning rates."""
    if case.smoother:
        text = (
            f"Nothing keeps the discriminator smooth, so samples gather in few places; {case.smoother} keeps it smooth."
        )
        return Advice("missing-regularizer", text, recipe=case.smoother)
    if stronger := case.stronger_penalty():
        return Advice(NAME, "The penalty on the discriminator is too weak to keep the samples apart.", stronger)
    return Advice(NAME, "Samples gather in few places; smaller updates keep more modes.", case.learning_rates(1 / 5))
