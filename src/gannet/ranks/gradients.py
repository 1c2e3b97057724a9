"""The mean of gradients over ranks."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from gannet.ranks.group import Ranks


@torch.no_grad()
def average(ranks: Ranks, weights: Sequence[Tensor], values: Sequence[Tensor]) -> list[Tensor]:
    """Replace the gradients of ``weights`` by their mean over all ranks, and return the mean of the scalars ``values``.

    One flat all-reduce for each number format. A gradient that only some ranks have counts as zeros on the others; one
    that no rank has stays None, so that the optimizer leaves its parameter alone. A wrapper such as
    DistributedDataParallel does not fit, because a game calls several networks in one turn and differentiates twice.

    Raises:
        RankLost: another process has ended.
    """
    if ranks.size == 1:
        return list(values)
    has = torch.tensor([float(weight.grad is not None) for weight in weights], device=values[0].device)
    extra = torch.cat([torch.stack([value.detach().float().reshape(()) for value in values]), has])
    for dtype in dict.fromkeys([torch.float32, *(weight.dtype for weight in weights)]):
        those = [weight for weight in weights if weight.dtype == dtype]
        for weight in those:
            if weight.grad is None:
                weight.grad = torch.zeros_like(weight)
        flat = [weight.grad.reshape(-1) for weight in those if weight.grad is not None]
        sizes = [len(part) for part in flat]
        if dtype == torch.float32:
            flat.append(extra)
            sizes.append(len(extra))
        parts = (ranks.summed(torch.cat(flat)) / ranks.size).split(sizes)
        for weight, part in zip(those, parts, strict=False):
            assert weight.grad is not None
            weight.grad.copy_(part.view(weight.shape))
        if dtype == torch.float32:
            extra = parts[-1]
    means, has = extra[: len(values)], extra[len(values) :]
    for weight, share in zip(weights, has.tolist(), strict=True):
        if not share:
            weight.grad = None
    return list(means.unbind())
