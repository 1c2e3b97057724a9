"""What all games of one generator against one discriminator share. A concrete game adds the terms of both players."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from gannet.games.base import Game, Turn
from gannet.losses.base import AdversarialLoss
from gannet.networks.base import Discriminator, Generator
from gannet.priors.base import Prior
from gannet.regularizers.base import Constraint, Penalty, WeightPenalty
from gannet.types import Batch, Terms


class Adversarial(Game):
    """Two players with one turn each: ``critic_steps`` repeats for the discriminator, then one for the generator.

    A concrete game writes :meth:`discriminator_terms` and :meth:`generator_terms`: what each player minimises in its turn.
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
        weight_penalties: Mapping[str, WeightPenalty] | None = None,
        critic_steps: int = 1,
    ) -> None:
        super().__init__()
        self.generator, self.discriminator, self.prior = generator, discriminator, prior
        self.constraints, self.critic_steps = list(constraints), critic_steps
        self.penalties = nn.ModuleList(penalties)
        if loss is not None:
            self.loss = loss
        # A game without a loss compares energies: reals have lower energies than fakes, and no value is a decision boundary.
        self.relative_scores = loss is None or loss.relative_scores
        for constraint in self.constraints:
            constraint.build(discriminator)
        self.weight_penalties = nn.ModuleDict(weight_penalties or {})
        for player, penalty in (weight_penalties or {}).items():
            penalty.build(self.players[player])

    @property
    def players(self) -> dict[str, list[nn.Module]]:
        """The trainable parameters of the prior, if any, belong to the generator."""
        return {"discriminator": [self.discriminator, self.penalties], "generator": [self.generator, self.prior]}

    def turns(self) -> list[Turn]:
        """``critic_steps`` turns of D, then one turn of G."""
        return [
            Turn("discriminator", self.discriminator_objective, self.critic_steps),
            Turn("generator", self.generator_objective),
        ]

    def discriminator_objective(self, batch: Batch) -> Terms:
        """The discriminator's terms, and the penalty on its parameters if any."""
        return self._with_parameter_penalty("discriminator", self.discriminator_terms(batch))

    def generator_objective(self, batch: Batch) -> Terms:
        """The generator's terms, and the penalty on its parameters if any."""
        return self._with_parameter_penalty("generator", self.generator_terms(batch))

    @abstractmethod
    def discriminator_terms(self, batch: Batch) -> Terms:
        """The terms that the discriminator minimises in its turn."""

    @abstractmethod
    def generator_terms(self, batch: Batch) -> Terms:
        """The terms that the generator minimises in its turn."""

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

    def score(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, *shape) -> (N,) logits."""
        return self.discriminator(samples, labels).logits

    def sample(self, count: int, *, labels: Tensor | None = None, rng: torch.Generator) -> Tensor:
        """(count, *shape)."""
        return self.generate(self.draw_latents(count, rng), labels)

    def limitations(self) -> tuple[str, ...]:
        """The limitation of the prior, if any."""
        sentence = self.prior.limitation()
        return (sentence,) if sentence else ()

    def _with_parameter_penalty(self, player: str, terms: Terms) -> Terms:
        if player not in self.weight_penalties:
            return terms
        penalty = self.weight_penalties[player]
        return Terms(terms.minimise | {type(penalty).__name__: penalty(self.players[player])}, terms.watch)
