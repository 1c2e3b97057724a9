"""Reverse KL divergence over modes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from gannet.data.base import Kind
from gannet.features.extractors import describe
from gannet.metrics.base import NOT_NEGATIVE, Better, Bounds, Estimate, Metric, Need, Samples
from gannet.metrics.intervals import FEWEST, LEAVE_ONE_OUT, NORMAL_95, around, leave_one_out
from gannet.metrics.mode_counts import mode_counts


@dataclass(frozen=True)
class ReverseKL(Metric):
    """KL(q || p) = sum_m q_m log(q_m / p_m) in nats: q the generated shares of the modes, p their true weights.

    Range: 0 (right shares) to log(1 / min p) (everything on the rarest mode; log M for M equal modes). Serving k of M
    equal modes evenly gives log(M / k). Lin et al. 2018 (PacGAN), section 4.1, https://arxiv.org/abs/1712.04086.

    The convention follows their published program: only high-quality points are counted, each for its nearest mode, and
    q is their share among the high-quality points (not among all). Points in the void therefore do not count here:
    read it beside ``high_quality``. Where no point is of high quality, q does not exist: the value is then the worst that any q could
    have, log(1 / min p), with a warning, so that a curve over training stays finite and starts at its bad end.

    Where the modes are classes (``stacked-mnist``) every picture counts, for the combination of classes that ``classifier``
    sees in its channels. N pictures drawn from p itself give about (M - 1) / 2N: 0.019 for 26,000 of 1,000 classes,
    and 0.015 where they are different rows out of 128,000.
    """

    sigmas: Annotated[float, Field(gt=0)] = 3.0
    """Radius of high quality in standard deviations."""
    classifier: str | None = None
    """What tells the modes of pictures apart; the data say which. None for points."""

    kinds: ClassVar[tuple[Kind, ...]] = ("points", "images")
    better: ClassVar[Better] = "lower"
    bounds: ClassVar[Bounds] = NOT_NEGATIVE
    needs: ClassVar[Need] = "modes"

    def label(self) -> str:
        """``reverse_kl``, or ``reverse_kl[classifier]``."""
        return f"reverse_kl[{self.classifier}]" if self.classifier else "reverse_kl"

    def spec(self) -> dict[str, Any]:
        """Radius and the convention, or the classifier and the convention."""
        if self.classifier:
            return {
                "version": 1,
                **describe(self.classifier),
                "counted": "every picture, most likely class of each channel",
                "unit": "nats",
            }
        return {"version": 1, "sigmas": self.sigmas, "counted": "high-quality points", "unit": "nats", "when none": "log(1 / min weight)"}

    def compute(self, samples: Samples, rng: np.random.Generator) -> float | Estimate:
        """Finite, >= 0."""
        counts, truth = mode_counts(samples, self.sigmas, self.classifier)
        if not counts.sum():
            warnings.warn(f"No point within {self.sigmas:g} sigma of a mode: reverse_kl is its worst possible value.", stacklevel=2)
            return float(-np.log(truth.min()))
        value = _divergence(counts, truth)
        if counts.sum() < FEWEST:
            return value
        half = NORMAL_95 * leave_one_out(lambda less: _divergence(less, truth), counts) ** 0.5
        return around(value, half, LEAVE_ONE_OUT).within((0.0, float(-np.log(truth.min()))))


def _divergence(counts: np.ndarray, truth: np.ndarray) -> float:
    share = counts / counts.sum()
    served = share > 0
    return max(0.0, float((share[served] * np.log(share[served] / truth[served])).sum()))
