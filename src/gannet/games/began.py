"""Boundary equilibrium GAN: reconstruction errors of reals and fakes in a fixed proportion."""

from __future__ import annotations

import torch
from torch import Tensor

from gannet.games.adversarial import Adversarial
from gannet.games.scoring import Scorer
from gannet.networks.base import Discriminator, Generator
from gannet.priors.base import Prior
from gannet.types import Batch, Terms


class BEGAN(Adversarial):
    """D: E U(x) - k E U(G(z)); G: E U(G(z)); k <- clip(k + r (gamma E U(x) - E U(G(z))), 0, 1), U = -score the energy.

    Berthelot, Schumm, Metz 2017, section 3.4, https://arxiv.org/abs/1703.10717. k is a buffer that starts at 0 and holds
    E U(G(z)) = gamma E U(x); both energies of its update are those of the discriminator's turn. Watched: k, and the global
    measure of convergence M = E U(x) + |gamma E U(x) - E U(G(z))| >= 0, smaller is better (section 3.4.1). The objective is
    the game's own: it takes no loss.
    """

    balance: Tensor

    def __init__(
        self, generator: Generator, discriminator: Discriminator, prior: Prior, *, gamma: float = 0.5, balance_rate: float = 0.001
    ) -> None:
        """Args:
        generator: latents to samples.
        discriminator: whose score is minus an energy >= 0.
        prior: where latents come from.
        gamma: wanted energy of fakes over energy of reals, in (0, 1]: the smaller, the less diverse.
        balance_rate: r, the learning rate of k; 0.001 in the paper.
        """
        super().__init__(generator, discriminator, prior, loss=None)
        self.gamma, self.balance_rate = gamma, balance_rate
        self.register_buffer("balance", torch.zeros(()))
        self._imbalance = torch.zeros(())

    def discriminator_terms(self, batch: Batch) -> Terms:
        """Low energy for reals, high energy for fakes as far as the balance asks for it."""
        with torch.no_grad():
            fake = self.generate(self.draw_latents(batch.size, batch.rng))
        real_energy, fake_energy = (-score.logits.mean() for score in Scorer(self.discriminator, (batch.real,), (fake,)).both())
        # Acted upon once the step is taken; between steps it has no meaning, so it is not saved.
        self._imbalance = (self.gamma * real_energy - fake_energy).detach()
        measure = real_energy + self._imbalance.abs()
        watch = {"energy_fake": fake_energy, "k": self.balance.clone(), "convergence": measure}
        return Terms({"reconstruction": real_energy, "repulsion": -self.balance.clone() * fake_energy}, watch)

    def generator_terms(self, batch: Batch) -> Terms:
        """Low energy for fakes."""
        return Terms({"energy": -self.score(self.generate(self.draw_latents(batch.size, batch.rng))).mean()})

    def after_turn(self, player: str) -> None:
        """The balance moves after every step of the discriminator."""
        super().after_turn(player)
        if player == "discriminator":
            self.balance.add_(self.balance_rate * self._imbalance).clamp_(0.0, 1.0)
