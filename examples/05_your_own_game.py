"""Your own game: a third network with a separate player, turn and optimizer. The trainer plays it without changes.

A reconstructor R learns to reconstruct z from G(z), and G minimises the same error. If G maps many latents to one
point, R cannot distinguish them, so G is penalised for collapsed modes. Because the game has the method ``encode``,
`gannet measure` can measure reconstruction.

    python examples/05_your_own_game.py [STEPS]

On the command line, the recipe is the function with the name of the file, without its number:

    gannet train ring --recipe examples/05_your_own_game.py weight=2 optimizer.reconstructor.lr=1e-3
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

import gannet
from gannet.data.base import Form, silent
from gannet.data.ring import Ring
from gannet.games.adversarial import Adversarial
from gannet.games.base import Turn
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.mlp import MLPDiscriminator, MLPGenerator
from gannet.priors.gaussian import Gaussian
from gannet.testing.games import check_experiment
from gannet.training.experiment import Experiment, Optimizer, Optimizers
from gannet.types import Batch, Terms


class Reconstructing(Adversarial):
    """A GAN in which R minimises E |z - R(G(z))|^2, and G minimises its loss plus ``weight`` times this error."""

    averaged: ClassVar[tuple[str, ...]] = ("generator", "prior", "reconstructor")

    def __init__(
        self,
        generator: MLPGenerator,
        discriminator: MLPDiscriminator,
        reconstructor: nn.Module,
        prior: Gaussian,
        weight: float,
    ) -> None:
        super().__init__(generator, discriminator, prior, loss=NonSaturating())
        self.reconstructor, self.weight = reconstructor, weight

    @property
    def players(self) -> dict[str, list[nn.Module]]:
        """Every parameter belongs to exactly one player."""
        return {
            "discriminator": [self.discriminator],
            "generator": [self.generator, self.prior],
            "reconstructor": [self.reconstructor],
        }

    def turns(self) -> list[Turn]:
        """The turns of a GAN, and a third one for R."""
        return [
            Turn("discriminator", self.discriminator_terms),
            Turn("generator", self.generator_terms),
            Turn("reconstructor", self.reconstructor_terms),
        ]

    def discriminator_terms(self, batch: Batch) -> Terms:
        """The discriminator's part of the loss."""
        with torch.no_grad():
            fake = self.sample(batch.size, rng=batch.rng)
        real_logits, fake_logits = self.logits(batch.real), self.logits(fake)
        return Terms(
            {"adversarial": self.loss.discriminator(real_logits, fake_logits)}, {"logit_real": real_logits.mean()}
        )

    def generator_terms(self, batch: Batch) -> Terms:
        """The generator's part of the loss, and the reconstruction error."""
        latents = self.draw_latents(batch.size, batch.rng)
        fake = self.generate(latents)
        adversarial = self.loss.generator(self.logits(fake), None)
        return Terms({"adversarial": adversarial, "reconstruction": self.weight * self._error(latents, fake)})

    def reconstructor_terms(self, batch: Batch) -> Terms:
        """The reconstruction error."""
        latents = self.draw_latents(batch.size, batch.rng)
        with torch.no_grad():
            fake = self.generate(latents)
        return Terms({"reconstruction": self._error(latents, fake)})

    def encode(self, samples: Tensor) -> Tensor:
        """(N, 2) -> (N, latent_size). Gannet recognises by this method that the game encodes samples."""
        return self.reconstructor(samples)

    def _error(self, latents: Tensor, fake: Tensor) -> Tensor:
        return (latents - self.reconstructor(fake)).square().mean()


@dataclass(frozen=True)
class ThreeOptimizers(Optimizers):
    """One optimizer per player; the field adds the keys ``optimizer.reconstructor.*``."""

    reconstructor: Optimizer = field(default_factory=lambda: Optimizer(lr=1e-3))


@gannet.recipe(kind="points")
def your_own_game(
    form: Form,
    *,
    hidden: Annotated[int, Field(ge=1)] = 128,
    weight: Annotated[float, Field(ge=0)] = 1.0,
    optimizer: ThreeOptimizers = ThreeOptimizers(Optimizer(lr=1e-3), Optimizer(lr=1e-3)),  # noqa: B008
    batch_size: Annotated[int, Field(ge=2)] = 128,
    steps: Annotated[int, Field(ge=1)] = 5_000,
) -> Experiment:
    """Small fully connected networks with two latents, because a point has two coordinates."""
    prior = Gaussian(size=2)
    generator = MLPGenerator(prior.size, form.shape, hidden=[hidden] * 2)
    discriminator = MLPDiscriminator(form.shape, hidden=[hidden] * 2, slope=0.2)
    reconstructor = nn.Sequential(nn.Linear(2, hidden), nn.ReLU(), nn.Linear(hidden, prior.size))
    game = Reconstructing(generator, discriminator, reconstructor, prior, weight)
    return Experiment(game, optimizer, batch_size, steps, frames_every=max(1, steps // 100))


def main(steps: int = 5000) -> None:
    """Check the contract of a game, train with this file as recipe, and measure."""

    def small() -> Experiment:
        torch.manual_seed(0)
        return your_own_game(data.form, hidden=16, batch_size=8)

    data = Ring().open(silent)
    check_experiment(small, data)
    print("Reconstructing satisfies the contract of a game")

    run = gannet.train("ring", recipe=__file__, steps=steps, out="runs/reconstructing", keys={"frames.every": 0})
    _, errors = run.run.terms()["reconstructor/reconstruction"]
    print(f"reconstruction error: {errors[-1]:.4f}; the error of a constant 0 is 1, the variance of a latent")
    for card in run.measure(["reconstruction", "sliced_w"])[0]:
        print(f"{card.label}: {card.value:.4f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
