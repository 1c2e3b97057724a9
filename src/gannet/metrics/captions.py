"""Whether generated images show what their captions say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gannet.data.base import Kind
from gannet.errors import UserError
from gannet.features.extractors import describe, log_probabilities
from gannet.metrics.base import SHARE, Better, Bounds, Estimate, Metric, Need, Samples
from gannet.metrics.intervals import WILSON, share

VERSION = 1


@dataclass(frozen=True)
class CaptionAccuracy(Metric):
    """Share of generated images that show everything that their caption names, for data whose captions can be checked.

    In ``captioned-digits`` a caption names a digit, its ink, the ground and the place. A classifier that no generator
    has seen reads the digit; the others are read from the pixels. The captions are those of the held-out images, so
    that none occurs in training. As the overall score of GenEval (Ghosh et al. 2023, section 3,
    https://arxiv.org/abs/2310.11513): an image counts only if all parts are right. The shares of the single parts are
    on the card. One perfect image for each caption scores full marks: it says nothing of variety. The real-data
    reference is the same share of the real images of these captions.
    """

    name: ClassVar[str] = "caption_accuracy"
    kinds: ClassVar[tuple[Kind, ...]] = ("images",)
    better: ClassVar[Better] = "higher"
    bounds: ClassVar[Bounds] = SHARE
    needs: ClassVar[Need] = "drawn"

    def spec(self) -> dict[str, Any]:
        """Version and classifier."""
        return {"version": VERSION, **describe("digits-cnn-v1")}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """In [0, 1]; the parts are digit, ground, ink and place.

        Raises:
            UserError: no captions that can be checked.
        """
        answers, reader = samples.answers, samples.truth.captions
        if answers is None or answers.drawn is None or answers.captions is None or reader is None:
            raise UserError(
                "These samples have no captions that can be checked; train text-to-image on captioned-digits."
            )

        def classify(images: np.ndarray) -> np.ndarray:
            return log_probabilities(reader.classifier, images).argmax(axis=1)

        asked, seen = reader.named(answers.captions), reader.shown(answers.drawn, classify)
        right = {part: asked[part] == seen[part] for part in sorted(asked)}
        whole = share(np.all(list(right.values()), axis=0))
        return Estimate(whole.value, whole.ci95, WILSON, {part: float(values.mean()) for part, values in right.items()})
