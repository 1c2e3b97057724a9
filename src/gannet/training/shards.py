"""A training whose parameters, gradients, optimizer states and EMA are spread over its ranks, by FSDP2 of torch.

Each rank keeps 1 / N of every tensor, in rows. A turn gathers the parameters, computes, sums the gradients so that each
rank receives its rows (reduce-scatter), and updates these rows. The parameters stay whole within a turn, because
penalties differentiate twice and torch's resharding after a forward pass supports one derivative.

Rank 0 also keeps whole networks. :meth:`Shards.gather` brings them up to date for what reads them between steps:
frames, measurements, health checks and checkpoints, which one process can read.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping
from dataclasses import replace
from math import isfinite, sqrt
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard, register_fsdp_forward_method
from torch.distributed.tensor import DTensor

from gannet.errors import UserError
from gannet.games.base import Game
from gannet.ranks.gradients import average
from gannet.ranks.group import exchanging
from gannet.training.ema import Average
from gannet.training.gradients import Statistics
from gannet.training.trainer import Trainer
from gannet.types import Terms

# Nothing here changes an output in place.
warnings.filterwarnings("ignore", message="FSDP2-wrapped module .* returned a view tensor")

CALLED = ("distribution",)
"""Methods of networks, besides forward, that games call."""


class Shards:
    """Plays the steps of ``whole`` on a copy whose networks are sharded.

    Args:
        whole: the trainer, spread over its ranks, in the state to continue from. Its networks are released on all
            ranks but the first.

    Raises:
        UserError: networks that FSDP2 cannot shard.
    """

    def __init__(self, whole: Trainer) -> None:
        self.ranks = whole.ranks
        inner = self.inner = copy.copy(whole)
        inner.precision = replace(whole.precision, channels_last=False)  # FSDP2 needs contiguous parameters
        inner.game = copy.deepcopy(whole.game).to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        players = inner.game.players
        self._networks = _sharded(inner.game, init_device_mesh(whole.precision.device.type, (self.ranks.size,)))
        self._weights = {player: [w for m in modules for w in m.parameters()] for player, modules in players.items()}
        self._not_sharded = {w for ws in self._weights.values() for w in ws if not isinstance(w, DTensor)}
        inner.turns = inner.game.turns()
        inner.bystanders = {
            p: Statistics([m for other in players if other != p for m in players[other]]) for p in players
        }
        names = {name for name, _ in inner.game.named_parameters()}
        inner.buffers = [t for name, t in inner.game.state_dict().items() if name not in names]
        # Optimizers update rows, which are ordinary tensors that share memory with the sharded parameters.
        inner.weights = {
            player: [nn.Parameter(_local(w), requires_grad=w.requires_grad) for w in weights]
            for player, weights in self._weights.items()
        }
        inner.optimizers = {
            player: self._optimizer(whole, player, inner.weights[player]) for player in inner.optimizers
        }
        self._average = _ShardedAverage(inner.game, whole.average)
        inner.average = cast(Average, self._average)  # a step only updates it
        inner.prepare, inner.differentiate = self._prepare, self._differentiate
        whole.elsewhere, whole.gather = self.play, self.gather_if
        self._whole = whole if self.ranks.rank == 0 else None
        if self.ranks.rank:
            for name in ("game", "average", "optimizers", "weights", "bystanders", "turns", "buffers"):
                delattr(whole, name)

    def play(self) -> dict[str, Tensor]:
        """One step.

        Raises:
            TrainingStopped: a value is not finite, on any rank.
            RankLost: another process has ended.
        """
        with exchanging():
            terms = self.inner.play()
        if self._whole is not None:
            self._whole.is_whole = False
        return terms

    def gather_if(self, wanted: bool) -> None:
        """Bring the networks of rank 0 up to date if it wants them. All ranks call it after the same step.

        Raises:
            RankLost: another process has ended.
        """
        if self.ranks.largest(int(wanted)):
            with exchanging():
                self.gather()

    @torch.no_grad()
    def gather(self) -> None:
        """Copy parameters, buffers, EMA and optimizer states into the trainer of rank 0."""
        whole, inner = self._whole, self.inner
        _gather(inner.game.state_dict(), None if whole is None else whole.game.state_dict())
        _gather(self._average.sharded(), None if whole is None else whole.average.state_dict())
        for player, optimizer in inner.optimizers.items():
            for i, (row, weight) in enumerate(zip(inner.weights[player], self._weights[player], strict=True)):
                state = {key: _full(value, weight) for key, value in optimizer.state.get(row, {}).items()}
                if whole is not None and state:
                    whole.optimizers[player].state[whole.weights[player][i]] = state
        if whole is not None:
            whole.is_whole = True

    def _optimizer(self, whole: Trainer, player: str, rows: list[nn.Parameter]) -> torch.optim.Optimizer:
        optimizer = whole.optimizer_settings[player].build([nn.ParameterList(rows)])
        before = whole.optimizers[player].state
        pairs = enumerate(zip(whole.weights[player], self._weights[player], strict=True))
        state = {i: {k: _part(v, like) for k, v in before[w].items()} for i, (w, like) in pairs if w in before}
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
        return optimizer

    def _prepare(self, player: str) -> None:
        """Before a turn: gather all parameters; only those of the player get gradients."""
        for other, weights in self._weights.items():
            for weight, row in zip(weights, self.inner.weights[other], strict=True):
                weight.requires_grad_(other == player and row.requires_grad)
                weight.grad = None
        for network in self._networks:
            network.unshard()

    def _differentiate(self, player: str, total: Tensor, terms: Terms) -> tuple[Terms, bool]:
        """Set the gradients of the rows; the means of the terms over all ranks, and whether the total and the gradients
        are finite.
        """
        total.backward()
        for network in self._networks:
            assert isinstance(network, nn.Module)
            if any(w.grad is not None and w not in self._not_sharded for w in network.parameters()):
                raise UserError(
                    f"--shard needs networks that a game calls by their forward method; {type(network).__name__} is "
                    "called by another. Leave --shard out."
                )
            network.set_reshard_after_forward(True)  # or a network without a backward pass would stay whole
            network.reshard()
            network.set_reshard_after_forward(False)
        weights, rows, named = self._weights[player], self.inner.weights[player], terms.minimise | terms.watch
        total, *values = average(self.ranks, [w for w in weights if w in self._not_sharded], [total, *named.values()])
        squares = torch.zeros((), dtype=torch.float64)
        for weight, row in zip(weights, rows, strict=True):
            if weight.grad is None:
                continue
            row.grad = _local(weight.grad)
            # A tensor that is not sharded is whole on every rank.
            share = 1 / self.ranks.size if weight in self._not_sharded else 1.0
            squares += share * row.grad.double().square().sum().cpu()
        self.inner.norms[player] = sqrt(square) if isfinite(square := self.ranks.summed(squares).item()) else square
        means = dict(zip(named, values, strict=True))
        terms = Terms(*({name: means[name] for name in part} for part in (terms.minimise, terms.watch)))
        return terms, isfinite(total.item()) and isfinite(square)


class _ShardedAverage:
    """The EMA of the rows of this rank, see :class:`gannet.training.ema.Average`."""

    def __init__(self, game: Game, whole: Average) -> None:
        self._decay = whole.decay
        self._sources = {f"{n}.{k}": t for n in game.averaged for k, t in getattr(game, n).state_dict().items()}
        before = whole.state_dict()
        self._rows = {name: _part(before[name], source) for name, source in self._sources.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Update the averages after step number ``step`` (counted from 0)."""
        decay = min(self._decay, (1 + step) / (10 + step))
        for name, source in self._sources.items():
            if source.is_floating_point():
                self._rows[name].lerp_(_local(source), 1.0 - decay)
            else:
                self._rows[name].copy_(source)

    def sharded(self) -> dict[str, Tensor]:
        """The averages as sharded tensors, where their parameters are sharded."""
        return {name: _as_sharded(row, self._sources[name]) for name, row in self._rows.items()}


