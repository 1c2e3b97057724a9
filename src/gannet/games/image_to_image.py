"""A generator that turns an input image into an output image, against a discriminator that sees both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from gannet.degradations.base import Degradation
from gannet.games.base import Game, Turn
from gannet.games.discriminator_pass import DiscriminatorPass
from gannet.losses.base import AdversarialLoss
from gannet.networks.base import Discriminator, Translator
from gannet.regularizers.base import Constraint, Penalty
from gannet.types import Batch, Inputs, Terms


class ImageToImage(Game):
    """G turns inputs y = T(x) into images G(y); D distinguishes pairs (x, y) from pairs (G(y), y); G also stays near x.

    G minimises the generator's side of the loss plus l1 E |x - G(y)| (Isola et al. 2017, eq. 4,
    https://arxiv.org/abs/1611.07004) plus, if given, a distance of features of x and G(y) (Ledig et al. 2017, section
    2.2.1, https://arxiv.org/abs/1609.04802). T is a degradation, so every image is its own target; with
    pairs, the data give y. D returns a map of logits, one for every patch. What y determines exactly is taken from y
    and not from the network: see :class:`Degradation`.
    """

    averaged: ClassVar[tuple[str, ...]] = ("generator",)
    num_targets = 0

    def __init__(
        self,
        generator: Translator,
        discriminator: Discriminator,
        degradation: Degradation,
        *,
        loss: AdversarialLoss,
        l1: float = 100.0,
        feature_loss: Callable[[Tensor, Tensor], Tensor] | None = None,
        penalties: Sequence[Penalty] = (),
        constraints: Sequence[Constraint] = (),
    ) -> None:
        """Args:
        generator: inputs to outputs.
        discriminator: images and inputs of the same size to logits.
        degradation: images to inputs.
        loss: both sides of the adversarial loss.
        l1: weight of the mean absolute difference between output and target, in [-1, 1] units.
        feature_loss: outputs and targets to a weighted scalar that the generator minimises too.
        penalties: terms of the discriminator's turn.
        constraints: what is done to the discriminator's parameters.
        """
        super().__init__()
        self.generator, self.discriminator, self.degradation = generator, discriminator, degradation
        self.factor, self.fills_transparency = degradation.factor, degradation.fills_transparency
        self.trivial_name = degradation.trivial_name
        self.loss, self.l1, self.feature_loss = loss, l1, feature_loss
        self.constraints, self.penalties = list(constraints), nn.ModuleList(penalties)
        for constraint in self.constraints:
            constraint.build(discriminator)

    @property
    def players(self) -> dict[str, list[nn.Module]]:
        """Discriminator and generator."""
        return {"discriminator": [self.discriminator, self.penalties], "generator": [self.generator]}

    def turns(self) -> list[Turn]:
        """One turn each."""
        return [Turn("discriminator", self.discriminator_terms), Turn("generator", self.generator_terms)]

    def discriminator_terms(self, batch: Batch) -> Terms:
        """The discriminator's side of the loss on pairs, and all penalties."""
        with torch.no_grad():
            inputs = self.inputs_of(batch.real, batch.rng, batch.inputs)
            fake = self.complete(inputs)
        judged = DiscriminatorPass(
            self.discriminator, self.pair(batch.real, inputs), self.pair(fake, inputs), penalties=self.penalties
        )
        real_logits, fake_logits = (output.logits for output in judged.outputs)
        minimise = {"adversarial": self.loss.discriminator(real_logits, fake_logits), **judged.penalty_terms(batch)}
        return Terms(minimise, {"logit_real": real_logits.mean(), "logit_fake": fake_logits.mean()})

    def generator_terms(self, batch: Batch) -> Terms:
        """The generator's side of the loss, the L1 term and the feature distance, if any."""
        inputs = self.inputs_of(batch.real, batch.rng, batch.inputs)
        fake = self.complete(inputs)
        real = None
        if self.loss.generator_needs_real:
            with torch.no_grad():
                real = self.discriminator(*self.pair(batch.real, inputs)).logits
        minimise = {"adversarial": self.loss.generator(self.discriminator(*self.pair(fake, inputs)).logits, real)}
        difference = (fake.float() - batch.real).abs().mean()
        if self.l1:
            minimise["l1"] = self.l1 * difference
        if self.feature_loss is not None:
            minimise["features"] = self.feature_loss(fake, batch.real)
        return Terms(minimise, {"absolute_error": difference})

    def complete(self, inputs: Tensor) -> Tensor:
        """Inputs -> images (N, C, H, W), not cut to [-1, 1], so that every pixel has a gradient."""
        return self.degradation.restore(self.generator(inputs), inputs)

    def pair(self, images: Tensor, inputs: Tensor) -> Inputs:
        """What the discriminator sees: images, and their inputs enlarged to the same size."""
        if inputs.shape[2:] != images.shape[2:]:
            inputs = interpolate(inputs, size=images.shape[2:], mode="nearest")
        return images, inputs

    def translate(self, inputs: Tensor, labels: Tensor | None = None) -> Tensor:
        """Inputs -> images (N, C, H, W) in [-1, 1]."""
        return self.complete(inputs).float().clamp(-1, 1)

    def translations(
        self, images: Tensor, labels: Tensor | None, rng: torch.Generator, given: Tensor | None = None
    ) -> dict[str, Tensor]:
        """(N, C, H, W) targets -> ``input`` as it is shown, ``output`` and ``target``."""
        inputs = self.inputs_of(images, rng, given)
        return {"input": self.trivial(inputs), "output": self.translate(inputs), "target": images}

    def inputs_of(self, images: Tensor, rng: torch.Generator, given: Tensor | None = None) -> Tensor:
        """The given inputs of pairs, if the degradation takes them; else degraded images."""
        if self.degradation.takes_pairs and given is not None:
            return given
        return self.degradation(images, rng)

    def trivial(self, inputs: Tensor) -> Tensor:
        """Inputs as images (N, C, H, W); see :meth:`Degradation.trivial`."""
        return self.degradation.trivial(inputs, self.discriminator.shape[0])

    def contradiction(self, images: Tensor, inputs: Tensor) -> Tensor | None:
        """See :meth:`Degradation.contradiction`."""
        return self.degradation.contradiction(images, inputs)

    def of_file(self, image: Tensor, alpha: Tensor | None) -> Tensor:
        """A user's image as an input; see :meth:`Degradation.of_file`."""
        return self.degradation.of_file(image, alpha)

    def corrected(self, images: Tensor, inputs: Tensor) -> Tensor:
        """Finished images that agree with their inputs; see :meth:`Degradation.corrected`."""
        return self.degradation.corrected(images, inputs)

    def after_turn(self, player: str) -> None:
        """Apply the constraints after the discriminator's steps."""
        if player == "discriminator":
            for constraint in self.constraints:
                constraint.apply(self.discriminator)

    def sample(self, count: int, *, labels: Tensor | None = None, rng: torch.Generator) -> Tensor:
        """Not available: outputs need inputs. ``training/sampling.py`` samples such games from images.

        Raises:
            TypeError: always.
        """
        raise TypeError("This game translates images: give it inputs (Game.translate).")


def takes_pairs(game: Game) -> bool:
    """Whether the game makes targets from the inputs that data with pairs give."""
    return isinstance(game, ImageToImage) and game.degradation.takes_pairs
