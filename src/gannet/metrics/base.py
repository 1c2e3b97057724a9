"""The interface of metrics: samples in, an estimate out. The score card that carries the value is
``runs/records.py::ScoreCard``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import numpy as np

from gannet.data.base import Kind, Truth

Better = Literal["lower", "higher", "one", "real"]
"""Which way is good; ``one`` means that 1 is right, ``real`` that the value of real data (the real-data reference)
is.
"""
Asked = Literal["reconstructed", "inverted", "predicted", "clusters", "drawn", "translated", "contradictions"]
"""Fields of :class:`Answers`."""
Need = Literal["samples", "modes", "density", "held_out", "classes", "followed"] | Asked
"""What a metric asks for beyond samples: knowledge of the real distribution, held-out real samples, classes of
the real samples, classes that the generated ones were to have, or a field of :class:`Answers`."""
Bounds = tuple[float, float]
"""Smallest and largest value that a metric can take; infinite where there is no limit."""
ANY: Bounds = (-math.inf, math.inf)
NOT_NEGATIVE: Bounds = (0.0, math.inf)
SHARE: Bounds = (0.0, 1.0)
ROUNDING = 1e-9
"""An interval whose width is below this share of its ends has no width but that of rounding."""


@dataclass(frozen=True)
class Answers:
    """What a game says about real samples, where it can; a field is None where it cannot."""

    real: np.ndarray
    """(N, ...) samples in original units, held out from training if the source has such data."""
    labels: np.ndarray | None = None
    """(N,) int64 true classes."""
    reconstructed: np.ndarray | None = None
    """(N, ...) samples in original units: G(E(x)) of each."""
    inverted: np.ndarray | None = None
    """(M, ...) samples of the latents found for the first M of ``real``; only if a metric asks for them."""
    predicted: np.ndarray | None = None
    """(N,) int64 classes."""
    clusters: np.ndarray | None = None
    """(N,) int64: classes of the game's own making, learned without labels."""
    captions: tuple[str, ...] | None = None
    """Captions of the real samples."""
    drawn: np.ndarray | None = None
    """(N, ...) samples in original units: what the game generates for these captions."""
    translated: np.ndarray | None = None
    """(N, ...) samples in original units: outputs of a game that translates, whose targets are ``real``."""
    trivial: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Name -> (N, ...) samples in original units: what the same inputs give without learning."""
    contradictions: np.ndarray | None = None
    """(N,) mean absolute difference, in levels of 0 to 255, between an input and what the output shows of it."""
    protocol: Mapping[str, Any] = field(default_factory=dict)
    """What the real samples are: JSON values."""
    warnings: tuple[str, ...] = ()
    """What every reader of these answers must know."""


@dataclass(frozen=True)
class Labels:
    """Classes of all samples of a measurement, as numbers below len(names)."""

    names: tuple[str, ...]
    real: np.ndarray
    """(N,) int64."""
    spare: np.ndarray
    """Of the real samples of the real-data reference."""
    fake: np.ndarray | None = None
    """(M,) int64, the requested classes; None if the generator is unconditional."""


@dataclass(frozen=True)
class Samples:
    """Two sets to compare, both in original units (uint8 NHWC images, or float points)."""

    real: np.ndarray
    fake: np.ndarray
    truth: Truth
    answers: Answers | None = None
    held_out: np.ndarray | None = None
    """Real samples that were not trained on, if any."""
    labels: Labels | None = None
    """Where the data have classes; of ``real`` and ``fake``."""


@dataclass(frozen=True)
class Estimate:
    """A value with the 95 % confidence interval that its samples leave it."""

    value: float
    ci95: tuple[float, float] | None = None
    """Lower and upper end, in the unit of the value; None where the samples are too few to tell."""
    method: str = ""
    """How the interval was found, in words."""
    parts: Mapping[str, float] = field(default_factory=dict)
    """What the value is made of, by name, such as one number for each class."""

    def within(self, bounds: Bounds) -> Estimate:
        """The same with an interval cut to ``bounds``, or without an interval if it has no width.

        No width means that the parts or resamples it was found from all agree. That happens where the samples are
        degenerate (all alike, or far from all real ones). It does not mean that the value is certain, so no interval is
        stated.
        """
        if self.ci95 is None:
            return self
        low, high = (min(max(end, bounds[0]), bounds[1]) for end in self.ci95)
        low, high = min(low, self.value), max(high, self.value)
        if not has_width(low, high):
            return replace(self, ci95=None, method="")
        return replace(self, ci95=(low, high))


def has_width(low: float, high: float) -> bool:
    """Whether an interval is wider than rounding."""
    return high - low > ROUNDING * max(abs(low), abs(high))


def as_estimate(result: float | Estimate) -> Estimate:
    """What a metric returns, with or without an interval, as one type."""
    return result if isinstance(result, Estimate) else Estimate(result)


class Metric(ABC):
    """One number about a set of generated samples. Final subclasses are frozen dataclasses; a file holds one metric
    or a family.
    """

    name: ClassVar[str] = ""
    """Its name in JSON; the command line writes hyphens for underscores. Discovery reads it from the class body."""
    kinds: ClassVar[tuple[Kind, ...]]
    """What it can measure."""
    better: ClassVar[Better]
    """Which way is good."""
    bounds: ClassVar[Bounds] = ANY
    """The values that it can take, whatever the samples. :meth:`measure` keeps every interval inside."""
    needs: ClassVar[Need] = "samples"
    """What it cannot do without."""
    needs_classifier: ClassVar[bool] = False
    """Whether its extractor has to be a classifier of such data."""
    symmetric: ClassVar[bool] = False
    """Whether exchanging real and fake leaves the value as it is."""
    asked_for: ClassVar[tuple[Kind, ...]] = ()
    """Kinds for which it is opt-in: expensive, or not useful by default."""
    grows_with: ClassVar[Literal["rows", "pairs"]] = "rows"
    """What its time is proportional to, for an estimate beforehand."""
    unbiased: ClassVar[bool] = False
    """Whether it is 0 on average, not always, for two draws of one distribution; it is then sometimes negative."""
    blind_to: ClassVar[tuple[str, ...]] = ()
    """Damage (named as in :func:`gannet.testing.metrics.corruptions`) that it does not see; the contract holds it to
    that.
    """

    def label(self) -> str:
        """The guarded name of the value, for example ``FD[randconv-v1]``; unless overridden, the name that
        ``gannet list metrics`` prints.
        """
        return self.name.replace("_", "-")

    @abstractmethod
    def spec(self) -> dict[str, Any]:
        """Everything that defines the number apart from the samples: version, k, projections, extractor."""

    @abstractmethod
    def compute(self, samples: Samples, rng: np.random.Generator) -> float | Estimate:
        """The value, with its confidence interval where the metric knows one.

        What a reader of the card must know is said with ``warnings.warn``; it ends up on the card.

        Raises:
            UserError: too few samples, or samples that are not finite.
        """

    def measure(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """What :meth:`compute` finds, with an interval that lies inside ``bounds`` and has a width.

        Raises:
            UserError: as :meth:`compute`.
        """
        return as_estimate(self.compute(samples, rng)).within(self.bounds)
