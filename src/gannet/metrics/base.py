"""What a metric is, and the score card that carries its number together with how it was made."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any, ClassVar, Literal

import numpy as np

from gannet.data.base import Kind, Truth


@dataclass(frozen=True)
class Samples:
    """Two sets to compare, both outside representation (uint8 NHWC images, or float points in original units)."""

    real: np.ndarray
    fake: np.ndarray
    truth: Truth


class Metric(ABC):
    """One number about a set of generated samples. Final subclasses are frozen dataclasses, one per file.

    The file name is the metric's name in JSON.
    """

    kinds: ClassVar[tuple[Kind, ...]]
    """What it can look at."""
    better: ClassVar[Literal["lower", "higher", "one"]]
    """Which way is good; ``one`` means that 1 is right."""
    needs: ClassVar[Literal["samples", "modes", "density"]] = "samples"
    """What must be known about the real distribution."""
    symmetric: ClassVar[bool] = False
    """Whether exchanging real and fake leaves the value as it is."""

    @abstractmethod
    def label(self) -> str:
        """The guarded name of the value, for example ``FD[randconv-v1]``."""

    @abstractmethod
    def spec(self) -> dict[str, Any]:
        """Everything that defines the number apart from the samples: version, k, projections, extractor."""

    @abstractmethod
    def compute(self, samples: Samples, rng: np.random.Generator) -> float:
        """The value. What a reader of the card must know is said with ``warnings.warn``; it ends up on the card.

        Raises:
            UserError: too few samples, or samples that are not finite.
        """


@dataclass(frozen=True)
class ScoreCard:
    """A value that carries its protocol. Cards with different fingerprints must not be compared."""

    metric: str
    label: str
    value: float
    floor: float | None
    """The same metric between two halves of real data at the same n: the best that can be expected."""
    n_real: int
    n_fake: int
    spec: Mapping[str, Any]
    better: str
    run: str = ""
    step: int = 0
    weights: str = "ema"
    seed: int = 0
    seconds: float = 0.0
    ci95: tuple[float, float] | None = None
    warnings: tuple[str, ...] = field(default=())

    @property
    def fingerprint(self) -> str:
        """First 8 hex digits of blake2b of the canonical spec."""
        canonical = json.dumps(self.spec, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return blake2b(canonical.encode()).hexdigest()[:8]

    def as_json(self) -> dict[str, Any]:
        """Plain values for ``--json`` and for scores.jsonl."""
        return {**asdict(self), "fingerprint": self.fingerprint}
