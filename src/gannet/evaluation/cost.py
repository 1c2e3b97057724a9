"""What a measurement will cost, from a first few samples, so that it can be said before it is paid."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gannet.errors import UserError
from gannet.features.extractors import EFFNET, extract
from gannet.features.user_weights import USER_SUPPLIED
from gannet.metrics.base import Metric, Samples

TRIED_ROWS = 500
TRIED_ROWS_SLOW = 50
"""Of extractors that take a tenth of a second for an image."""
FIRST_ROWS = 10
"""Of a first try whose time does not count: libraries are imported and networks loaded in it."""


@dataclass(frozen=True)
class Cost:
    """How much work a measurement is."""

    num_real: int
    num_fake: int
    num_metrics: int
    looking_seconds: float
    """Of the feature extractors."""
    metric_seconds: tuple[float, ...]
    """Of each metric with its real-data reference, in the order given."""

    @property
    def seconds(self) -> float:
        """Total."""
        return self.looking_seconds + sum(self.metric_seconds)

    def sentence(self) -> str:
        """The announcement before the measurement."""
        sets = f"{self.num_fake:,} generated samples against {self.num_real:,} real ones"
        metrics = (
            "1 metric with its real-data reference"
            if self.num_metrics == 1
            else f"{self.num_metrics} metrics with their real-data references"
        )
        return f"measuring {sets}, {metrics}: about {readable(self.seconds)}"


def readable(seconds: float) -> str:
    """A duration with at most two digits."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def estimated(metrics: Sequence[Metric], samples: Samples, num_spare: int, *, seed: int = 0) -> Cost:
    """Try every metric on the first few samples, and scale the time by the number of samples or pairs, as it says.

    Features that are already on the disk are counted too, so the estimate is rather too large than too small.
    """
    looking = {extractor: _looking(extractor, samples.real) for extractor in extractors_of(metrics)}
    num_held_out = 0 if samples.held_out is None else len(samples.fake)
    rows = len(samples.real) + len(samples.fake) + num_spare + num_held_out
    seconds = tuple(_trying(metric, samples, seed) for metric in metrics)
    return Cost(len(samples.real), len(samples.fake), len(metrics), sum(looking.values()) * rows, seconds)


def extractors_of(metrics: Sequence[Metric]) -> list[str]:
    """Every extractor that a metric of features uses, once."""
    return list(dict.fromkeys(name for metric in metrics if (name := extractor_of(metric))))


def extractor_of(metric: Metric) -> str:
    """The metric's extractor; empty if it uses the samples themselves."""
    return str(vars(metric).get("extractor", ""))


def _looking(extractor: str, images: np.ndarray) -> float:
    """Seconds for each image."""
    if images.ndim != 4:
        return 0.0
    tried = images[FIRST_ROWS : FIRST_ROWS + tried_rows(extractor)]
    try:
        extract(extractor, images[:FIRST_ROWS])
        started = time.perf_counter()
        extract(extractor, tried)
    except UserError:
        return 0.0
    return (time.perf_counter() - started) / max(1, len(tried))


def tried_rows(extractor: str) -> int:
    """Number of images from which the time is estimated."""
    return TRIED_ROWS_SLOW if extractor == EFFNET or extractor in USER_SUPPLIED else TRIED_ROWS


def _trying(metric: Metric, samples: Samples, seed: int) -> float:
    most = int(vars(metric).get("max_points", len(samples.fake)))
    tried = min(tried_rows(extractor_of(metric)), most, len(samples.fake))
    times = min(most, len(samples.fake)) / tried
    small = [_part(samples, rows) for rows in (FIRST_ROWS, tried)]
    started = 0.0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for part in (*small, small[1]):
                # The second of the two equal calls finds its features in the cache; it is the one that counts.
                started = time.perf_counter()
                metric.compute(part, np.random.default_rng(seed))
    except UserError:
        return 0.0
    # Once more for the real-data reference, and once more for held-out samples, if any.
    return (
        (2 if samples.held_out is None else 3)
        * (time.perf_counter() - started)
        * (times**2 if metric.grows_with == "pairs" else times)
    )


def _part(samples: Samples, rows: int) -> Samples:
    held_out = None if samples.held_out is None else samples.held_out[:rows]
    labels = samples.labels
    if labels is not None:
        fake = None if labels.fake is None else labels.fake[:rows]
        labels = replace(labels, real=labels.real[:rows], spare=labels.spare[:rows], fake=fake)
    return Samples(samples.real[:rows], samples.fake[:rows], samples.truth, samples.answers, held_out, labels)
