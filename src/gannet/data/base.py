"""The interface of data: a Source is described by arguments; a Dataset is an opened source that gives batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from gannet.data.captions import token_ids
from gannet.errors import UserError

Kind = Literal["points", "images"]
Progress = Callable[[str, int, int], None]
"""``progress(what, done, total)``, called repeatedly during long work."""


@dataclass(frozen=True)
class Modes:
    """The Gaussian modes of a distribution whose modes are known, in original units."""

    means: np.ndarray
    """(M, 2) float64."""
    covariances: np.ndarray
    """(M, 2, 2) float64."""
    weights: np.ndarray
    """(M,) float64, sums to 1."""


@dataclass(frozen=True)
class ClassModes:
    """Modes of images that a classifier distinguishes: its K classes in each of C channels, the first channel most
    significant.
    """

    classifier: str
    """Name of the feature extractor that classifies them, for example ``mnist-cnn-v1``."""
    weights: np.ndarray
    """(K ** C,) float64 shares of the modes in the data, which sum to 1."""


@dataclass(frozen=True)
class CaptionReader:
    """How images are checked against their captions: what captions name and what images show, as words, part by
    part.
    """

    classifier: str
    """Name of the feature extractor that classifies what the images show."""
    named: Callable[[Sequence[str]], dict[str, np.ndarray]]
    """N captions -> {part: (N,) words}."""
    shown: Callable[[np.ndarray, Callable[[np.ndarray], np.ndarray]], dict[str, np.ndarray]]
    """uint8 (N, H, W, C) images and the classifier, from grey images to class numbers -> {part: (N,) words}."""


@dataclass(frozen=True)
class Truth:
    """What is known exactly about the distribution of the data; every field is None for most image data."""

    modes: Modes | None = None
    log_density: Callable[[np.ndarray], np.ndarray] | None = None
    """(N, 2) points in original units -> (N,) log-density in nats."""
    classes: ClassModes | None = None
    captions: CaptionReader | None = None


LARGEST_SIDE = 4_096
"""Of a sample that a record announces; larger networks are not built for what a damaged file says."""


@dataclass(frozen=True)
class Form:
    """What samples look like: enough to build the networks and to decode what they generate.

    The run's record holds it, so that sampling a run needs no data.
    """

    kind: Kind
    shape: tuple[int, ...]
    """Of one sample in normalised units: (2,) or (C, H, W)."""
    class_names: tuple[str, ...] = ()
    """Names of the classes in label order; empty without labels."""
    mean: tuple[float, ...] = (0.0, 0.0)
    """Mean of the points, in original units."""
    scale: float = 1.0
    """Root of the points' variance averaged over the axes: normalised = (original - mean) / scale."""
    num_labelled: int | None = None
    """How many samples show their label in batches; the others show -1. None if all do."""
    vocabulary: tuple[str, ...] = ()
    """Words of the captions in the order of their token ids, from 1; empty without captions."""
    captions: tuple[str, ...] = ()
    """A few captions of the data: those of frames, and of samples for which the user names none."""
    paired: bool = False
    """Whether every image has another image that belongs to it, the input of an image-to-image game."""

    @property
    def num_classes(self) -> int:
        """Number of classes; 0 without labels."""
        return len(self.class_names)

    def token_ids(self, captions: Sequence[str]) -> Tensor:
        """(N, L) int64 token ids of N captions; shorter captions end with zeros.

        Raises:
            UserError: an unknown word, or a caption without words.
        """
        return token_ids(captions, self.vocabulary)

    def encode(self, original: np.ndarray) -> Tensor:
        """Convert samples from original to normalised units."""
        if self.kind == "points":
            return (torch.as_tensor(np.asarray(original), dtype=torch.float32) - torch.tensor(self.mean)) / self.scale
        return torch.from_numpy(np.ascontiguousarray(original)).permute(0, 3, 1, 2).float() / 127.5 - 1

    def decode(self, normalised: Tensor) -> np.ndarray:
        """Convert samples from normalised to original units; image values are clamped to their range, never rescaled
        to fill it.
        """
        normalised = normalised.detach().float().cpu()
        if self.kind == "points":
            return (normalised * self.scale + torch.tensor(self.mean)).numpy()
        return ((normalised.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()

    def as_json(self) -> dict[str, object]:
        """Plain values for the run's record."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Form:
        """The inverse of :meth:`as_json`. Unknown fields, such as those of a newer version, are ignored.

        Raises:
            UserError: a missing field, or a value that no data have.
        """
        try:
            form = _FORM.validate_python(dict(record))
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(map(str, problem["loc"]))
            raise UserError(
                f"The form of the data in the record of the run is damaged: {where}: {problem['msg']}."
            ) from None
        is_shape = form.shape == (2,) if form.kind == "points" else len(form.shape) == 3
        if not is_shape or not all(1 <= side <= LARGEST_SIDE for side in form.shape):
            raise UserError(
                f"The form of the data in the record of the run is damaged: shape {list(form.shape)} is not that of "
                f"{form.kind}, with sides of at most {LARGEST_SIDE:,}."
            )
        if not (len(form.mean) == 2 and np.isfinite([*form.mean, form.scale]).all() and form.scale > 0):
            raise UserError(
                "The form of the data in the record of the run is damaged: mean is not two finite numbers, or scale is "
                "not finite or not above 0."
            )
        return form


_FORM = TypeAdapter(Form)


class Dataset(ABC):
    """An opened source: batches for training, reference samples for measuring.

    *Normalised units* are what networks see: images float32 (N, C, H, W) in [-1, 1]; points float32 (N, 2),
    standardised. *Original units* are what people and metrics see: images uint8 (N, H, W, C); points float32 (N, 2).
    """

    kind: ClassVar[Kind]
    shape: tuple[int, ...]
    """Of one sample in normalised units: (2,) or (C, H, W)."""
    class_names: tuple[str, ...] = ()
    """Names of the classes in label order; empty without labels."""
    mean: Tensor = torch.zeros(2)
    """Mean of the points, in original units."""
    scale: float = 1.0
    """Root of the points' variance averaged over the axes."""
    class_counts: tuple[int, ...] | None = None
    """Samples of every class; None if unknown."""
    size: int | None = None
    """Number of samples, or None for an infinite distribution."""
    content_hash: str = ""
    """Hexadecimal digest of the data; equal data have equal hashes."""
    num_labelled: int | None = None
    """How many samples show their label in batches; the others show -1. None if all do."""
    vocabulary: tuple[str, ...] = ()
    """Words of the captions in the order of their token ids, from 1; empty without captions."""
    example_captions: tuple[str, ...] = ()
    """A few captions of the data."""
    paired: bool = False
    """Whether every image has another image that belongs to it."""
    truth: Truth = Truth()
    notes: tuple[str, ...] = ()
    """Sentences for the user to read before training, for example that images were cropped."""

    @property
    def form(self) -> Form:
        """The form of its samples."""
        mean, words, examples = tuple(self.mean.tolist()), tuple(self.vocabulary), tuple(self.example_captions)
        return Form(
            self.kind,
            tuple(self.shape),
            tuple(self.class_names),
            mean,
            float(self.scale),
            self.num_labelled,
            words,
            examples,
            self.paired,
        )

    @property
    def num_classes(self) -> int:
        """Number of classes; 0 without labels."""
        return len(self.class_names)

    @abstractmethod
    def batch(self, count: int, *, seed: int, position: int, device: torch.device) -> tuple[Tensor, Tensor | None]:
        """Samples in normalised units and labels (-1 if hidden) of batch number ``position``: a pure function of its
        arguments.
        """

    @abstractmethod
    def reference(self, count: int, *, seed: int) -> tuple[np.ndarray, np.ndarray | None]:
        """``count`` real samples in original units with their true labels, drawn without replacement; all of them if
        there are fewer.
        """

    def captions(self, count: int, *, seed: int, position: int, device: torch.device) -> Tensor | None:
        """(N, L) int64 token ids of the captions of :meth:`batch` with the same arguments; None without captions."""
        return None

    def reference_captions(self, count: int, *, seed: int) -> tuple[str, ...] | None:
        """The captions of :meth:`reference` with the same arguments; None without captions."""
        return None

    def inputs(self, count: int, *, seed: int, position: int, device: torch.device) -> Tensor | None:
        """(N, C, H, W) in [-1, 1], the images that belong to those of :meth:`batch` with the same arguments; None
        without pairs.
        """
        return None

    def reference_inputs(self, count: int, *, seed: int) -> np.ndarray | None:
        """uint8 (N, H, W, C), the images that belong to those of :meth:`reference` with the same arguments; None
        without pairs.
        """
        return None


class Source(ABC):
    """Where data come from. A frozen dataclass whose fields are the keys ``data.*`` of the command line."""

    kind: ClassVar[Kind]
    has_captions: ClassVar[bool] = False
    """Whether its samples have captions."""

    @abstractmethod
    def open(self, progress: Progress) -> Dataset:
        """Decode or prepare the data.

        Raises:
            UserError: the data are missing, empty or unreadable; nothing is left behind.
        """

    def held_out(self) -> Source | None:
        """The held-out split of the source with the same selection of images; None if the source has no such split."""
        return None


def silent(what: str, done: int, total: int) -> None:
    """Show nothing: the default :data:`Progress`."""


@dataclass(frozen=True)
class Description:
    """What ``gannet data info`` prints."""

    source: str
    kind: Kind
    shape: tuple[int, ...]
    rows: int | None
    classes: dict[str, int | None] = field(default_factory=dict)
    content_hash: str = ""
    num_words: int = 0
    """Different words of the captions; 0 without captions."""
    captions: tuple[str, ...] = ()
    """A few of them."""
    notes: tuple[str, ...] = ()
    """What the user should know, such as files that are left out."""
