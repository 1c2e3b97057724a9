"""Purity of the classes that a game finds without labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gannet.data.base import Kind
from gannet.metrics.base import SHARE, Better, Bounds, Estimate, Metric, Need, Samples
from gannet.metrics.inputs import checked_classes
from gannet.metrics.intervals import share


@dataclass(frozen=True)
class Purity(Metric):
    """sum over clusters of the rows of its commonest true class, over all rows: 1 when a cluster never mixes classes.

    How InfoGAN's categorical code is compared with the true digit (Chen et al. 2016, section 7.2,
    https://arxiv.org/abs/1606.03657), except that two clusters may share a class. K equal classes put into one cluster
    give 1/K.
    """

    kinds: ClassVar[tuple[Kind, ...]] = ("points", "images")
    better: ClassVar[Better] = "higher"
    bounds: ClassVar[Bounds] = SHARE
    needs: ClassVar[Need] = "clusters"

    def label(self) -> str:
        """``purity``."""
        return "purity"

    def spec(self) -> dict[str, Any]:
        """Version."""
        return {"version": 1}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """In (0, 1]."""
        labels, clusters = checked_classes(samples, "clusters")
        counts = np.zeros((clusters.max() + 1, labels.max() + 1), np.int64)
        np.add.at(counts, (clusters, labels), 1)
        # The commonest class of each cluster is taken as known.
        return share(counts.argmax(axis=1)[clusters] == labels)
