"""Gradients grow continually, which ends in values that are not finite."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gannet.health.base import Advice, Case, Finding, History

NAME = "exploding-gradient"
RECORDS = 5
"""Number of last records whose median is compared with the median of the first half."""
GROWN, EXPLODED = 100.0, 10_000.0


def examine(history: History) -> Finding | None:
    """Report the player whose gradient norm grew most, if it grew a hundredfold and is still growing."""
    grown = [
        (factor, name) for name in history.named("gradient_norm") if (factor := _growth(history.get(name)[1])) >= GROWN
    ]
    if not grown:
        return None
    factor, name = max(grown)
    steps, values = history.get(name)
    now = float(np.median(values[-RECORDS:]))
    player = name.split("/")[0]
    text = (
        f"The {player}'s gradient norm has grown {factor:,.0f}-fold, to {now:.3g} at step {steps[-1]:,}, and is "
        f"still growing."
    )
    return Finding(NAME, "alarm" if factor >= EXPLODED else "warning", text, {"gradient_norm": now, "growth": factor})


def _growth(norms: np.ndarray) -> float:
    """Ratio of the last records to the first half; 0 if growth has stopped or the history is short."""
    if len(norms) < 4 * RECORDS:
        return 0.0
    now, before, earlier = (
        float(np.median(part)) for part in (norms[-RECORDS:], norms[-2 * RECORDS : -RECORDS], norms[: len(norms) // 2])
    )
    return now / max(earlier, 1e-300) if now > before else 0.0


def advice(case: Case, values: Mapping[str, float]) -> Advice:
    """Smaller learning rates, or a penalty on D."""
    return Advice(
        NAME,
        "The updates are too large for these gradients; try a fifth of each learning rate.",
        case.learning_rates(1 / 5),
    )
