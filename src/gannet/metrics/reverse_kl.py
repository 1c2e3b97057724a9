"""Reverse KL divergence over modes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from gannet.data.base import Kind
from gannet.metrics.assignment import assign, known_modes
from gannet.metrics.base import Better, Metric, Need, Samples
from gannet.metrics.inputs import checked_points


@dataclass(frozen=True)
class ReverseKL(Metric):
    """KL(q || p) = sum_m q_m log(q_m / p_m) in nats: q the generated shares of the modes, p their true weights.

    Range: 0 (right shares) to log(1 / min p) (everything on the rarest mode; log M for M equal modes). Serving k of M
    equal modes evenly gives log(M / k). Lin et al. 2018 (PacGAN), section 4.1, https://arxiv.org/abs/1712.04086.

    The convention follows their published program: only high-quality points are counted, each for its nearest mode, and
    q is their share among the high-quality points (not among all). Points in the void therefore do not count here:
    read it beside ``high_quality``. Where no point is of high quality, q does not exist: the value is then the worst that any q could
    have, log(1 / min p), with a warning, so that a curve over training stays finite and starts at its bad end.
    """

    sigmas: Annotated[float, Field(gt=0)] = 3.0
    """Radius of high quality in standard deviations."""

    kinds: ClassVar[tuple[Kind, ...]] = ("points",)
    better: ClassVar[Better] = "lower"
    needs: ClassVar[Need] = "modes"

    def label(self) -> str:
        """``reverse_kl``."""
        return "reverse_kl"

    def spec(self) -> dict[str, Any]:
        """Radius and the convention."""
        return {"version": 1, "sigmas": self.sigmas, "counted": "high-quality points", "unit": "nats", "when none": "log(1 / min weight)"}

    def compute(self, samples: Samples, rng: np.random.Generator) -> float:
        """Finite, >= 0."""
        modes = known_modes(samples.truth)
        _, fake = checked_points(samples)
        truth = np.asarray(modes.weights, np.float64)
        counts = assign(fake, modes).counts_within(self.sigmas, len(truth))
        if not counts.sum():
            warnings.warn(f"No point within {self.sigmas:g} sigma of a mode: reverse_kl is its worst possible value.", stacklevel=2)
            return float(-np.log(truth.min()))
        share = counts / counts.sum()
        served = share > 0
        return max(0.0, float((share[served] * np.log(share[served] / truth[served])).sum()))
