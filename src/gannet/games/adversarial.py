"""What all games of one generator against one discriminator share: networks, sampling, logits, constraints."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gannet.games.base import Game
from gannet.losses.base import AdversarialLoss
from gannet.networks.base import Discriminator, Generator
from gannet.priors.base import Prior
from gannet.regularizers.base import Constraint, Penalty


class Adversarial(Game):
    """Owns the networks and says how to sample. Each game states its players, its turns and the terms of every
    player itself.
    """

    loss: AdversarialLoss
    """Not set for games that define their own objective."""

    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        prior: Prior,
        *,
        loss: AdversarialLoss | None,
        penalties: Sequence[Penalty] = (),
        constraints: Sequence[Constraint] = (),
    ) -> None:
        super().__init__()
        self.generator, self.discriminator, self.prior = generator, discriminator, prior
        self.constraints = list(constraints)
        self.penalties = nn.ModuleList(penalties)
        if loss is not None:
            self.loss = loss
        # A game without a loss compares energies: reals have lower energies than fakes, and no value is a decision
        # boundary.
        self.relative_logits = loss is None or loss.relative_logits
        for constraint in self.constraints:
            constraint.build(discriminator)

    def after_turn(self, player: str) -> None:
        """Apply the constraints after every optimizer step of the discriminator."""
        if player == "discriminator":
            for constraint in self.constraints:
                constraint.apply(self.discriminator)

    def draw_latents(self, count: int, rng: torch.Generator) -> Tensor:
        """(count, latent_size)."""
        return self.prior.draw(count, rng)

    def generate(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent_size) and class labels (N,) if any -> (N, *shape)."""
        return self.generator(latents, labels)

    def logits(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, *shape) -> (N,) logits."""
        return self.discriminator(samples, labels).logits

    def sample(self, count: int, *, labels: Tensor | None = None, rng: torch.Generator) -> Tensor:
        """(count, *shape)."""
        return self.generate(self.draw_latents(count, rng), labels)

    def limitations(self) -> tuple[str, ...]:
        """The limitation of the prior, if any."""
        sentence = self.prior.limitation()
        return (sentence,) if sentence else ()
