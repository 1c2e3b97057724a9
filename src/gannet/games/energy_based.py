"""Energy-based GAN: the discriminator is an autoencoder whose reconstruction error is the energy."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, relu

from gannet.games.adversarial import Adversarial
from gannet.games.base import Turn
from gannet.games.discriminator_pass import DiscriminatorPass
from gannet.networks.base import Discriminator, Generator
from gannet.priors.base import Prior
from gannet.ranks.whole import whole
from gannet.regularizers.base import Constraint, Penalty
from gannet.types import Batch, Terms


class EnergyBased(Adversarial):
    """D: E U(x) + E relu(m - U(G(z))); G: E U(G(z)) + w PT(codes of G(z)), with the energy U = -logit and the margin m.

    Zhao, Mathieu, LeCun 2017 (EBGAN), eq. 1, 2 and 4, https://arxiv.org/abs/1609.03126. The discriminator's features
    are the autoencoder's codes. The pulling-away term PT keeps the codes of a generated batch apart. The game defines
    its own objective and takes no loss.
    """

    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        prior: Prior,
        *,
        margin: float = 1.0,
        pulling_away: float = 0.0,
        penalties: Sequence[Penalty] = (),
        constraints: Sequence[Constraint] = (),
    ) -> None:
        """Args:
        generator: latents to samples.
        discriminator: its logit is minus an energy >= 0, and its features are codes.
        prior: the distribution of latents.
        margin: energies of fakes above this value are not increased further.
        pulling_away: weight w of the pulling-away term; 0.1 in the paper's experiments on MNIST.
        penalties: added to the discriminator's turn.
        constraints: on the discriminator's parameters.
        """
        super().__init__(generator, discriminator, prior, loss=None, penalties=penalties, constraints=constraints)
        self.margin, self.pulling_away = margin, pulling_away

    @property
    def players(self) -> dict[str, list[nn.Module]]:
        """The trainable parameters of the prior, if any, belong to the generator."""
        return {"discriminator": [self.discriminator, self.penalties], "generator": [self.generator, self.prior]}

    def turns(self) -> list[Turn]:
        """One turn of D, then one turn of G."""
        return [Turn("discriminator", self.discriminator_terms), Turn("generator", self.generator_terms)]

    def discriminator_terms(self, batch: Batch) -> Terms:
        """Low energy for reals, an energy of at least the margin for fakes, and all penalties."""
        with torch.no_grad():
            fake = self.generate(self.draw_latents(batch.size, batch.rng))
        judged = DiscriminatorPass(self.discriminator, (batch.real,), (fake,), penalties=self.penalties)
        real_energy, fake_energy = (-output.logits for output in judged.outputs)
        minimise = {
            "reconstruction": real_energy.mean(),
            "margin": relu(self.margin - fake_energy).mean(),
            **judged.penalty_terms(batch),
        }
        return Terms(minimise, {"energy_fake": fake_energy.mean()})

    def generator_terms(self, batch: Batch) -> Terms:
        """Low energy for fakes, and codes in different directions."""
        output = self.discriminator(self.generate(self.draw_latents(batch.size, batch.rng)))
        assert output.features is not None
        minimise = {"energy": -output.logits.mean()}
        if self.pulling_away:
            minimise["pulling_away"] = self.pulling_away * pulling_away(output.features)
        return Terms(minimise)


def pulling_away(codes: Tensor) -> Tensor:
    """Mean squared cosine between the codes of two different samples, (N, F) -> scalar in [0, 1]."""
    directions = normalize(whole(codes.float()), dim=1)
    count = len(directions)
    # The diagonal consists of N ones.
    return ((directions @ directions.T).square().sum() - count) / (count * (count - 1))
