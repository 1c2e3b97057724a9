"""Modes captured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from gannet.data.base import Kind
from gannet.features.extractors import describe
from gannet.metrics.base import NOT_NEGATIVE, Better, Bounds, Metric, Need, Samples
from gannet.metrics.mode_counts import mode_counts


@dataclass(frozen=True)
class ModesCaptured(Metric):
    """Number of modes that have at least one high-quality point, or one picture: 0 ... M, M is right.

    A point is high quality within ``sigmas`` (Mahalanobis) of the mode that it is nearest to. Says nothing about how
    evenly the modes are served: that is ``reverse_kl``. Lin et al. 2018 (PacGAN), section 4.1,
    https://arxiv.org/abs/1712.04086, who use one point and 2,500 samples.

    Where the modes are classes (``stacked-mnist``) every picture counts for the combination of classes that ``classifier``
    sees in its channels; published counts are of 26,000 pictures (section 4.2), and fewer find fewer modes of real data too.
    """

    sigmas: Annotated[float, Field(gt=0)] = 3.0
    """Radius of high quality in standard deviations."""
    at_least: Annotated[int, Field(ge=1)] = 1
    """High-quality points, or pictures, that make a mode captured."""
    classifier: str | None = None
    """What tells the modes of pictures apart; the data say which. None for points."""

    kinds: ClassVar[tuple[Kind, ...]] = ("points", "images")
    better: ClassVar[Better] = "higher"
    bounds: ClassVar[Bounds] = NOT_NEGATIVE
    blind_to: ClassVar[tuple[str, ...]] = ("shift",)
    needs: ClassVar[Need] = "modes"

    def label(self) -> str:
        """``modes``, or ``modes[classifier]``."""
        return f"modes[{self.classifier}]" if self.classifier else "modes"

    def spec(self) -> dict[str, Any]:
        """Radius and threshold, or the classifier and the threshold."""
        if self.classifier:
            return {"version": 1, "at_least": self.at_least, **describe(self.classifier), "assigned": "most likely class of each channel"}
        return {"version": 1, "sigmas": self.sigmas, "at_least": self.at_least, "assigned": "nearest mode by Mahalanobis distance"}

    def compute(self, samples: Samples, rng: np.random.Generator) -> float:
        """A whole number."""
        counts, _ = mode_counts(samples, self.sigmas, self.classifier)
        return float((counts >= self.at_least).sum())
