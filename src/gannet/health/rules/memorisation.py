"""Memorisation: samples that are nearer to training data than held-out real data are."""

from __future__ import annotations

from collections.abc import Mapping

from gannet.health.base import Advice, Case, Finding, History

NAME = "memorisation"
RECORDS = 3
FIRST_STEP = 100
"""Earlier samples are smooth, and can be near smooth training images without being copies."""
SUSPECT, COPIED = 0.25, 0.5
"""Shares of samples nearer to a training sample than 98 % of held-out real samples; 0.02 is expected by chance."""


def examine(history: History) -> Finding | None:
    """Report if all of the last records exceed a limit."""
    steps, shares = history.get("copies")
    steps, shares = steps[steps >= FIRST_STEP], shares[steps >= FIRST_STEP]
    if len(shares) < RECORDS or shares[-RECORDS:].min() < SUSPECT:
        return None
    share = float(shares[-RECORDS:].min())
    text = (
        f"At least {share:.0%} of samples since step {steps[-RECORDS]:,} lie nearer to a training sample than 98 % "
        f"of held-out data."
    )
    return Finding(NAME, "alarm" if share >= COPIED else "warning", text, {"copies": share, "by_chance": 0.02})


def advice(case: Case, values: Mapping[str, float]) -> Advice:
    """Fewer steps; more data helps most."""
    steps = case.number("steps")
    text = "The generator copies its training data. More data helps most; without more data, stop earlier."
    return Advice(NAME, text, {"steps": max(1, int(steps) // 2)} if steps else {})