def _sharded(game: Game, mesh: DeviceMesh) -> list[FSDPModule]:
    """Shard the networks of all players in place: modules with a forward pass. Priors and penalties stay whole."""
    networks: list[FSDPModule] = []
    for network in [module for modules in game.players.values() for module in modules]:
        has_forward = type(network).forward is not nn.Module.forward and "forward" in dir(type(network))
        if not has_forward or not any(True for _ in network.parameters()):
            continue
        try:
            scalars = {weight for weight in network.parameters() if not weight.dim()}  # they have no rows
            fully_shard(network, mesh=mesh, reshard_after_forward=False, ignored_params=scalars)
        except (ValueError, NotImplementedError, RuntimeError) as error:
            raise UserError(f"--shard cannot shard {type(network).__name__}: {error}. Leave --shard out.") from error
        assert isinstance(network, FSDPModule)
        network.set_reshard_after_backward(False)
        for name in CALLED:
            if name in dir(type(network)):
                register_fsdp_forward_method(network, name)
        networks.append(network)
    return networks


def _local(tensor: Tensor) -> Tensor:
    """The rows of this rank; the tensor itself if it is not sharded."""
    return tensor.to_local().detach() if isinstance(tensor, DTensor) else tensor.detach()


def _part(full: Tensor, like: Tensor) -> Tensor:
    """A copy of this rank's rows of ``full``, where ``like`` is sharded and has its shape."""
    if not isinstance(like, DTensor) or full.shape != like.shape:
        return full.detach().clone(memory_format=torch.contiguous_format)
    rows = full.detach().chunk(like.device_mesh.size())
    rank = like.device_mesh.get_local_rank()
    return (rows[rank] if rank < len(rows) else full[:0]).clone(memory_format=torch.contiguous_format)


def _as_sharded(row: Tensor, like: Tensor) -> Tensor:
    if not isinstance(like, DTensor):
        return row
    return DTensor.from_local(
        row, like.device_mesh, like.placements, run_check=False, shape=like.shape, stride=like.stride()
    )


def _full(value: Any, like: Tensor) -> Tensor:
    """A value of an optimizer's state: of the whole parameter, if it has the shape of this rank's rows."""
    value = torch.as_tensor(value)
    if not isinstance(like, DTensor) or value.shape != _local(like).shape or not value.dim():
        return value.clone()
    full = _as_sharded(value, like)
    assert isinstance(full, DTensor)
    return full.full_tensor()


def _gather(sharded: Mapping[str, Tensor], into: Mapping[str, Tensor] | None) -> None:
    for name, tensor in sharded.items():
        full = tensor.full_tensor() if isinstance(tensor, DTensor) else tensor
        if into is not None:
            into[name].copy_(full)
