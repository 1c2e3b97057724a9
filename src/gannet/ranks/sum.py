"""The sum of a tensor over all ranks, differentiable any number of times."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gannet.ranks.group import Ranks


def summed(ranks: Ranks, tensor: Tensor) -> Tensor:
    """The sum over all ranks. Its gradient is the sum of the gradients of all ranks."""
    return _Sum.apply(tensor, ranks)  # type: ignore[no-any-return]


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: Tensor, ranks: Ranks) -> Tensor:
        ctx.ranks = ranks
        return ranks.summed(tensor.clone(memory_format=torch.contiguous_format))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return summed(ctx.ranks, gradients[0]), None
