"""Variational autoencoder: one player, and no discriminator."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from gannet.games.base import Game, Turn
from gannet.networks.base import Generator
from gannet.networks.encoders import StochasticEncoder
from gannet.networks.likelihood import GaussianLikelihood
from gannet.priors.gaussian import Gaussian
from gannet.types import Batch, Terms


class VAE(Game):
    """G and E together minimise -E log p(x | z) + beta KL(q(z | x) || N(0, I)), with z drawn from q(z | x).

    Kingma and Welling 2014, eq. 10, https://arxiv.org/abs/1312.6114. With beta = 1 this is a bound on the negative
    log-likelihood of the data, in nats for each sample. q(z | x) = N(m(x), s(x)^2), so that KL = 1/2 sum (m^2 + s^2 - 1
    - log s^2). p(x | z) = N(G(z), c^2) with one standard deviation c. If it is learned (Rybkin et al. 2021,
    https://arxiv.org/abs/2006.13202), no weight balances the two terms by hand. The bound is of a density, so it can
    fall below 0. The game defines its own objective and takes no loss. It has one player, the generator's.
    """

    averaged: ClassVar[tuple[str, ...]] = ("generator", "prior", "encoder", "likelihood")

    def __init__(
        self,
        generator: Generator,
        encoder: StochasticEncoder,
        prior: Gaussian,
        *,
        beta: float = 1.0,
        noise: float = 0.1,
        learn_noise: bool = True,
        noisy_samples: bool = False,
    ) -> None:
        """Args:
        generator: latents to the mean of p(x | z), the decoder.
        encoder: samples to q(z | x).
        prior: the distribution of latents, N(0, I).
        beta: weight of the KL term (Higgins et al. 2017); 1 gives the bound.
        noise: standard deviation c of p(x | z), initial if it is learned.
        learn_noise: whether c is learned.
        noisy_samples: whether :meth:`sample` draws from p(x | z) or returns its mean.
        """
        assert prior.size == generator.latent_size == encoder.latent_size
        super().__init__()
        self.generator, self.encoder, self.prior = generator, encoder, prior
        self.likelihood = GaussianLikelihood(noise, learned=learn_noise)
        self.beta, self.noisy_samples = beta, noisy_samples

    @property
    def players(self) -> dict[str, list[nn.Module]]:
        """One player owns everything."""
        return {"generator": [self.generator, self.encoder, self.prior, self.likelihood]}

    def turns(self) -> list[Turn]:
        """One turn."""
        return [Turn("generator", self.generator_terms)]

    def generator_terms(self, batch: Batch) -> Terms:
        """The two terms of the bound, means over the batch."""
        mean, log_deviation = self.encoder.distribution(batch.real)
        noise = torch.randn(mean.shape, generator=batch.rng, device=mean.device)
        made = self.generate(torch.addcmul(mean, log_deviation.exp(), noise))
        reconstruction, divergence = (
            self.likelihood(batch.real, made),
            kl_to_standard_normal(mean, log_deviation).mean(),
        )
        watch = {
            "bound": reconstruction + divergence,
            "observation_noise": self.likelihood.log_deviation.detach().exp(),
        }
        return Terms({"reconstruction": reconstruction, "kl": self.beta * divergence}, watch)

    def after_turn(self, player: str) -> None:
        """Nothing to do."""

    def draw_latents(self, count: int, rng: torch.Generator) -> Tensor:
        """(count, latent_size)."""
        return self.prior.draw(count, rng)

    def generate(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent_size) -> (N, *shape), the mean of p(x | z)."""
        return self.generator(latents)

    def encode(self, samples: Tensor) -> Tensor:
        """(N, *shape) -> (N, latent_size), the mean of q(z | x)."""
        return self.encoder(samples)

    def sample(self, count: int, *, labels: Tensor | None = None, rng: torch.Generator) -> Tensor:
        """(count, *shape)."""
        means = self.generate(self.draw_latents(count, rng)).float()
        return self.likelihood.draw(means, rng) if self.noisy_samples else means


def kl_to_standard_normal(mean: Tensor, log_deviation: Tensor) -> Tensor:
    """KL(N(m, s^2) || N(0, I)) in nats: m and log s (N, F) -> (N,)."""
    return 0.5 * (mean.square() + (2 * log_deviation).exp() - 1 - 2 * log_deviation).sum(1)
