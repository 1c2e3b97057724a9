"""Generator and encoder against a discriminator of pairs: BiGAN, or ALI with a stochastic encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from gannet.games.adversarial import Adversarial
from gannet.games.base import Turn
from gannet.games.discriminator_pass import DiscriminatorPass
from gannet.losses.base import AdversarialLoss
from gannet.networks.base import Discriminator, Encoder, Generator
from gannet.priors.base import Prior
from gannet.regularizers.base import Constraint, Penalty
from gannet.types import Batch, Inputs, Terms


class BiGAN(Adversarial):
    """D distinguishes pairs (x, E(x)) from pairs (G(z), z); G and E together make both kinds of pairs alike.

    At the optimum E inverts G (Donahue et al. 2017, theorem 2, https://arxiv.org/abs/1605.09782). There is no
    reconstruction term. With a stochastic encoder the same game is ALI (Dumoulin et al. 2017, eq. 2,
    https://arxiv.org/abs/1606.00704).
    """

    averaged: ClassVar[tuple[str, ...]] = ("generator", "prior", "encoder")

    def __init__(
        self,
        generator: Generator,
        encoder: Encoder,
        discriminator: Discriminator,
        prior: Prior,
        *,
        loss: AdversarialLoss,
        penalties: Sequence[Penalty] = (),
        constraints: Sequence[Constraint] = (),
        critic_steps: int = 1,
    ) -> None:
        assert prior.size == generator.latent_size == encoder.latent_size == discriminator.latent_size
        super().__init__(generator, discriminator, prior, loss=loss, penalties=penalties, constraints=constraints)
        self.encoder, self.critic_steps = encoder, critic_steps

    @property
    def players(self) -> dict[str, list[nn.Module]]:
        """The encoder belongs to the generator's player."""
        return {
            "discriminator": [self.discriminator, self.penalties],
            "generator": [self.generator, self.encoder, self.prior],
        }

    def turns(self) -> list[Turn]:
        """``critic_steps`` turns of D, then one turn of G."""
        return [
            Turn("discriminator", self.discriminator_terms, self.critic_steps),
            Turn("generator", self.generator_terms),
        ]

    def discriminator_terms(self, batch: Batch) -> Terms:
        """The discriminator's side of the loss on pairs, and all penalties."""
        with torch.no_grad():
            real, fake = self.pairs(batch)
        judged = DiscriminatorPass(self.discriminator, real, fake, penalties=self.penalties)
        real_logits, fake_logits = (output.logits for output in judged.outputs)
        minimise = {"adversarial": self.loss.discriminator(real_logits, fake_logits), **judged.penalty_terms(batch)}
        return Terms(minimise, {"logit_real": real_logits.mean(), "logit_fake": fake_logits.mean()})

    def generator_terms(self, batch: Batch) -> Terms:
        """The common objective of G and E: G moves its samples and E its latents, so that both kinds of pairs become
        alike.
        """
        real, fake = DiscriminatorPass(self.discriminator, *self.pairs(batch)).outputs
        return Terms({"adversarial": self.loss.pairs(real.logits, fake.logits)})

    def pairs(self, batch: Batch) -> tuple[Inputs, Inputs]:
        """(x, E(x)) and (G(z), z)."""
        latents = self.draw_latents(batch.size, batch.rng)
        noise = torch.randn(latents.shape, generator=batch.rng, device=latents.device)
        return (batch.real, self.encoder(batch.real, noise)), (self.generate(latents), latents)

    def encode(self, samples: Tensor) -> Tensor:
        """(N, *shape) -> (N, latent_size)."""
        return self.encoder(samples)

    def logits(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, *shape) -> (N,) logits of the pairs (x, E(x))."""
        return self.discriminator(samples, self.encode(samples)).logits
