"""Check that every interval of a metric lies in the metric's range, contains the value and has a width."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gannet.data.base import Kind, Truth
from gannet.errors import UserError
from gannet.metrics.base import Estimate, Metric, Samples
from gannet.testing.metric_data import COUNT, corruptions, draw, drawn_with_classes

MEASURED = 4
"""Minimum number of the sample sets below that must give a value, because refusing all of them would prove nothing."""


def generated(kind: Kind) -> Iterator[tuple[str, np.ndarray]]:
    """Good, bad and degenerate generated samples by name."""
    good = draw(kind, 2)
    yield "as good as real", good
    yield "real themselves", draw(kind, 1)
    for name, steps in corruptions(kind).items():
        yield f"worst {name}", steps[-1]
    yield "a single class", drawn_with_classes(kind, 2, keep=1)[0]
    yield "all the same", np.repeat(good[:1], len(good), axis=0)
    yield "all the same real one", np.repeat(draw(kind, 1)[:1], len(good), axis=0)
    if kind == "points":
        yield "all at one far place", np.full_like(good, 1e3)
        yield "far away", good + 1e3
        yield "almost all far away", np.concatenate([good[:3], good[3:] + 1e3])
        yield "between the modes", 0.001 * good
    else:
        yield "black", np.zeros_like(good)
        yield "white", np.full_like(good, 255)
        yield "nothing but noise", np.random.default_rng(8).integers(0, 256, good.shape, dtype=np.uint8)
        yield "almost all black", np.concatenate([good[:3], np.zeros_like(good[3:])])


def check_intervals(metric: Metric, kind: Kind, truth: Truth, held_out: np.ndarray | None) -> None:
    """Check the interval on all of these samples."""
    real, measured = draw(kind, 1), 0
    for name, fake in generated(kind):
        order = np.random.default_rng(9).permutation(COUNT[kind])
        try:
            result = metric.measure(Samples(real, fake[order], truth, held_out=held_out), np.random.default_rng(0))
        except UserError:
            continue
        measured += 1
        check_interval(metric, result, name)
    assert measured >= MEASURED, f"only {measured} of the sample sets could be measured"


def check_interval(metric: Metric, result: Estimate, of: str) -> None:
    """Check that value and interval lie in the range of the metric, and that the interval contains the value and has
    a width.
    """
    low, high = metric.bounds
    assert low <= result.value <= high, f"{of}: {result.value} is not in the range {metric.bounds}"
    assert (result.ci95 is None) == (result.method == ""), "an interval must state how it was computed"
    if result.ci95 is None:
        return
    first, last = result.ci95
    assert np.isfinite([first, last]).all(), f"{of}: {result} has an end that is not finite"
    assert low <= first <= result.value <= last <= high, (
        f"{of}: {result} is not in its interval and the range {metric.bounds}"
    )
    assert first < last, f"{of}: {result} has an interval without width"
