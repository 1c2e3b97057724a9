"""The processes of one training, which torchrun starts, and what they exchange."""

from __future__ import annotations

import atexit
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from gannet.errors import RankLost, UserError

T = TypeVar("T", bound=Tensor | None)

TIMEOUT = timedelta(days=7)
"""Longest wait in a collective, because a person may pause rank 0. A process that ends is noticed at once."""


LOST = "another process of this training has ended"


@dataclass(frozen=True)
class Ranks:
    """This process among the ``size`` processes of a training. With one process every method returns its argument."""

    rank: int = 0
    size: int = 1
    shard: bool = False
    """Whether each rank keeps only its part of the parameters, see ``training/shards.py``."""

    def share(self, count: int) -> int:
        """Number of samples of this rank in a batch of ``count``."""
        return count // self.size

    def mine(self, tensor: T) -> T:
        """(N, ...) of the whole batch -> (N / size, ...), the samples of this rank."""
        if tensor is None or self.size == 1:
            return tensor
        share = self.share(len(tensor))
        return cast(T, tensor[self.rank * share : (self.rank + 1) * share])

    def summed(self, tensor: Tensor) -> Tensor:
        """The sum over all ranks, in place; equal to the bit on all ranks.

        Raises:
            RankLost: another process has ended.
        """
        return tensor if self.size == 1 else _reduced(tensor, dist.ReduceOp.SUM)

    def largest(self, number: int) -> int:
        """The largest number of any rank."""
        if self.size == 1:
            return number
        return int(_reduced(torch.tensor(number), dist.ReduceOp.MAX))

    def all_equal(self, text: str) -> bool:
        """Whether all ranks call this with the same text of ASCII characters, such as a hash."""
        own = torch.tensor(list(text.encode()), dtype=torch.int64)
        return self.largest(int((self.summed(own.clone()) != own * self.size).any())) == 0

    def tell(self, message: Mapping[str, Any]) -> None:
        """Send a JSON object from rank 0 to the others, which :meth:`hear`."""
        content = torch.tensor(list(json.dumps(message).encode()))
        _broadcast(torch.tensor(len(content)))
        _broadcast(content)

    def hear(self) -> dict[str, Any]:
        """Wait for what rank 0 tells."""
        length = torch.zeros((), dtype=torch.int64)
        _broadcast(length)
        content = torch.zeros(int(length), dtype=torch.int64)
        _broadcast(content)
        return json.loads(bytes(content.tolist()))


ALONE = Ranks()
"""A training in one process."""


def launched() -> bool:
    """Whether torchrun started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


_shards: list[bool] = []
"""Holds True if this process joined with ``shard``."""


def join(device: str = "auto", *, shard: bool = False) -> Ranks:
    """Connect this process with the others, if torchrun started several: gloo on CPUs, NCCL on GPUs.

    Args:
        device: where the networks are: auto, cpu or cuda.
        shard: whether each rank keeps only its part of the parameters.

    Raises:
        UserError: torchrun started more processes on this machine than it has GPUs.
        RankLost: the processes cannot connect.
    """
    if not launched():
        return ALONE
    if not dist.is_initialized():
        backend = "gloo"
        if device != "cpu" and torch.cuda.is_available():
            gpus, here = torch.cuda.device_count(), int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
            if here > gpus:
                raise UserError(
                    f"torchrun has started {here} processes on a machine with {gpus} GPUs. Set --nproc-per-node to at "
                    f"most {gpus}, or add --device cpu."
                )
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
            backend = "cpu:gloo,cuda:nccl"
        try:
            store, rank, size = next(rendezvous("env://", timeout=TIMEOUT))
            # torchrun keeps its store when it restarts the processes, and a rank that reads the address of an ended
            # one cannot connect. On one machine, all ranks were restarted equally often.
            if os.environ.get("GROUP_WORLD_SIZE") == "1":
                store = PrefixStore(f"attempt {os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)
            dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=TIMEOUT)
        except RuntimeError as error:
            raise RankLost("the processes of this training cannot connect to each other") from error
        atexit.register(leave)
        _shards[:] = [True] if shard else []
    return current()


def current() -> Ranks:
    """The ranks that this process has joined."""
    return Ranks(dist.get_rank(), dist.get_world_size(), bool(_shards)) if dist.is_initialized() else ALONE


def repeated() -> tuple[str, ...]:
    """The options that give a command the processes of this training again; empty for one process."""
    ranks = current()
    if ranks.size == 1:
        return ()
    return ("--devices", str(ranks.size), *(["--shard"] if ranks.shard else []))


def leave() -> None:
    """Disconnect from the others."""
    if dist.is_initialized():
        with suppress(RuntimeError):
            dist.destroy_process_group()


@contextmanager
def exchanging() -> Iterator[None]:
    """Inside, torch exchanges tensors by itself; its error about a process that ended becomes a RankLost.

    Raises:
        RankLost: another process has ended.
    """
    try:
        yield
    except RuntimeError as error:
        # gloo raises a plain RuntimeError that names its source file.
        if isinstance(error, dist.DistError) or "gloo" in str(error):
            raise RankLost(LOST) from error
        raise


def _reduced(tensor: Tensor, operation: dist.ReduceOp.RedOpType) -> Tensor:
    try:
        dist.all_reduce(tensor, operation)
    except RuntimeError as error:
        raise RankLost(LOST) from error
    return tensor


def _broadcast(tensor: Tensor) -> None:
    try:
        dist.broadcast(tensor, 0)
    except RuntimeError as error:
        raise RankLost(LOST) from error
