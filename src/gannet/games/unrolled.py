"""Unrolled GAN: the generator anticipates the next steps of the discriminator."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.func import functional_call

from gannet.games.adversarial import Adversarial
from gannet.games.base import Turn
from gannet.games.discriminator_pass import DiscriminatorPass
from gannet.losses.base import AdversarialLoss
from gannet.networks.base import Discriminator, Generator
from gannet.priors.base import Prior
from gannet.types import Batch, Terms

DECAY = 0.99
"""Decay of the running mean of D's squared gradients."""
LEAST = 0.01
"""m divided by the root of the mean of v: the smallest divisor of an unrolled step."""
FARTHEST = 1000.0
"""Farthest that one unrolled step moves a parameter, in units of r."""


class Unrolled(Adversarial):
    """G maximises D's loss after ``unrolled_steps`` more steps of D, and differentiates through these steps.

    Metz et al. 2017, eq. 7 to 11, https://arxiv.org/abs/1611.02163. The game is zero-sum, as in the paper. The term of
    the reals matters too, because the unrolled steps of D depend on G. An unrolled step is w <- w - r g / (max(sqrt v,
    m) + 1e-8). Here g is the gradient of D's loss on the samples of the turn, v is the running mean of D's squared
    gradients, and m is a hundredth of the root of the mean of v over all parameters. v is constant during unrolling,
    and no parameter moves by more than 1,000 r in one step. On the ring no step is that long. On images of 32 x 32 and
    more, v of the first turn is far too small for the gradients of later unrolled steps, and without the limit the loss
    overflows. This is Adam without momentum, so that D learns about as fast in the unrolled steps as with its own Adam.
    Plain gradient descent moves some parameters far too little and makes others diverge. v is a buffer. D itself takes
    only its ordinary step.
    """

    needs_one_process: ClassVar[str] = "its unrolled steps follow the gradient of the whole batch"

    squares: Tensor
    """v of all parameters of D in one vector."""

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
        discriminator: all layers must be twice differentiable.
        prior: the distribution of latents.
        loss: D minimises and G maximises its discriminator's side; its generator's side is not used.
        unrolled_steps: number of unrolled steps of D; 0 is the ordinary zero-sum game.
        unrolled_rate: learning rate r of the unrolled steps, roughly the distance that a parameter moves in one step.
        """
        super().__init__(generator, discriminator, prior, loss=loss)
        self.unrolled_steps, self.unrolled_rate = unrolled_steps, unrolled_rate
        self.register_buffer("squares", torch.zeros(sum(weight.numel() for weight in discriminator.parameters())))

    @property
    def players(self) -> dict[str, list[nn.Module]]:
        """The trainable parameters of the prior, if any, belong to the generator."""
        return {"discriminator": [self.discriminator, self.penalties], "generator": [self.generator, self.prior]}

    def turns(self) -> list[Turn]:
        """One turn of D, then one turn of G."""
        return [Turn("discriminator", self.discriminator_terms), Turn("generator", self.generator_terms)]

    def discriminator_terms(self, batch: Batch) -> Terms:
        """The discriminator's side of the loss."""
        with torch.no_grad():
            fake = self.generate(self.draw_latents(batch.size, batch.rng))
        real_logits, fake_logits = (
            output.logits for output in DiscriminatorPass(self.discriminator, (batch.real,), (fake,)).outputs
        )
        watch = {"logit_real": real_logits.mean(), "logit_fake": fake_logits.mean()}
        return Terms({"adversarial": self.loss.discriminator(real_logits, fake_logits)}, watch)

    def generator_terms(self, batch: Batch) -> Terms:
        """Minus D's loss after the unrolled steps. Also recorded: the same for the current D."""
        fake = self.generate(self.draw_latents(batch.size, batch.rng))
        ahead = {name: weight.detach().requires_grad_() for name, weight in self.discriminator.named_parameters()}
        rates = self.learning_rates(batch.step)
        values = [self.loss_at(ahead, batch.real, fake)]
        for _ in range(self.unrolled_steps):
            slopes = torch.autograd.grad(values[-1], list(ahead.values()), create_graph=True)
            steps = [(rate * g).clamp(-self.farthest, self.farthest) for rate, g in zip(rates, slopes, strict=True)]
            ahead = {name: weight - step for (name, weight), step in zip(ahead.items(), steps, strict=True)}
            values.append(self.loss_at(ahead, batch.real, fake))
        return Terms({"adversarial": -values[-1]}, {"now": -values[0].detach()})

    @property
    def farthest(self) -> float:
        """The longest step of one parameter."""
        return FARTHEST * self.unrolled_rate

    def learning_rates(self, step: int) -> list[Tensor]:
        """The step sizes r / (max(sqrt v, m) + 1e-8), shaped as the parameters of D, with Adam's bias correction of
        v.
        """
        corrected = self.squares / (1 - DECAY ** (step + 1))
        weights = list(self.discriminator.parameters())
        # Without a lower bound, the first gradient of a so far inactive unit would cause an arbitrarily large step.
        size = corrected.sqrt().clamp_min(LEAST * corrected.mean().sqrt()) + 1e-8
        parts = (self.unrolled_rate / size).split([weight.numel() for weight in weights])
        return [part.view_as(weight) for part, weight in zip(parts, weights, strict=True)]

    def after_turn(self, player: str) -> None:
        """Update v with the squared gradients of D's step."""
        super().after_turn(player)
        if player == "discriminator":
            slopes = torch.cat(
                [weight.grad.flatten() for weight in self.discriminator.parameters() if weight.grad is not None]
            )
            self.squares.lerp_(slopes.square(), 1 - DECAY)

    def loss_at(self, weights: dict[str, Tensor], real: Tensor, fake: Tensor) -> Tensor:
        """D's loss for the given parameters of D, a scalar."""
        if self.discriminator.rows_independent:
            real_logits, fake_logits = functional_call(
                self.discriminator, weights, (torch.cat([real, fake]),)
            ).logits.split(len(real))
        else:
            real_logits, fake_logits = (
                functional_call(self.discriminator, weights, (rows,)).logits for rows in (real, fake)
            )
        return self.loss.discriminator(real_logits, fake_logits)
