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
        if dtype == torch.float32:
            extra = _averaged(ranks, those, extra)
        else:
            _averaged(ranks, those, extra[:0])
    means, has = extra[: len(values)], extra[len(values) :]
    for weight, share in zip(weights, has.tolist(), strict=True):
        if not share:
            weight.grad = None
    return list(means.unbind())


def _averaged(ranks: Ranks, weights: Sequence[Tensor], extra: Tensor) -> Tensor:
    """Average the gradients of parameters of one number format, none of which is None, and more numbers, which are
    returned.
    """
    sizes = [weight.numel() for weight in weights]
    dtype = weights[0].dtype if weights else extra.dtype
    flat = torch.empty(sum(sizes) + len(extra), dtype=dtype, device=extra.device)
    *parts, last = flat.split([*sizes, len(extra)])
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    views = [_in_order_of(weight, part) for weight, part in zip(weights, parts, strict=True)]
    torch._foreach_copy_([*views, last], [*gradients, extra])  # pyright: ignore[reportPrivateImportUsage]
    ranks.summed(flat).div_(ranks.size)
    if gradients:
        torch._foreach_copy_(gradients, views)  # pyright: ignore[reportPrivateImportUsage]
    return last


def _in_order_of(weight: Tensor, flat: Tensor) -> Tensor:
    """A view of a flat tensor with the shape of a parameter and, where its memory has no gaps, the order of its memory,
    so that copying does not transpose.
    """
    is_dense = weight.is_contiguous() or weight.is_contiguous(memory_format=torch.channels_last)
    return flat.as_strided(weight.size(), weight.stride(), flat.storage_offset()) if is_dense else flat.view_as(weight)
