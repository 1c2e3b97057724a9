"""What the rest of Gannet knows about data: a Source is described by arguments, a Dataset is opened and gives batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

Kind = Literal["points", "images"]
Progress = Callable[[str, int, int], None]
"""``progress(what, done, total)``, called now and then during long work."""


@dataclass(frozen=True)
class Modes:
    """The Gaussian modes of a distribution that knows them, in original units."""

    means: np.ndarray
    """(M, 2) float64."""
    covariances: np.ndarray
    """(M, 2, 2) float64."""
    weights: np.ndarray
    """(M,) float64, sums to 1."""


@dataclass(frozen=True)
class ClassModes:
    """Modes of pictures that a classifier tells apart: its K classes in each of C channels, the first channel leading."""

    classifier: str
    """Name of the feature extractor that tells them, for example ``mnist-cnn-v1``."""
    weights: np.ndarray
    """(K ** C,) float64 shares in the data, sum to 1."""


@dataclass(frozen=True)
class Truth:
    """What is known about the distribution that the data come from; all fields None for most pictures."""

    modes: Modes | None = None
    log_density: Callable[[np.ndarray], np.ndarray] | None = None
    """(N, 2) points in original units -> (N,) log-density in nats."""
    classes: ClassModes | None = None


@dataclass(frozen=True)
class Form:
    """What samples look like: all that networks are built from, and all that is needed to read what they make.

    It is part of the run's record, so that sampling a run needs no data.
    """

    kind: Kind
    shape: tuple[int, ...]
    """Of one inside sample: (2,) or (C, H, W)."""
    class_names: tuple[str, ...] = ()
    """Names of the classes in label order; empty where there are no labels."""
    mean: tuple[float, ...] = (0.0, 0.0)
    """Of the points, in original units."""
    scale: float = 1.0
    """Root mean variance over the axes of the points: inside = (outside - mean) / scale."""
    num_labelled: int | None = None
    """How many rows show their label in batches, the others showing -1; None where all do."""

    @property
    def num_classes(self) -> int:
        """Number of classes, 0 where there are no labels."""
        return len(self.class_names)

    def encode(self, outside: np.ndarray) -> Tensor:
        """Outside -> inside."""
        if self.kind == "points":
            return (torch.as_tensor(np.asarray(outside), dtype=torch.float32) - torch.tensor(self.mean)) / self.scale
        return torch.from_numpy(np.ascontiguousarray(outside)).permute(0, 3, 1, 2).float() / 127.5 - 1

    def decode(self, inside: Tensor) -> np.ndarray:
        """Inside -> outside; pictures are clamped to the range, never rescaled to fill it."""
        inside = inside.detach().float().cpu()
        if self.kind == "points":
            return (inside * self.scale + torch.tensor(self.mean)).numpy()
        return ((inside.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()

    def as_json(self) -> dict[str, object]:
        """Plain values for the run's record."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Form:
        """The inverse of :meth:`as_json`."""
        known: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in record.items()}
        return cls(**known)


class Dataset(ABC):
    """An opened source: batches for training, plain samples for measuring.

    *Inside* means what networks see: images float32 (N, C, H, W) in [-1, 1]; points float32 (N, 2), standardised.
    *Outside* means what people and metrics see: images uint8 (N, H, W, C); points float32 (N, 2) in original units.
    """

    kind: ClassVar[Kind]
    shape: tuple[int, ...]
    """Of one inside sample: (2,) or (C, H, W)."""
    class_names: tuple[str, ...] = ()
    """Names of the classes in label order; empty where there are no labels."""
    mean: Tensor = torch.zeros(2)
    """Of the points, in original units."""
    scale: float = 1.0
    """Root mean variance over the axes of the points."""
    size: int | None = None
    """Number of rows, or None for an endless distribution."""
    content_hash: str = ""
    """Hex digest of what the data are; equal data give an equal hash."""
    num_labelled: int | None = None
    """How many rows show their label in batches, the others showing -1; None where all do."""
    truth: Truth = Truth()
    notes: tuple[str, ...] = ()
    """Sentences that the user should read before training, for example that images were cropped."""

    @property
    def form(self) -> Form:
        """What its samples look like."""
        return Form(self.kind, tuple(self.shape), tuple(self.class_names), tuple(self.mean.tolist()), float(self.scale), self.num_labelled)

    @property
    def num_classes(self) -> int:
        """Number of classes, 0 where there are no labels."""
        return len(self.class_names)

    @abstractmethod
    def batch(self, count: int, *, seed: int, position: int, device: torch.device) -> tuple[Tensor, Tensor | None]:
        """Inside samples and labels (-1 where hidden) of batch number ``position``: a pure function of its arguments."""

    @abstractmethod
    def reference(self, count: int, *, seed: int) -> tuple[np.ndarray, np.ndarray | None]:
        """``count`` real outside samples (all of them where there are fewer) with their true labels, drawn without replacement."""


class Source(ABC):
    """Where data come from. A frozen dataclass: its fields are the keys ``data.*`` of the command line."""

    kind: ClassVar[Kind]

    @abstractmethod
    def open(self, progress: Progress) -> Dataset:
        """Decode or prepare the data.

        Raises:
            UserError: the data are missing, empty or unreadable; nothing is left behind.
        """

    def held_out(self) -> Source | None:
        """The same choice of pictures that are not for training; None where the source has no such split."""
        return None


def silent(what: str, done: int, total: int) -> None:
    """A :data:`Progress` that shows nothing."""


@dataclass(frozen=True)
class Description:
    """What ``gannet data info`` prints."""

    source: str
    kind: Kind
    shape: tuple[int, ...]
    rows: int | None
    classes: dict[str, int | None] = field(default_factory=dict)
    content_hash: str = ""
