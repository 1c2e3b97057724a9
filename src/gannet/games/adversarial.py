"""What all games of one generator against one discriminator share; a final game adds its terms."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from gannet.games.base import Game, Turn
from gannet.losses.base import AdversarialLoss
from gannet.networks.base import Discriminator, Generator
from gannet.priors.base import Prior
from gannet.regularizers.base import Constraint, Penalty, WeightPenalty
from gannet.types import Batch, Terms


class Adversarial(Game):
    """Two players, one turn each: ``critic_steps`` of the discriminator, then one of the generator."""

    loss: AdversarialLoss
    """Absent where the objective is the game's own."""

    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        prior: Prior,
        *,
        loss: AdversarialLoss | None,
        penalties: Sequence[Penalty] = (),
        constraints: Sequence[Constraint] = (),
        weight_penalties: Mapping[str, WeightPenalty] | None = None,
        critic_steps: int = 1,
    ) -> None:
        super().__init__()
        self.generator, self.discriminator, self.prior = generator, discriminator, prior
        self.constraints, self.critic_steps = list(constraints), critic_steps
        self.penalties = nn.ModuleList(penalties)
        if loss is not None:
            self.loss = loss
        # An objective of a game's own is made of energies: reals lie lower than fakes, and no value is a boundary.
        self.relative_scores = loss is None or loss.relative_scores
        for constraint in self.constraints:
            constraint.build(discriminator)
        self.weight_penalties = nn.ModuleDict(weight_penalties or {})
        for player, penalty in (weight_penalties or {}).items():
            penalty.build(self.players[player])

    @property
    def players(self) -> dict[str, list[nn.Module]]:
        """The prior's weights, if it has any, are the generator's."""
        return {"discriminator": [self.discriminator, self.penalties], "generator": [self.generator, self.prior]}

    def turns(self) -> list[Turn]:
        """``critic_steps`` of D, then one of G."""
        return [
            Turn("discriminator", partial(self.terms, "discriminator"), self.critic_steps),
            Turn("generator", partial(self.terms, "generator")),
        ]

    def terms(self, player: str, batch: Batch) -> Terms:
        """What a player minimises, with the penalty on its weights where it has one."""
        terms = self.discriminator_terms(batch) if player == "discriminator" else self.generator_terms(batch)
        if player not in self.weight_penalties:
            return terms
        penalty = self.weight_penalties[player]
        return Terms(terms.minimise | {type(penalty).__name__: penalty(self.players[player])}, terms.watch)

    @abstractmethod
    def discriminator_terms(self, batch: Batch) -> Terms:
        """What the discriminator minimises."""

    @abstractmethod
    def generator_terms(self, batch: Batch) -> Terms:
        """What the generator minimises."""

    def after_turn(self, player: str) -> None:
        """Constraints hold after every step of the discriminator."""
        if player == "discriminator":
            for constraint in self.constraints:
                constraint.apply(self.discriminator)

    def draw_latents(self, count: int, rng: torch.Generator) -> Tensor:
        """(count, latent_size)."""
        return self.prior.draw(count, rng)

    def generate(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent_size) -> (N, *shape)."""
        return self.generator(latents, labels)

    def score(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, *shape) -> (N,) logits."""
        return self.discriminator(samples, labels).logits

    def sample(self, count: int, *, labels: Tensor | None = None, rng: torch.Generator) -> Tensor:
        """(count, *shape)."""
        return self.generate(self.draw_latents(count, rng), labels)

    def limitations(self) -> tuple[str, ...]:
        """What the prior says of itself."""
        sentence = self.prior.limitation()
        return (sentence,) if sentence else ()
