"""Negative log-likelihood of generated points under the true density."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gannet.data.base import Kind
from gannet.metrics.base import ANY, Better, Bounds, Estimate, Metric, Need, Samples
from gannet.metrics.inputs import checked_points
from gannet.metrics.intervals import mean


@dataclass(frozen=True)
class NegativeLogLikelihood(Metric):
    """Negative log-likelihood of generated points under the true density.

    -mean log p(x) over generated points x, p the true density: nats; right is the entropy of the data, which the
    real-data reference estimates.

    The cross-entropy of the model with the data, not the likelihood that the model gives to data, which a GAN cannot
    tell. Clearly above the real-data reference points lie where data are rare; clearly below it they crowd where data
    are dense (shrunken modes), so lower is not better. One point far off can dominate it. The interval is that of the
    mean, normal.
    """

    name: ClassVar[str] = "nll"
    kinds: ClassVar[tuple[Kind, ...]] = ("points",)
    better: ClassVar[Better] = "real"
    bounds: ClassVar[Bounds] = ANY
    asked_for: ClassVar[tuple[Kind, ...]] = ("points",)
    needs: ClassVar[Need] = "density"
    blind_to: ClassVar[tuple[str, ...]] = ("dropped modes",)

    def label(self) -> str:
        """``NLL``."""
        return "NLL"

    def spec(self) -> dict[str, Any]:
        """The unit and the interval."""
        return {"version": 1, "unit": "nats", "interval": "standard error of the mean, normal"}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """Any number."""
        _, fake = checked_points(samples)
        assert samples.truth.log_density is not None
        return mean(-samples.truth.log_density(fake))
