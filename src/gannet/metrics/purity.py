"""Purity of the classes that a game finds without labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gannet.data.base import Kind
from gannet.metrics.base import Better, Metric, Need, Samples
from gannet.metrics.inputs import checked_classes


@dataclass(frozen=True)
class Purity(Metric):
    """sum over clusters of the rows of its commonest true class, over all rows: 1 when a cluster never mixes classes.

    How InfoGAN's categorical code is compared with the true digit (Chen et al. 2016, section 7.2,
    https://arxiv.org/abs/1606.03657), except that two clusters may share a class. K equal classes put into one cluster
    give 1/K.
    """

    kinds: ClassVar[tuple[Kind, ...]] = ("points", "images")
    better: ClassVar[Better] = "higher"
    needs: ClassVar[Need] = "clusters"

    def label(self) -> str:
        """``purity``."""
        return "purity"

    def spec(self) -> dict[str, Any]:
        """Version."""
        return {"version": 1}

    def compute(self, samples: Samples, rng: np.random.Generator) -> float:
        """In (0, 1]."""
        labels, clusters = checked_classes(samples, "clusters")
        counts = np.zeros((clusters.max() + 1, labels.max() + 1), np.int64)
        np.add.at(counts, (clusters, labels), 1)
        return float(counts.max(axis=1).sum() / len(labels))
