"""Flow matching: one network learns the velocity that carries noise to data, and no discriminator."""

from __future__ import annotations

from math import prod
from typing import ClassVar

import torch
from torch import Tensor, nn

from gannet.games.base import Game, Turn
from gannet.networks.base import Velocity
from gannet.priors.gaussian import Gaussian
from gannet.types import Batch, Terms


class FlowMatching(Game):
    """v minimises E |v(x_t, t) - (x_1 - x_0)|^2 / D, x_0 ~ N(0, I), x_1 a real sample, t uniform, x_t = (1 - t) x_0 + t
    x_1.

    Lipman et al. 2023, eq. 23 with the smallest sigma 0, https://arxiv.org/abs/2210.02747. D is the number of
    coordinates. A sample solves dx/dt = v(x, t) from noise at t = 0 to t = 1 by Euler's method, with ``evaluations``
    equal steps and as many evaluations of the network. So the noise is the latent, and it has as many coordinates as a
    sample. The game defines its own objective and takes no loss. It has one player, which keeps the name of the
    generator's.
    """

    averaged: ClassVar[tuple[str, ...]] = ("velocity", "prior")

    def __init__(self, velocity: Velocity, *, evaluations: int = 50) -> None:
        """Args:
        velocity: samples and times to velocities.
        evaluations: function evaluations for one sample, at least 1.
        """
        super().__init__()
        self.velocity, self.prior, self.evaluations = velocity, Gaussian(prod(velocity.shape)), evaluations

    @property
    def players(self) -> dict[str, list[nn.Module]]:
        """One player owns everything."""
        return {"generator": [self.velocity, self.prior]}

    def turns(self) -> list[Turn]:
        """One turn."""
        return [Turn("generator", self.generator_terms)]

    def generator_terms(self, batch: Batch) -> Terms:
        """The mean squared error of the velocity, over samples and coordinates."""
        noise = torch.randn(batch.real.shape, generator=batch.rng, device=batch.real.device)
        times = torch.rand(batch.size, generator=batch.rng, device=batch.real.device)
        share = times.view(-1, *[1] * (batch.real.dim() - 1))
        error = self.velocity(torch.lerp(noise, batch.real, share), times).float() - (batch.real - noise)
        return Terms({"velocity": error.square().mean()})

    def after_turn(self, player: str) -> None:
        """Nothing to do."""

    def draw_latents(self, count: int, rng: torch.Generator) -> Tensor:
        """(count, D), the noise at time 0."""
        return self.prior.draw(count, rng)

    def generate(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, D) -> (N, *shape), at time 1."""
        samples = latents.view(-1, *self.velocity.shape)
        for index in range(self.evaluations):
            times = torch.full((samples.shape[0],), index / self.evaluations, device=samples.device)
            samples = samples + self.velocity(samples, times).float() / self.evaluations
        return samples

    def sample(self, count: int, *, labels: Tensor | None = None, rng: torch.Generator) -> Tensor:
        """(count, *shape)."""
        return self.generate(self.draw_latents(count, rng))
