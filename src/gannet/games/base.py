"""What a game is: networks, players, turns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from gannet.networks.base import Discriminator
from gannet.types import Batch, Terms


@dataclass(frozen=True)
class Turn:
    """One optimizer step of one player, ``repeats`` times per step of the game."""

    player: str
    terms: Callable[[Batch], Terms]
    repeats: int = 1


class Game(nn.Module, ABC):
    """Owns all networks, so that ``state_dict()`` is complete by construction.

    An additional network is one more entry in ``players``. An additional objective is one more named term. An
    additional optimizer step is one more turn. No other code has to change.
    """

    averaged: ClassVar[tuple[str, ...]] = ("generator", "prior")
    """Attributes with an exponential moving average (EMA) of their parameters, which is used for sampling."""

    notes: tuple[str, ...] = ()
    """Sentences for the user to read before training, for example about user-supplied networks."""

    needs_one_process: ClassVar[str] = ""
    """Why the samples of a batch cannot be spread over processes, as the rest of a sentence; empty if they can."""

    evaluations: int = 1
    """Function evaluations for one sample: how often a network is called in sequence to generate it."""

    @property
    def pack(self) -> int:
        """Number of samples that a discriminator judges together in training; 1 if it judges single samples."""
        return max((module.pack for module in self.modules() if isinstance(module, Discriminator)), default=1)

    @property
    @abstractmethod
    def players(self) -> dict[str, list[nn.Module]]:
        """Player -> its modules: a partition of all trainable parameters."""

    @abstractmethod
    def turns(self) -> list[Turn]:
        """The turns of one step, in order."""

    @abstractmethod
    def sample(self, count: int, *, labels: Tensor | None = None, rng: torch.Generator) -> Tensor:
        """(count, *shape) samples in normalised units. The caller puts the networks in evaluation mode first.

        Games that translate images (:class:`Translates`) have none: ``training/sampling.py`` gives them images.
        """

    @abstractmethod
    def after_turn(self, player: str) -> None:
        """Called after every optimizer step of ``player``, for example to apply constraints on parameters."""

    def limitations(self) -> tuple[str, ...]:
        """Sentences for the score card about upper bounds on what this game can generate; none by default."""
        return ()


@runtime_checkable
class Discriminates(Protocol):
    """Capability: the game gives the logits of its discriminator for any samples."""

    relative_logits: bool
    """True if zero is not a decision boundary and only differences of logits are meaningful."""

    def logits(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, *shape) -> (N,) logits; above zero leans towards real."""
        ...


@runtime_checkable
class Pulls(Protocol):
    """Capability: the game gives the direction in which the generator's objective pushes each generated sample."""

    def pull(self, fake: Tensor, real: Tensor) -> Tensor:
        """(N, *shape) normalised samples and N real ones -> (N, *shape): minus the objective's gradient, times N."""
        ...


@runtime_checkable
class Conditional(Protocol):
    """Capability: ``sample`` is class-conditional."""

    num_classes: int
    """0 if this instance is unconditional."""


@runtime_checkable
class Captioned(Protocol):
    """Capability: ``sample`` draws what captions say; its ``labels`` are the captions' token ids (N, L)."""

    captions: Tensor
    """(M, L) int64 token ids of the captions that are drawn if none are given."""


@runtime_checkable
class Generates(Protocol):
    """Capability: the game generates from given latents, for interpolation and fixed noise."""

    def draw_latents(self, count: int, rng: torch.Generator) -> Tensor:
        """(count, latent_size)."""
        ...

    def generate(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent_size) -> (N, *shape)."""
        ...


@runtime_checkable
class Translates(Protocol):
    """Capability: the game turns images into images. It has no latents: it generates from given images only."""

    factor: int
    """Ratio of the sides of outputs and inputs."""
    fills_transparency: bool
    """True if the transparent part of a user's image is what the game fills in."""

    num_targets: int
    """Number of classes that an output can be asked for; 0 if the input alone determines it."""
    trivial_name: str
    """What an input shows without learning, next to a value, for example ``bicubic``; empty if outputs have no
    targets.
    """

    def inputs_of(self, images: Tensor, rng: torch.Generator, given: Tensor | None = None) -> Tensor:
        """Real images (N, C, H, W) and the images that belong to them, if any -> inputs (N, K, h, w)."""
        ...

    def trivial(self, inputs: Tensor) -> Tensor:
        """Inputs -> images (N, C, H, W) that need no learning."""
        ...

    def contradiction(self, images: Tensor, inputs: Tensor) -> Tensor | None:
        """(N,) mean absolute difference between what outputs show and what their inputs determine; None if that is
        nothing.
        """
        ...

    def translate(self, inputs: Tensor, labels: Tensor | None = None) -> Tensor:
        """Inputs (N, K, h, w) and class labels of the outputs, if any -> images (N, C, H, W) in [-1, 1];
        deterministic.
        """
        ...

    def translations(
        self, images: Tensor, labels: Tensor | None, rng: torch.Generator, given: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Real images (N, C, H, W), their labels and the images that belong to them, if any -> columns to show side by
        side, each (N, C, H, W).

        The first two are ``input`` and ``output``; the third is what the output is compared with, for example
        ``target``.
        """
        ...

    def of_file(self, image: Tensor, alpha: Tensor | None) -> Tensor:
        """A user's image (1, C, H, W) and its opacity (1, 1, H, W) in [0, 1], if any, as an input.

        Raises:
            UserError: the image lacks what the input needs.
        """
        ...

    def corrected(self, images: Tensor, inputs: Tensor) -> Tensor:
        """Finished images, such as the mean of overlapping tiles, made to agree with their inputs again."""
        ...


@runtime_checkable
class Encodes(Protocol):
    """Capability: the game maps samples to latents; ``generate(encode(x))`` is the reconstruction of x."""

    def encode(self, samples: Tensor) -> Tensor:
        """(N, *shape) -> (N, latent_size), the most likely latents; deterministic."""
        ...

    def generate(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent_size) -> (N, *shape)."""
        ...


@runtime_checkable
class Classifies(Protocol):
    """Capability: the game classifies samples."""

    def classify(self, samples: Tensor) -> Tensor:
        """(N, *shape) -> (N, K) class logits."""
        ...


@runtime_checkable
class Clusters(Protocol):
    """Capability: the game assigns samples to clusters that it learned without labels."""

    def cluster(self, samples: Tensor) -> Tensor:
        """(N, *shape) -> (N,) int64."""
        ...


@runtime_checkable
class DrawsCodes(Protocol):
    """Capability: latents contain interpretable codes, which can be set one by one."""

    code_names: tuple[str, ...]
    """In the order of their indices."""

    def draw_latents(self, count: int, rng: torch.Generator) -> Tensor:
        """(count, latent_size), codes included."""
        ...

    def with_code(self, latents: Tensor, code: int, share: Tensor) -> Tensor:
        """(N, latent_size) with one code set; share (N,) in [0, 1] goes from its first value to its last."""
        ...

    def generate(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent_size) -> (N, *shape)."""
        ...
