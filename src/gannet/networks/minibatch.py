"""A discriminator that compares the samples of a batch, so that it detects fakes that are too similar."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gannet.networks.base import Discriminator, Trunk
from gannet.ranks.whole import whole
from gannet.types import DiscriminatorOutput


class MinibatchDiscrimination(nn.Module):
    """o_b(x_i) = sum over j != i of exp(-|M_ib - M_jb|_1), M_i = T f(x_i) in R^(kernels x width).

    Salimans et al. 2016, section 3.2, https://arxiv.org/abs/1606.03498: each kernel is a learned projection and counts
    how many samples of the batch are close. Time and memory grow as N^2 * kernels * width. The paper's code has 100
    kernels of width 5.
    """

    def __init__(self, num_features: int, *, kernels: int = 16, width: int = 3) -> None:
        super().__init__()
        self.size, self.width = kernels, width
        # A linear layer, so that constraints on parameters apply to it as well.
        self.projection = nn.Linear(num_features, kernels * width, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """(N, num_features) -> (N, kernels), each in [0, N - 1]."""
        views = self.projection(features).float().view(len(features), self.size, self.width)
        # Samples last, so that sums over the short axis use contiguous memory.
        views = views.permute(1, 2, 0).contiguous()  # (kernels, width, N)
        others = whole(views.permute(2, 0, 1)).permute(1, 2, 0)
        distances = (views[..., None] - others[..., None, :]).abs().sum(1)  # (kernels, N, N)
        return distances.neg().exp().sum(2).T - 1  # every sample has distance 0 to itself


class MinibatchDeviation(nn.Module):
    """Mean over the features of their standard deviation over the batch: one number for all samples.

    Karras et al. 2018, section 3, https://arxiv.org/abs/1710.10196. The paper uses the last feature maps.
    """

    size = 1

    def forward(self, features: Tensor) -> Tensor:
        """(N, num_features) -> (N, 1)."""
        # The epsilon keeps the gradient of the root finite if all samples are equal.
        deviation = (whole(features.float()).var(0, correction=0) + 1e-8).sqrt().mean()
        return deviation.expand(len(features), 1)


class MinibatchDiscriminator(Discriminator):
    """trunk, with a statistic of the whole batch appended -> one logit.

    Real and generated batches have separate forward passes. In evaluation mode samples are independent: the statistic
    is the running mean from the discriminator's turns, so that a logit does not depend on the rest of the batch.
    """

    rows_independent = False

    def __init__(self, trunk: Trunk, statistic: MinibatchDiscrimination | MinibatchDeviation) -> None:
        """Args:
        trunk: features of the samples; these, without the statistic, are the features of the output.
        statistic: (N, trunk.size) -> (N, statistic.size).
        """
        super().__init__()
        self.shape, self.num_classes = trunk.shape, 0
        self.trunk, self.statistic = trunk, statistic
        # Only its running mean is used. It is a batch norm, because the trainer freezes batch norms in the other
        # player's turn.
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
