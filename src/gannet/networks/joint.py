"""A discriminator of pairs (x, z)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gannet.networks.base import Discriminator, Trunk
from gannet.networks.mlp import activation
from gannet.types import DiscriminatorOutput


class JointDiscriminator(Discriminator):
    """x -> trunk, z -> two hidden layers; both concatenated -> one hidden layer -> one logit; leaky ReLU .2.

    The architecture of Dumoulin et al. 2017, figure 1 and appendix A, https://arxiv.org/abs/1606.00704, without maxout.
    """

    rows_independent = True

    def __init__(self, trunk: Trunk, latent_size: int, *, hidden: int) -> None:
        """Args:
        trunk: features of the samples; samples of a batch must be independent.
        latent_size: length of a latent.
        hidden: width of the layers of the latents and of the joint layer.
        """
        assert trunk.rows_independent
        super().__init__()
        self.shape, self.num_classes, self.latent_size = trunk.shape, 0, latent_size
        self.trunk = trunk
        self.latent_layers = nn.Sequential(
            nn.Linear(latent_size, hidden), activation(0.2), nn.Linear(hidden, hidden), activation(0.2)
        )
        self.joint_layers = nn.Sequential(nn.Linear(trunk.size + hidden, hidden), activation(0.2))
        self.head = nn.Linear(hidden, 1)

    # Takes a pair (x, z) instead of a sample; only games on pairs call it.
    def forward(self, samples: Tensor, latents: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:  # pyright: ignore[reportIncompatibleMethodOverride]
        """(N, *shape), (N, latent_size) -> DiscriminatorOutput."""
        features = self.joint_layers(torch.cat([self.trunk(samples), self.latent_layers(latents)], dim=1))
        return DiscriminatorOutput(self.head(features).squeeze(1).float(), features)
