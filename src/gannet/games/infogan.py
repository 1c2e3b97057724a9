"""A generator whose codes can be recovered from its samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, pi
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from gannet.games.adversarial import Adversarial
from gannet.games.base import Turn
from gannet.games.discriminator_pass import DiscriminatorPass
from gannet.losses.base import AdversarialLoss
from gannet.networks.base import Discriminator, Generator
from gannet.priors.base import Prior
from gannet.regularizers.base import Penalty
from gannet.types import Batch, DiscriminatorOutput, Terms


@dataclass(frozen=True)
class Codes:
    """One categorical code, uniform, as a one-hot vector, and continuous codes, uniform in [-1, 1]."""

    categories: Annotated[int, Field(ge=2, le=1_000)] = 10
    """Number of categories."""
    continuous: Annotated[int, Field(ge=0, le=100)] = 2
    """Number of continuous codes."""

    @property
    def size(self) -> int:
        """Length of the code vector at the generator's input."""
        return self.categories + self.continuous

    @property
    def reading_size(self) -> int:
        """Length of a reading: the category logits, then the mean and the log variance of each continuous code."""
        return self.categories + 2 * self.continuous

    def draw(self, count: int, rng: torch.Generator) -> Tensor:
        """(count, size)."""
        category = torch.randint(self.categories, (count,), generator=rng, device=rng.device)
        values = torch.rand(count, self.continuous, generator=rng, device=rng.device) * 2 - 1
        return torch.cat([one_hot(category, self.categories).float(), values], dim=1)

    def category_error(self, reading: Tensor, codes: Tensor) -> Tensor:
        """-E log Q(category), the cross-entropy in nats: (N, reading_size), (N, size) -> scalar."""
        return cross_entropy(reading[:, : self.categories], codes[:, : self.categories].argmax(1))

    def continuous_error(self, reading: Tensor, codes: Tensor) -> Tensor:
        """-E log Q of the continuous codes in nats, summed over codes; Q is Gaussian with the means and variances of
        the reading.
        """
        mean, log_variance = reading[:, self.categories :].chunk(2, dim=1)
        return gaussian_surprise(mean, log_variance.clamp(-6, 6), codes[:, self.categories :]).sum(1).mean()

    def names(self) -> tuple[str, ...]:
        """``category``, ``continuous 1``, ``continuous 2`` and so on."""
        return ("category", *(f"continuous {i + 1}" for i in range(self.continuous)))

    def moved(self, codes: Tensor, code: int, share: Tensor) -> Tensor:
        """(N, size) with one code of :meth:`names` set: share 0 is its first value and 1 its last, (N,) in [0, 1]."""
        codes = codes.clone()
        if code == 0:
            category = (share * self.categories).long().clamp(max=self.categories - 1)
            codes[:, : self.categories] = one_hot(category, self.categories).to(codes.dtype)
        else:
            codes[:, self.categories + code - 1] = share * 2 - 1
        return codes


class InfoGAN(Adversarial):
    """Both players also minimise -E log Q(c | G(z, c)), which bounds the mutual information of codes and samples from
    below.

    Chen et al. 2016, eq. 5 and 6, https://arxiv.org/abs/1606.03657. Q is a head on the discriminator's features and
    belongs to the discriminator's player. In the discriminator's turn Q and the shared trunk learn to recover the
    codes; in the generator's turn G learns to make samples whose codes can be recovered. Latents are [z, codes].
    """

    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        recognizer: nn.Module,
        prior: Prior,
        *,
        codes: Codes,
        loss: AdversarialLoss,
        penalties: Sequence[Penalty] = (),
        continuous_weight: float = 0.1,
    ) -> None:
        assert generator.latent_size == prior.size + codes.size
        super().__init__(generator, discriminator, prior, loss=loss, penalties=penalties)
        self.recognizer, self.codes, self.continuous_weight = recognizer, codes, continuous_weight
        self.code_names = codes.names()

    @property
    def players(self) -> dict[str, list[nn.Module]]:
        """The recognizer belongs to the discriminator's player."""
        return {
            "discriminator": [self.discriminator, self.recognizer, self.penalties],
            "generator": [self.generator, self.prior],
        }

    def turns(self) -> list[Turn]:
        """One turn of D, then one turn of G."""
        return [Turn("discriminator", self.discriminator_terms), Turn("generator", self.generator_terms)]

    def discriminator_terms(self, batch: Batch) -> Terms:
        """The discriminator's side of the loss, the error of reading the codes of fakes, and all penalties."""
        latents = self.draw_latents(batch.size, batch.rng)
        with torch.no_grad():
            fake = self.generate(latents)
        judged = DiscriminatorPass(self.discriminator, (batch.real,), (fake,), penalties=self.penalties)
        real, generated = judged.outputs
        minimise = {
            "adversarial": self.loss.discriminator(real.logits, generated.logits),
            **self.information_terms(generated, latents),
            **judged.penalty_terms(batch),
        }
        return Terms(minimise, {"logit_real": real.logits.mean(), "logit_fake": generated.logits.mean()})

    def generator_terms(self, batch: Batch) -> Terms:
        """The generator's side of the loss, and the error of reading the codes of fakes."""
        latents = self.draw_latents(batch.size, batch.rng)
        generated = self.discriminator(self.generate(latents))
        real = None
        if self.loss.generator_needs_real:
            with torch.no_grad():
                real = self.discriminator(batch.real).logits
        return Terms(
            {"adversarial": self.loss.generator(generated.logits, real), **self.information_terms(generated, latents)}
        )

    def information_terms(self, output: DiscriminatorOutput, latents: Tensor) -> dict[str, Tensor]:
        """The error of reading the codes, in nats; the continuous part is weighted."""
        reading, codes = self.read(output), latents[:, self.prior.size :]
        terms = {"category": self.codes.category_error(reading, codes)}
        if self.codes.continuous:
            terms["continuous"] = self.continuous_weight * self.codes.continuous_error(reading, codes)
        return terms

    def read(self, output: DiscriminatorOutput) -> Tensor:
        """(N, reading_size), float32, from the discriminator's features."""
        return self.recognizer(output.features).float()

    def draw_latents(self, count: int, rng: torch.Generator) -> Tensor:
        """(count, prior size + code size)."""
        return torch.cat([self.prior.draw(count, rng), self.codes.draw(count, rng)], dim=1)

    def with_code(self, latents: Tensor, code: int, share: Tensor) -> Tensor:
        """The latents with one code set: share 0 is its first value and 1 its last."""
        noise, codes = latents.split([self.prior.size, self.codes.size], dim=1)
        return torch.cat([noise, self.codes.moved(codes, code, share)], dim=1)

    def cluster(self, samples: Tensor) -> Tensor:
        """(N, *shape) -> (N,) most likely category."""
        return self.read(self.discriminator(samples))[:, : self.codes.categories].argmax(1)


def gaussian_surprise(mean: Tensor, log_variance: Tensor, value: Tensor) -> Tensor:
    """-log N(value; mean, exp(log_variance)) in nats, elementwise."""
    return 0.5 * (log(2 * pi) + log_variance + (value - mean).square() * (-log_variance).exp())
