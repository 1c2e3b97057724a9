"""A discriminator that compares the rows of a batch, so that it sees when fakes are too alike."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gannet.networks.base import Discriminator, Trunk
from gannet.types import DiscriminatorOutput


class MinibatchDiscrimination(nn.Module):
    """o_b(x_i) = sum over j != i of exp(-|M_ib - M_jb|_1), M_i = T f(x_i) in R^(kernels x width).

    Salimans et al. 2016, section 3.2, https://arxiv.org/abs/1606.03498: how many rows of the batch lie close, in each of
    several learned views. Time and memory grow as N^2 * kernels * width; their code has 100 kernels of width 5.
    """

    def __init__(self, num_features: int, *, kernels: int = 16, width: int = 3) -> None:
        super().__init__()
        self.size, self.width = kernels, width
        # A linear layer, so that constraints on weights hold for it as well.
        self.projection = nn.Linear(num_features, kernels * width, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """(N, num_features) -> (N, kernels), each in [0, N - 1]."""
        views = self.projection(features).float().view(len(features), self.size, self.width)
        # Rows last: sums over the short axis then run over contiguous memory.
        views = views.permute(1, 2, 0).contiguous()  # (kernels, width, N)
        distances = (views[..., None] - views[..., None, :]).abs().sum(1)  # (kernels, N, N)
        return distances.neg().exp().sum(2).T - 1  # every row is at distance 0 from itself


class MinibatchDeviation(nn.Module):
    """Mean over the features of their standard deviation over the batch, one number for all rows.

    Karras et al. 2018, section 3, https://arxiv.org/abs/1710.10196, there on the last feature maps.
    """

    size = 1

    def forward(self, features: Tensor) -> Tensor:
        """(N, num_features) -> (N, 1)."""
        # The epsilon keeps the gradient of the root finite where all rows are equal.
        deviation = (features.float().var(0, correction=0) + 1e-8).sqrt().mean()
        return deviation.expand(len(features), 1)


class MinibatchDiscriminator(Discriminator):
    """trunk, with a statistic of the whole batch appended -> one score.

    Real and generated batches are scored in passes of their own. In evaluation mode a row stands alone: its statistic is
    the running mean of those seen in the discriminator's turns, so that scores do not depend on what else is asked for.
    """

    rows_independent = False

    def __init__(self, trunk: Trunk, statistic: MinibatchDiscrimination | MinibatchDeviation) -> None:
        """Args:
        trunk: of the samples; its features, without the statistic, are those of the score.
        statistic: (N, trunk.size) -> (N, statistic.size).
        """
        super().__init__()
        self.shape, self.num_classes = trunk.shape, 0
        self.trunk, self.statistic = trunk, statistic
        # Only its running mean is used. A batch norm, because those stand still in the other player's turn.
        self.usual = nn.BatchNorm1d(statistic.size, affine=False)
        self.head = nn.Linear(trunk.size + statistic.size, 1)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        """(N, *shape) -> DiscriminatorOutput; N >= 2 in training mode."""
        features = self.trunk(samples)
        joined = torch.cat([features, self.compared(features).to(features.dtype)], dim=1)
        return DiscriminatorOutput(self.head(joined).squeeze(1).float(), features)

    def compared(self, features: Tensor) -> Tensor:
        """(N, trunk.size) -> (N, statistic.size)."""
        if not self.training:
            assert self.usual.running_mean is not None
            return self.usual.running_mean.expand(len(features), -1)
        statistic = self.statistic(features)
        self.usual(statistic.detach())
        return statistic
