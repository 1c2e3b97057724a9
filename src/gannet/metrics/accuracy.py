"""Accuracy of a game that classifies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gannet.data.base import Kind
from gannet.metrics.base import SHARE, Better, Bounds, Estimate, Metric, Need, Samples
from gannet.metrics.inputs import checked_classes
from gannet.metrics.intervals import share


@dataclass(frozen=True)
class Accuracy(Metric):
    """Share of real samples whose class the game's discriminator names; the test error is 1 - accuracy.

    On the source's test split where it has one. Not the accuracy of generated samples, which needs a classifier of its own.
    """

    kinds: ClassVar[tuple[Kind, ...]] = ("points", "images")
    better: ClassVar[Better] = "higher"
    bounds: ClassVar[Bounds] = SHARE
    needs: ClassVar[Need] = "predicted"

    def label(self) -> str:
        """``accuracy``."""
        return "accuracy"

    def spec(self) -> dict[str, Any]:
        """Version."""
        return {"version": 1}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """In [0, 1]."""
        labels, predicted = checked_classes(samples, "predicted")
        return share(labels == predicted)
