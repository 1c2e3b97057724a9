"""The players oscillate: a term is periodic."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gannet.health.base import Advice, Case, Finding, History

NAME = "oscillation"
RECORDS = 60
"""Number of records in the test, which must contain at least four periods."""
SHORTEST = 4
"""Minimum number of records per period: shorter periods look like noise."""
PERIODIC = 0.5
"""Threshold of the autocorrelation at one period; one of 4,000 simulated series of noise exceeds it."""
AGAIN = 1.5
"""Factor on the autocorrelation at two periods, which is computed from fewer pairs, before the threshold applies."""
SWING = 0.2
"""Standard deviation over the mean size of the values."""


def examine(history: History) -> Finding | None:
    """Report the most periodic of the generator's minimised terms, or of all its terms if the minimised ones are not
    known.
    """
    names = sorted(history.minimised or history.series)
    found = []
    for name in names:
        _, values = history.get(name)
        if name.startswith("generator/") and not name.endswith("gradient_norm") and len(values) >= RECORDS:
            found.append((*period_of(values[-RECORDS:]), name))
    strength, period, name = max(found, default=(0.0, 0, ""))
    if strength < PERIODIC:
        return None
    steps, _ = history.get(name)
    length = period * float(np.median(np.diff(steps)))
    text = (
        f"{name} oscillates with a period of about {length:,.0f} steps: its autocorrelation at one period is "
        f"{strength:.2f}."
    )
    return Finding(NAME, "warning", text, {"period_steps": length, "correlation": strength})


def period_of(values: np.ndarray) -> tuple[float, int]:
    """Height and lag of the highest peak of the autocorrelation after its first negative value; (0, 0) if it does
    not recur.
    """
    places = np.arange(len(values))
    rest = values - np.polynomial.Polynomial.fit(places, values, 1)(places)
    if rest.std() <= SWING * np.abs(values).mean():
        return 0.0, 0
    longest = len(values) // 4

    def correlation(lag: int) -> float:
        return float(np.corrcoef(rest[lag:], rest[: len(rest) - lag])[0, 1])

    correlations = np.array([correlation(lag) for lag in range(1, longest + 1)])
    below = np.flatnonzero(correlations < -0.2)
    start = max(SHORTEST - 1, int(below[0]) if len(below) else longest)
    if start >= longest - 1:
        return 0.0, 0
    # The first of nearly equal peaks, because the others are its multiples.
    peak = start + int((correlations[start:] >= 0.8 * correlations[start:].max()).argmax())
    peak += int(correlations[peak : peak + 2].argmax())
    if peak in (start, longest - 1):
        return 0.0, 0  # a value that still rises at the last lag is not a peak
    # Correlated noise has chance peaks, but none at twice the period.
    return min(float(correlations[peak]), AGAIN * correlation(2 * (peak + 1))), peak + 1


def advice(case: Case, values: Mapping[str, float]) -> Advice:
    """Damping: no momentum first, then smaller updates."""
    momentum = {name: 0.0 for name in case.keys if name.endswith(".beta1") and case.number(name)}
    if momentum:
        return Advice(
            NAME, "Momentum makes the players overshoot; without momentum the oscillation is damped.", momentum
        )
    return Advice(
        NAME,
        "The players overshoot each other's updates; try a fifth of each learning rate.",
        case.learning_rates(1 / 5),
    )
