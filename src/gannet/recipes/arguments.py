"""The types of a recipe's arguments in one place: components that can be chosen, optimizers, and ranges of numbers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gannet.augmentations.base import Augmentation
from gannet.degradations.base import Degradation
from gannet.encodings.base import Encoding
from gannet.losses.base import AdversarialLoss
from gannet.priors.base import Prior
from gannet.regularizers.base import Constraint, Penalty, WeightPenalty
from gannet.training.experiment import OneOptimizer, Optimizer, Optimizers

__all__ = [
    "AdversarialLoss",
    "Augmentation",
    "Constraint",
    "Degradation",
    "Encoding",
    "Penalty",
    "Prior",
    "WeightPenalty",
]
__all__ += ["BatchSize", "Count", "CountOrZero", "NonNegative", "OneOptimizer", "Optimizer", "Optimizers"]
__all__ += ["Positive", "Ratio", "Share", "Steps", "Width"]

Steps = Annotated[int, Field(ge=1, le=10**9)]
"""A number of steps of a training."""
Width = Annotated[int, Field(ge=1, le=16_384)]
"""A number of units or channels of a layer. A dense layer of the largest width has 268 million parameters."""
Count = Annotated[int, Field(ge=1, le=1_000)]
"""A small number of at least 1, for example of critic steps."""
CountOrZero = Annotated[int, Field(ge=0, le=1_000)]
"""A small number that may be 0, for example of steps that may be left out."""
BatchSize = Annotated[int, Field(ge=2, le=65_536)]
"""Samples of a turn; at least 2, because batch norm needs two."""
NonNegative = Annotated[float, Field(ge=0)]
"""A number of at least 0, for example the weight of a term."""
Positive = Annotated[float, Field(gt=0)]
"""A number above 0, for example a margin."""
Share = Annotated[float, Field(ge=0, lt=1)]
"""A number from 0 to below 1, for example a dropout rate."""
Ratio = Annotated[float, Field(gt=0, le=1)]
"""A number above 0 up to 1, for example a ratio of two energies."""
