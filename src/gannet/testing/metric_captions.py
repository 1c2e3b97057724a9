"""The contract of a metric of images that were drawn for captions."""

from __future__ import annotations

import numpy as np

from gannet.data.base import silent
from gannet.data.captioned_digits import CaptionedDigits
from gannet.errors import UserError
from gannet.metrics.base import Answers, Metric, Samples

NUM_IMAGES = 300


def check_drawn(metric: Metric) -> None:
    """Real images score almost full marks, more images of other captions a worse value; order and repetition do not
    matter.

    Raises:
        AssertionError: the metric breaks its contract; the text says which part.
    """
    dataset = CaptionedDigits(split="test").open(silent)
    images, captions = dataset.reference(NUM_IMAGES, seed=0)[0], dataset.reference_captions(NUM_IMAGES, seed=0)
    assert captions is not None

    def value(wrong: float, order: np.ndarray | None = None) -> float:
        drawn, rows = images.copy(), round(wrong * NUM_IMAGES)
        drawn[:rows] = np.roll(images, 1, axis=0)[:rows]
        order = np.arange(NUM_IMAGES) if order is None else order
        asked = tuple(captions[row] for row in order)
        answers = Answers(images[order], captions=asked, drawn=drawn[order])
        return metric.measure(Samples(images, images, dataset.truth, answers), np.random.default_rng(0)).value

    values = [value(wrong) for wrong in (0.0, 0.2, 0.5, 0.9)]
    assert values[0] > 0.95, f"real images give {values[0]}"
    assert (np.diff(values) < 0).all(), f"not worse with more wrong images: {values}"
    assert value(0.5, np.random.default_rng(1).permutation(NUM_IMAGES)) == values[2], "the order of the images matters"
    try:
        metric.compute(Samples(images, images, dataset.truth), np.random.default_rng(0))
    except UserError:
        return
    raise AssertionError("a measurement without captions must be refused")
