"""Encoders: one latent for every sample, or a distribution over latents."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gannet.networks.base import Encoder, Trunk


class DeterministicEncoder(Encoder):
    """x -> trunk -> z, the encoder of BiGAN (Donahue et al. 2017, https://arxiv.org/abs/1605.09782)."""

    def __init__(self, trunk: Trunk, latent_size: int) -> None:
        super().__init__()
        self.shape, self.latent_size, self.trunk = trunk.shape, latent_size, trunk
        self.head = nn.Linear(trunk.size, latent_size)

    def forward(self, samples: Tensor, noise: Tensor | None = None) -> Tensor:
        """(N, *shape) -> (N, latent_size); ignores the noise."""
        return self.head(self.trunk(samples)).float()


class StochasticEncoder(Encoder):
    """x -> trunk -> mean m(x) and log standard deviation s(x); z = m + exp(s) noise, the encoder of ALI.

    Dumoulin et al. 2017, section 2.1, https://arxiv.org/abs/1606.00704. s is clamped to [-7, 2].
    """

    def __init__(self, trunk: Trunk, latent_size: int) -> None:
        super().__init__()
        self.shape, self.latent_size, self.trunk = trunk.shape, latent_size, trunk
        self.mean = nn.Linear(trunk.size, latent_size)
        self.log_deviation = nn.Linear(trunk.size, latent_size)

    def forward(self, samples: Tensor, noise: Tensor | None = None) -> Tensor:
        """(N, *shape), (N, latent_size) -> (N, latent_size)."""
        features = self.trunk(samples)
        mean = self.mean(features).float()
        if noise is None:
            return mean
        return torch.addcmul(mean, self._log_deviation(features).exp(), noise)

    def distribution(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """(N, *shape) -> mean and log standard deviation, (N, latent_size) each."""
        features = self.trunk(samples)
        return self.mean(features).float(), self._log_deviation(features)

    def _log_deviation(self, features: Tensor) -> Tensor:
        return self.log_deviation(features).float().clamp(-7, 2)
