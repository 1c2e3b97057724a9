"""Self-attention between the pixels of a feature map."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d


class SelfAttention(nn.Module):
    """x + g conv1x1(sum over j of softmax_j(q_i . k_j) v_j), g learned from 0; q, k, v are 1x1 convolutions of x.

    Zhang et al. 2019, section 3, https://arxiv.org/abs/1805.08318: q and k have an eighth of the channels, v half of
    them. Keys and values are max-pooled, so that each pixel attends to a quarter of the pixels. Time and memory grow
    with the square of the number of pixels.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        small, half = max(1, channels // 8), max(1, channels // 2)
        self.query, self.key = (nn.Conv2d(channels, small, 1, bias=False) for _ in range(2))
        self.value = nn.Conv2d(channels, half, 1, bias=False)
        self.output = nn.Conv2d(half, channels, 1, bias=False)
        self.gain = nn.Parameter(torch.zeros(()))

    def forward(self, maps: Tensor) -> Tensor:
        """(N, channels, h, w) -> the same."""
        queries = self.query(maps).flatten(2)  # (N, small, h w)
        keys, values = (max_pool2d(layer(maps), 2).flatten(2) for layer in (self.key, self.value))
        weights = torch.bmm(queries.transpose(1, 2), keys).float().softmax(2)  # (N, h w, h w / 4)
        attended = torch.bmm(values, weights.transpose(1, 2).to(values.dtype)).unflatten(2, maps.shape[2:])
        return maps + self.gain * self.output(attended)
