"""Whether reconstructions show what the originals show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gannet.data.base import Kind
from gannet.features.extractors import check_name, describe, log_probabilities
from gannet.metrics.base import SHARE, Better, Bounds, Estimate, Metric, Need, Samples
from gannet.metrics.inputs import checked_reconstructions
from gannet.metrics.intervals import WILSON, share


@dataclass(frozen=True)
class ReconstructionClass(Metric):
    """Share of real pictures x for which an independent classifier sees in G(E(x)) the class that it sees in x.

    0 to 1; an encoder that says nothing of x gets about 1 / K of K equal classes. On the source's test split where it has one. True
    labels are not needed, and the classifier's errors on x count neither way. The same digit may be written quite differently:
    ``reconstruction`` measures that.
    """

    extractor: str = "mnist-cnn-v1"
    """The classifier, which must know such pictures: mnist-cnn-v1, fashion-cnn-v1 or digits-cnn-v1."""

    kinds: ClassVar[tuple[Kind, ...]] = ("images",)
    better: ClassVar[Better] = "higher"
    bounds: ClassVar[Bounds] = SHARE
    needs: ClassVar[Need] = "reconstructed"
    needs_classifier: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse unknown extractors."""
        check_name(self.extractor)

    def label(self) -> str:
        """``reconstruction_class[classifier]``."""
        return f"reconstruction_class[{self.extractor}]"

    def spec(self) -> dict[str, Any]:
        """The classifier."""
        return {"version": 1, **describe(self.extractor), "class": "likeliest"}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """In [0, 1].

        Raises:
            UserError: an extractor that is no classifier, too few pictures, or shapes that differ.
        """
        seen, seen_again = (log_probabilities(self.extractor, pictures).argmax(axis=1) for pictures in checked_reconstructions(samples))
        same = share(seen == seen_again)
        return Estimate(same.value, same.ci95, WILSON)
