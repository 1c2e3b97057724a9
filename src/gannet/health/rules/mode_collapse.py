"""The generator makes only a part of the data: modes lost, or samples too much alike."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gannet.health.base import Advice, Case, Finding, History, smoothed

NAME = "mode-collapse"
PATIENCE = 20
"""Records in which something has to come before it counts as missing."""
WIDTH = 5
"""Records whose median counts: modes flicker while they are being found."""
TOLERATED = 0.1
"""Share of the modes that may be missing; one mode is always too many, where chance does not explain it."""
LOW = 0.25
"""Diversity, as a share of the real data's, below which samples are too much alike."""


def examine(history: History) -> Finding | None:
    """By counted modes where the data's are known, else by diversity; lost again, or never there."""
    return _by_modes(history) if "modes_found" in history.series else _by_diversity(history)


def _by_modes(history: History) -> Finding | None:
    steps, found = history.get("modes_found")
    if len(found) < WIDTH:
        return None
    known, expected = (history.get(name)[1][-1] for name in ("modes_known", "modes_expected"))
    recent = smoothed(found, WIDTH)
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
    if _no_longer_rises(recent, history.finished):
        return Finding(NAME, severity, f"{seen}, and never kept more than {best:.0f}.", values)
    return None


def _by_diversity(history: History) -> Finding | None:
    steps, diversity = history.get("diversity")
    if len(diversity) < WIDTH:
        return None
    recent = smoothed(diversity, WIDTH)
    now, best = recent[-1], recent.max()
    values = {"diversity": float(now), "best_diversity": float(best)}
    seen = f"Samples are {now:.0%} as diverse as real data at step {steps[-1]:,}"
    if now < LOW and best >= 2 * max(now, LOW / 2):
        at = int(steps[recent.argmax() + WIDTH - 1])
        return Finding(NAME, "alarm", f"{seen}; at step {at:,} it was {best:.0%}.", values | {"best_step": at})
    if now < LOW and _no_longer_rises(recent, history.finished):
        return Finding(NAME, "alarm" if now < LOW / 2 else "warning", f"{seen}, and never were more than {best:.0%}.", values)
    return None


def _no_longer_rises(recent: np.ndarray, finished: bool) -> bool:
    half = len(recent) // 2
    return finished or (len(recent) >= PATIENCE and bool(recent[half:].max() <= recent[:half].max()))


def advice(case: Case, values: Mapping[str, float]) -> Advice:
    """A penalty on D if there is none, then a stronger one, then gentler updates."""
    if case.smoother:
        text = f"Nothing keeps the discriminator smooth, so that samples gather in few places; {case.smoother} does."
        return Advice("missing-regularizer", text, recipe=case.smoother)
    if stronger := case.stronger_penalty():
        return Advice(NAME, "The penalty on the discriminator is too weak to keep the samples apart.", stronger)
    return Advice(NAME, "Samples gather in few places; smaller updates keep more modes.", case.rates(1 / 5))
