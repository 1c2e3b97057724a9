"""Boundary equilibrium GAN: a fixed ratio of the reconstruction errors of fakes and reals."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gannet.games.adversarial import Adversarial
from gannet.games.base import Turn
from gannet.games.discriminator_pass import DiscriminatorPass
from gannet.networks.base import Discriminator, Generator
from gannet.priors.base import Prior
from gannet.ranks.whole import whole
from gannet.types import Batch, Terms


class BEGAN(Adversarial):
    """D: E U(x) - k E U(G(z)); G: E U(G(z)); k <- clip(k + r (gamma E U(x) - E U(G(z))), 0, 1), with the energy U =
    -logit.

    Berthelot, Schumm, Metz 2017, section 3.4, https://arxiv.org/abs/1703.10717. k is a buffer that starts at 0 and
    controls the ratio, so that E U(G(z)) = gamma E U(x). Both energies in its update come from the discriminator's
    turn. Recorded values: k, and the global measure of convergence M = E U(x) + |gamma E U(x) - E U(G(z))| >= 0, where
    smaller is better (section 3.4.1). The game defines its own objective and takes no loss.
    """

    balance: Tensor

    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        prior: Prior,
        *,
        gamma: float = 0.5,
        balance_rate: float = 0.001,
    ) -> None:
        """Args:
        generator: latents to samples.
        discriminator: its logit is minus an energy >= 0.
        prior: the distribution of latents.
        gamma: target ratio of the energies of fakes and reals, in (0, 1]; smaller values give less diversity.
        balance_rate: r, the learning rate of k; 0.001 in the paper.
        """
        super().__init__(generator, discriminator, prior, loss=None)
        self.gamma, self.balance_rate = gamma, balance_rate
        self.register_buffer("balance", torch.zeros(()))
        self._imbalance = torch.zeros(())

    @property
    def players(self) -> dict[str, list[nn.Module]]:
        """The trainable parameters of the prior, if any, belong to the generator."""
        return {"discriminator": [self.discriminator, self.penalties], "generator": [self.generator, self.prior]}

    def turns(self) -> list[Turn]:
        """One turn of D, then one turn of G."""
        return [Turn("discriminator", self.discriminator_terms), Turn("generator", self.generator_terms)]

    def discriminator_terms(self, batch: Batch) -> Terms:
        """Low energy for reals; high energy for fakes, weighted by the balance k."""
        with torch.no_grad():
            fake = self.generate(self.draw_latents(batch.size, batch.rng))
        logits = [output.logits for output in DiscriminatorPass(self.discriminator, (batch.real,), (fake,)).outputs]
        real_energy, fake_energy = (-whole(side).mean() for side in logits)
        # Used once after the optimizer step. It has no meaning between steps, so it is not saved.
        self._imbalance = (self.gamma * real_energy - fake_energy).detach()
        measure = real_energy + self._imbalance.abs()
        watch = {"energy_fake": fake_energy, "k": self.balance.clone(), "convergence": measure}
        return Terms({"reconstruction": real_energy, "repulsion": -self.balance.clone() * fake_energy}, watch)

    def generator_terms(self, batch: Batch) -> Terms:
        """Low energy for fakes."""
        return Terms({"energy": -self.logits(self.generate(self.draw_latents(batch.size, batch.rng))).mean()})

    def after_turn(self, player: str) -> None:
        """Update the balance k after every optimizer step of the discriminator."""
        super().after_turn(player)
        if player == "discriminator":
            self.balance.add_(self.balance_rate * self._imbalance).clamp_(0.0, 1.0)
