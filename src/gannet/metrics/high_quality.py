"""Share of high-quality points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from gannet.data.base import Kind
from gannet.metrics.assignment import assign, known_modes
from gannet.metrics.base import SHARE, Better, Bounds, Estimate, Metric, Need, Samples
from gannet.metrics.inputs import checked_points
from gannet.metrics.intervals import share


@dataclass(frozen=True)
class HighQuality(Metric):
    """Share of points within ``sigmas`` (Mahalanobis) of the nearest mode, in [0, 1].

    The truth itself scores 1 - exp(-sigmas^2 / 2) = 0.989 in the plane. **More than that is not better**: it means modes
    narrower than the true ones, which ``spread`` shows. Srivastava et al. 2017 (VEEGAN), section 4.1,
    https://arxiv.org/abs/1705.07761.
    """

    sigmas: Annotated[float, Field(gt=0)] = 3.0
    """Radius of high quality in standard deviations."""

    kinds: ClassVar[tuple[Kind, ...]] = ("points",)
    better: ClassVar[Better] = "higher"
    bounds: ClassVar[Bounds] = SHARE
    blind_to: ClassVar[tuple[str, ...]] = ("dropped modes",)
    needs: ClassVar[Need] = "modes"

    def label(self) -> str:
        """``high_quality``."""
        return "high_quality"

    def spec(self) -> dict[str, Any]:
        """Radius."""
        return {"version": 1, "sigmas": self.sigmas, "distance": "Mahalanobis"}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """A share, not a percentage."""
        modes = known_modes(samples.truth)
        _, fake = checked_points(samples)
        return share(assign(fake, modes).distance <= self.sigmas)
