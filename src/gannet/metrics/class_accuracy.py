"""Whether generated pictures show the class that was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gannet.data.base import Kind
from gannet.errors import UserError
from gannet.features.cnn import TRAINED
from gannet.features.extractors import check_name, describe, log_probabilities
from gannet.metrics.base import SHARE, Better, Bounds, Estimate, Metric, Need, Samples
from gannet.metrics.inputs import checked_images, checked_labels
from gannet.metrics.intervals import WILSON, share


@dataclass(frozen=True)
class ClassAccuracy(Metric):
    """Share of generated pictures in which an independent classifier sees the class that the generator was asked for.

    0 to 1; guessing one of K equal classes gives 1 / K. The classifier errs too: the floor is its accuracy on real pictures. The shares of
    the single classes stand on the card. One perfect picture for each class scores full marks: it says nothing of variety.
    """

    extractor: str = "mnist-cnn-v1"
    """The classifier, which must know the classes of the data: mnist-cnn-v1, fashion-cnn-v1 or digits-cnn-v1."""

    kinds: ClassVar[tuple[Kind, ...]] = ("images",)
    better: ClassVar[Better] = "higher"
    bounds: ClassVar[Bounds] = SHARE
    needs: ClassVar[Need] = "followed"
    needs_classifier: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse unknown extractors."""
        check_name(self.extractor)

    def label(self) -> str:
        """``class_accuracy[classifier]``."""
        return f"class_accuracy[{self.extractor}]"

    def spec(self) -> dict[str, Any]:
        """The classifier."""
        return {"version": 1, **describe(self.extractor), "class": "likeliest"}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """In [0, 1].

        Raises:
            UserError: an extractor that is no classifier of these classes.
        """
        _, fake = checked_images(samples)
        names, _, asked = checked_labels(samples)
        known = TRAINED[self.extractor].class_names if self.extractor in TRAINED else ()
        if not set(names) <= set(known):
            raise UserError(f"{self.extractor} does not know the classes {', '.join(names[:5])}{' ...' if len(names) > 5 else ''}.")
        seen = np.asarray(known)[log_probabilities(self.extractor, fake).argmax(axis=1)]
        right = seen == np.asarray(names)[asked]
        whole = share(right)
        parts = {name: float(right[asked == number].mean()) for number, name in enumerate(names) if (asked == number).any()}
        return Estimate(whole.value, whole.ci95, WILSON, parts)
