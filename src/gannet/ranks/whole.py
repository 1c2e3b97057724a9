"""The whole batch of a turn whose samples are spread over ranks.

Inside :func:`together`, a turn on N ranks with B / N samples each computes what one process computes with B samples:

- Random numbers are drawn for the whole batch on every rank, with the same generator; each rank keeps its samples.
- Batch norm normalises with the mean and variance of the whole batch.
- Components that compare samples in another way call :func:`whole`.

So a turn is written for one process, and so are the components that users supply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from gannet.ranks.batch_norm import batch_norm
from gannet.ranks.group import Ranks
from gannet.ranks.sum import summed

_TOGETHER: ContextVar[Ranks | None] = ContextVar("together", default=None)

_SIZED = frozenset({torch.rand, torch.randn, torch.randint})
"""Draws whose size is an argument."""
_LIKE = frozenset({torch.rand_like, torch.randn_like, torch.randint_like, torch.bernoulli})
"""Draws of the size of their first argument."""
_IN_PLACE = frozenset({torch.Tensor.normal_, torch.Tensor.uniform_, torch.Tensor.bernoulli_, torch.Tensor.random_})
_DROPOUTS = frozenset({functional.dropout, functional.dropout1d, functional.dropout2d, functional.dropout3d})


def whole(tensor: Tensor) -> Tensor:
    """(N, ...) of this rank -> (N x ranks, ...) of all ranks in the order of the batch, differentiable any number of
    times.

    Components that compare the samples of a batch call it, because a loss that is a mean over samples needs nothing.
    Outside the turn of a spread training it returns its argument.
    """
    ranks = _TOGETHER.get()
    if ranks is None:
        return tensor
    parts = [torch.zeros_like(tensor)] * ranks.size
    parts[ranks.rank] = tensor
    return summed(ranks, torch.cat(parts))


def together(ranks: Ranks, share: int) -> AbstractContextManager[None]:
    """Inside, the ranks compute one batch together, ``share`` samples each; with one process nothing changes."""
    return nullcontext() if ranks.size == 1 else _together(ranks, share)


@contextmanager
def _together(ranks: Ranks, share: int) -> Iterator[None]:
    token = _TOGETHER.set(ranks)
    try:
        with _WholeBatch(ranks, share):
            yield
    finally:
        _TOGETHER.reset(token)


class _WholeBatch(TorchFunctionMode):
    """Replaces torch's functions that draw, and batch norm.

    A draw whose first length is k times the share is of k batches one after the other, such as reals and fakes. Any
    other draw is the same on all ranks.
    """

    def __init__(self, ranks: Ranks, share: int) -> None:
        super().__init__()
        self.ranks, self.share = ranks, share

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call ``func``, or what replaces it."""
        kwargs = dict(kwargs or {})
        if func in _SIZED:
            return self._sized(func, args, kwargs)
        if func in _LIKE:
            return self._of(args[0], lambda full: func(full, *args[1:], **kwargs), lambda: func(*args, **kwargs))
        if func in _IN_PLACE:
            tensor = args[0]
            drawn = self._of(tensor, lambda full: func(full, *args[1:], **kwargs), lambda: None)
            return func(*args, **kwargs) if drawn is None else tensor.copy_(drawn)
        if func in _DROPOUTS:
            return self._dropout(func, *args, **kwargs)
        if func is functional.batch_norm:
            return batch_norm(self.ranks, *args, **kwargs)
        return func(*args, **kwargs)

    def _sized(self, func: Callable[..., Tensor], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        """Draw as ``func`` does, for the whole batch, and return the samples of this rank."""
        if "size" in kwargs:
            before, size = args, tuple(kwargs.pop("size"))
        elif args and not isinstance(args[-1], int):
            before, size = args[:-1], tuple(args[-1])
        else:
            before, size = (), tuple(args)
        if not size or not (batches := self._batches(size[0])):
            return func(*before, size, **kwargs)
        return self._mine(func(*before, (size[0] * self.ranks.size, *size[1:]), **kwargs), batches)

    def _of(self, like: Tensor, draw: Callable[[Tensor], Tensor], otherwise: Callable[[], Any]) -> Any:
        """Draw for a tensor of the whole batch with the content of ``like``, and return the samples of this rank."""
        if not like.dim() or not (batches := self._batches(len(like))):
            return otherwise()
        parts = like.detach().unflatten(0, (batches, self.share))
        full = torch.cat([parts] * self.ranks.size, dim=1).flatten(0, 1)
        # Numbers are drawn in the order of the memory.
        is_last = like.dim() == 4 and like.is_contiguous(memory_format=torch.channels_last)
        full = full.contiguous(memory_format=torch.channels_last if is_last else torch.contiguous_format)
        return self._mine(draw(full), batches)

    def _dropout(
        self, func: Callable[..., Tensor], input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
    ) -> Tensor:
        """The input times a mask of the whole batch."""
        if not training:
            return input
        mask = self._of(input, lambda full: func(torch.ones_like(full), p), lambda: func(torch.ones_like(input), p))
        return input.mul_(mask) if inplace else input * mask

    def _batches(self, length: int) -> int:
        """Number of batches in ``length`` samples of this rank; 0 if that is not a whole number."""
        return 0 if length % self.share else length // self.share

    def _mine(self, full: Tensor, batches: int) -> Tensor:
        """The samples of this rank among those of ``batches`` whole batches."""
        return full.unflatten(0, (batches, self.ranks.size, self.share))[:, self.ranks.rank].flatten(0, 1)
