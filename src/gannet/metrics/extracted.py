"""What every metric of image features has: an extractor, whose name is checked."""

from __future__ import annotations

from dataclasses import dataclass

from gannet.features.extractors import RANDCONV, check_name
from gannet.metrics.base import Metric


@dataclass(frozen=True)
class FeatureMetric(Metric):
    """A metric of features, or of a classifier's output."""

    extractor: str = RANDCONV
    """Feature extractor: randconv-v1 for any images, or a classifier such as mnist-cnn-v1."""

    def __post_init__(self) -> None:
        """Refuse unknown extractors."""
        check_name(self.extractor)
