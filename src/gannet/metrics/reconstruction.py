"""Error of reconstructions, for games that encode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gannet.data.base import Kind
from gannet.metrics.base import NOT_NEGATIVE, Better, Bounds, Estimate, Metric, Need, Samples
from gannet.metrics.inputs import checked_reconstructions
from gannet.metrics.intervals import mean


@dataclass(frozen=True)
class Reconstruction(Metric):
    """Mean squared error per value of G(E(x)) against x.

    Pictures are scaled to [0, 1]; for points the error is divided by the mean variance of the axes, so that 1 is no
    better than always answering the mean. On the source's test split where it has one.
    """

    kinds: ClassVar[tuple[Kind, ...]] = ("points", "images")
    better: ClassVar[Better] = "lower"
    bounds: ClassVar[Bounds] = NOT_NEGATIVE
    needs: ClassVar[Need] = "reconstructed"

    def label(self) -> str:
        """``reconstruction``."""
        return "reconstruction"

    def spec(self) -> dict[str, Any]:
        """Version and scale."""
        return {"version": 1, "scale": "pictures in [0, 1]; points over their mean variance"}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """>= 0.

        Raises:
            UserError: values that are not finite, too few of them, or shapes that differ.
        """
        real, made = checked_reconstructions(samples)
        scale = 255.0**2 if real.dtype == np.uint8 else float(real.astype(np.float64).var(axis=0).mean())
        errors = np.array([np.square(r.astype(np.float64) - m).mean() for r, m in zip(real, made, strict=True)])
        return mean(errors / scale)
