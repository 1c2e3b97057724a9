"""The likelihood of samples under a Gaussian with one standard deviation."""

from __future__ import annotations

from math import log, pi

import torch
from torch import Tensor, nn


class GaussianLikelihood(nn.Module):
    """-log N(x; m, c^2): sum over coordinates of (x - m)^2 / (2 c^2) + log c + log(2 pi) / 2; log c is learned, or c is
    fixed.

    Rybkin, Daniilidis, Levine 2021, https://arxiv.org/abs/2006.13202. log c stays above -6.
    """

    log_deviation: Tensor

    def __init__(self, deviation: float = 0.1, *, learned: bool = True) -> None:
        """Args:
        deviation: c; its initial value if it is learned. With a c near the spread of the data, describing every sample
            by the mean of all is a stationary point of the objective, and the latents may stay unused.
        learned: whether c is a parameter.
        """
        super().__init__()
        value = torch.tensor(log(deviation))
        if learned:
            self.log_deviation = nn.Parameter(value)
        else:
            self.register_buffer("log_deviation", value)

    def forward(self, samples: Tensor, means: Tensor) -> Tensor:
        """(N, *shape) twice -> scalar: nats for each sample, mean over the batch."""
        log_deviation = self._bounded()
        errors = (samples.float() - means.float()).square() * (-2 * log_deviation).exp() / 2
        return (errors + log_deviation + log(2 * pi) / 2).flatten(1).sum(1).mean()

    def draw(self, means: Tensor, rng: torch.Generator) -> Tensor:
        """(N, *shape) means -> (N, *shape) samples around them."""
        noise = torch.randn(means.shape, generator=rng, device=means.device)
        return torch.addcmul(means, self._bounded().exp(), noise)

    def _bounded(self) -> Tensor:
        return self.log_deviation.clamp_min(-6)
