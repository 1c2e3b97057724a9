"""Still learning: training has ended, and samples cover more of the data than shortly before."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gannet.health.base import Advice, Case, Finding, History, rising

NAME = "still-learning"
TOLERATED, COMPLETE = 0.1, 0.9
"""Share of modes that may be missing, and diversity relative to real data, with which nothing is missing."""


def examine(history: History) -> Finding | None:
    """Report a number of modes, or a diversity, that still rises at the last step. While a training runs, this is
    not a problem.
    """
    if not history.finished:
        return None
    if "modes_found" in history.series:
        steps, found = history.get("modes_found")
        known, expected = (history.get(name)[1][-1:].sum() for name in ("modes_known", "modes_expected"))
        least = max(1.0, TOLERATED * known)
        if (rise := rising(found, least)) is None or np.floor(expected) - rise[1] < least:
            return None
        seen = f"Samples reach {rise[1]:.0f} of {known:.0f} modes at step {steps[-1]:,}, and the number still rises"
        earlier = f"{rise[0]:.0f}"
    else:
        steps, diversity = history.get("diversity")
        if (rise := rising(diversity, TOLERATED / 2)) is None or rise[1] > COMPLETE:
            return None
        seen = f"Samples are {rise[1]:.0%} as diverse as real data at step {steps[-1]:,}, and this still rises"
        earlier = f"{rise[0]:.0%}"
    before = int(steps[-1 - len(steps) // 3])
    values = {"step": float(steps[-1]), "now": rise[1], "before": rise[0]}
    return Finding(NAME, "warning", f"{seen}; until about step {before:,} it was {earlier}.", values)


def advice(case: Case, values: Mapping[str, float]) -> Advice:
    """Twice as many steps."""
    steps = int(case.number("steps") or values.get("step", 1))
    return Advice(NAME, "Still learning: train longer before you change anything else.", {"steps": 2 * steps})
