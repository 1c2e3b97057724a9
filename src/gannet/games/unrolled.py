"""Unrolled GAN: the generator looks ahead at how the discriminator will answer."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import functional_call

from gannet.games.adversarial import Adversarial
from gannet.games.scoring import Scorer
from gannet.losses.base import AdversarialLoss
from gannet.networks.base import Discriminator, Generator
from gannet.priors.base import Prior
from gannet.types import Batch, Terms

DECAY = 0.99
"""Of the running mean of D's squared gradients."""
LEAST = 0.01
"""m over the root of the mean of v: the smallest divisor of an imagined step."""


class Unrolled(Adversarial):
    """G maximises D's loss at the D of ``unrolled_steps`` more steps, and differentiates through these steps.

    Metz et al. 2017, eq. 7 to 11, https://arxiv.org/abs/1611.02163. The game is zero-sum, as theirs: the term of the reals
    counts as well, because D's coming steps depend on G. The steps looked ahead are w <- w - r g / (max(sqrt v, m) + 1e-8), g
    the gradient of D's loss on the samples of the turn, v the running mean of D's squared gradients, held still while looking
    ahead, m a hundredth of the root of v's mean over all weights: Adam without momentum. So D is imagined to learn about as fast
    as its Adam lets it; plain gradient descent moves some weights far too little and makes others diverge. v is a buffer. D itself
    takes its one ordinary step and never the imagined ones.
    """

    squares: Tensor
    """v of all weights of D in one row."""

    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        prior: Prior,
        *,
        loss: AdversarialLoss,
        unrolled_steps: int = 5,
        unrolled_rate: float = 2e-4,
    ) -> None:
        """Args:
        generator: latents to samples.
        discriminator: any whose layers can be differentiated twice.
        prior: where latents come from.
        loss: whose discriminator's side both play for, against each other; its generator's side has no part.
        unrolled_steps: how many steps of D the generator looks ahead; 0 is the ordinary zero-sum game.
        unrolled_rate: r, their learning rate: how far each weight moves in one, about.
        """
        super().__init__(generator, discriminator, prior, loss=loss)
        self.unrolled_steps, self.unrolled_rate = unrolled_steps, unrolled_rate
        self.register_buffer("squares", torch.zeros(sum(weight.numel() for weight in discriminator.parameters())))

    def discriminator_terms(self, batch: Batch) -> Terms:
        """The loss's discriminator side."""
        with torch.no_grad():
            fake = self.generate(self.draw_latents(batch.size, batch.rng))
        real_logits, fake_logits = (score.logits for score in Scorer(self.discriminator, (batch.real,), (fake,)).both())
        watch = {"score_real": real_logits.mean(), "score_fake": fake_logits.mean()}
        return Terms({"adversarial": self.loss.discriminator(real_logits, fake_logits)}, watch)

    def generator_terms(self, batch: Batch) -> Terms:
        """Minus D's loss some steps ahead; watched: the same at the D of now."""
        fake = self.generate(self.draw_latents(batch.size, batch.rng))
        ahead = {name: weight.detach().requires_grad_() for name, weight in self.discriminator.named_parameters()}
        rates = self.rates(batch.step)
        values = [self.loss_at(ahead, batch.real, fake)]
        for _ in range(self.unrolled_steps):
            slopes = torch.autograd.grad(values[-1], list(ahead.values()), create_graph=True)
            ahead = {name: weight - rate * g for (name, weight), rate, g in zip(ahead.items(), rates, slopes, strict=True)}
            values.append(self.loss_at(ahead, batch.real, fake))
        return Terms({"adversarial": -values[-1]}, {"now": -values[0].detach()})

    def rates(self, step: int) -> list[Tensor]:
        """The step sizes r / (sqrt v + 1e-8), shaped as the weights of D; v starts at 0, which is corrected for as in Adam."""
        corrected = self.squares / (1 - DECAY ** (step + 1))
        weights = list(self.discriminator.parameters())
        # A weight without a gradient so far (a silent unit) would be thrown anywhere by its first one.
        size = corrected.sqrt().clamp_min(LEAST * corrected.mean().sqrt()) + 1e-8
        parts = (self.unrolled_rate / size).split([weight.numel() for weight in weights])
        return [part.view_as(weight) for part, weight in zip(parts, weights, strict=True)]

    def after_turn(self, player: str) -> None:
        """The squared gradients of D's step are remembered."""
        super().after_turn(player)
        if player == "discriminator":
            slopes = torch.cat([weight.grad.flatten() for weight in self.discriminator.parameters() if weight.grad is not None])
            self.squares.lerp_(slopes.square(), 1 - DECAY)

    def loss_at(self, weights: dict[str, Tensor], real: Tensor, fake: Tensor) -> Tensor:
        """D's loss at other weights of D, a scalar."""
        if self.discriminator.rows_independent:
            real_logits, fake_logits = functional_call(self.discriminator, weights, (torch.cat([real, fake]),)).logits.split(len(real))
        else:
            real_logits, fake_logits = (functional_call(self.discriminator, weights, (rows,)).logits for rows in (real, fake))
        return self.loss.discriminator(real_logits, fake_logits)
