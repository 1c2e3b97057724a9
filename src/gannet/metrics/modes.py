"""Modes captured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from gannet.data.base import Kind
from gannet.metrics.assignment import assign, known_modes
from gannet.metrics.base import Better, Metric, Need, Samples
from gannet.metrics.inputs import checked_points


@dataclass(frozen=True)
class ModesCaptured(Metric):
    """Number of modes that have at least one high-quality point: 0 ... M, M is right.

    A point is high quality within ``sigmas`` (Mahalanobis) of the mode that it is nearest to. Says nothing about how
    evenly the modes are served: that is ``reverse_kl``. Lin et al. 2018 (PacGAN), section 4.1,
    https://arxiv.org/abs/1712.04086, who use one point and 2,500 samples.
    """

    sigmas: Annotated[float, Field(gt=0)] = 3.0
    """Radius of high quality in standard deviations."""
    at_least: Annotated[int, Field(ge=1)] = 1
    """High-quality points that make a mode captured."""

    kinds: ClassVar[tuple[Kind, ...]] = ("points",)
    better: ClassVar[Better] = "higher"
    blind_to: ClassVar[tuple[str, ...]] = ("shift",)
    needs: ClassVar[Need] = "modes"

    def label(self) -> str:
        """``modes``."""
        return "modes"

    def spec(self) -> dict[str, Any]:
        """Radius and threshold."""
        return {"version": 1, "sigmas": self.sigmas, "at_least": self.at_least, "assigned": "nearest mode by Mahalanobis distance"}

    def compute(self, samples: Samples, rng: np.random.Generator) -> float:
        """A whole number."""
        modes = known_modes(samples.truth)
        _, fake = checked_points(samples)
        return float((assign(fake, modes).counts_within(self.sigmas, len(modes.weights)) >= self.at_least).sum())
