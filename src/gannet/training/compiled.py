"""The whole step of a game as one compiled graph (the key ``compile``).

In small networks most of the time of a step goes into starting operations. One graph of all turns, their gradients and
Adam's updates starts fewer of them. The graph is recorded from the game's own turns, so it needs no code of any method.

Random numbers are drawn outside the graph by the same calls in the same order as in an eager step, and the learning
rate is an input. So both kinds of step compute the same up to rounding, and each continues from the other's state.
An eager step replaces a compiled one if slow motion watches the turns, and if a value is not finite: the graph then
changes nothing, and the eager step reports the player.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.overrides import TorchFunctionMode

from gannet.data.cache_folder import cache_folder
from gannet.ranks.group import current
from gannet.training import random_state
from gannet.training.optimizers import Adam
from gannet.training.trainer import Trainer
from gannet.types import Batch, Terms

PAYS_FROM = 10_000
"""Planned steps from which compiling saves more time than it takes."""
STEPS_COMPARED = 3
TOLERANCE = 0.01
"""Largest L2 distance between the parameters after :data:`STEPS_COMPARED` eager and compiled steps, relative to the
distance that they moved."""
CACHE = "TORCHINDUCTOR_CACHE_DIR"
"""Torch's variable for the folder of compiled code."""

COLUMNS = ("real", "labels", "captions", "inputs")
"""Tensors of a batch, each of which may be missing."""

Draw = tuple[Callable[..., Tensor], tuple[Any, ...], dict[str, Any]]
"""A call that draws random numbers: function, arguments, keywords."""


class CannotCompile(Exception):
    """The reason why the step stays eager."""


def choose_step(trainer: Trainer) -> None:
    """Let the trainer take compiled steps if possible, and record in ``trainer.step_kind`` what it takes and why.

    The choice depends on nothing that varies between two runs on the same machine, such as measured time.
    """
    trainer.whole_step = None
    try:
        if trainer.steps < PAYS_FROM:
            raise CannotCompile(f"compiling saves time from {PAYS_FROM:,} steps")
        with random_state.restored():
            trainer.whole_step = _compiled(trainer)
        trainer.step_kind, trainer.choose_again = "compiled", partial(choose_step, trainer)
    except CannotCompile as reason:
        trainer.step_kind = f"eager ({reason})"


class CompiledStep:
    """Plays the next step of a trainer; returns its terms, or None if this step must be eager."""

    def __init__(self, trainer: Trainer, recording: Recording, program: Callable[..., Sequence[Tensor]]) -> None:
        self._trainer, self._turns, self._recording, self._program = trainer, trainer.turns, recording, program
        self._state: State | None = None

    def __call__(self) -> dict[str, Tensor] | None:
        """Play the step, or change nothing and return None."""
        trainer, names = self._trainer, self._recording.names
        if trainer.turns is not self._turns:
            return None  # slow motion watches the turns
        if self._state is None:
            if not all(optimizer.state for optimizer in trainer.optimizers.values()):
                return None  # the first step of Adam creates its state
            self._state = State(trainer)
        is_finite, terms, *gradients = self._program(*self._state.inputs(self._recording.draws))
        if not is_finite:
            return None
        for weight, gradient in zip(self._state.weights, gradients, strict=True):
            weight.grad = gradient
        for player, counts in self._state.counts.items():
            torch._foreach_add_(counts, self._recording.plays[player])  # pyright: ignore[reportPrivateImportUsage]
        trainer.minimised |= self._recording.minimised
        return dict(zip(names, terms.unbind(), strict=True))


class State:
    """The tensors of a trainer that a step changes, in the order of the graph's inputs."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        states = {p: [trainer.optimizers[p].state[w] for w in weights] for p, weights in trainer.weights.items()}
        self.weights = [weight for weights in trainer.weights.values() for weight in weights]
        self.counts = {player: [state["step"] for state in found] for player, found in states.items()}
        """Steps of Adam, a tensor for each parameter."""
        both = [[s[name] for found in states.values() for s in found] for name in ("exp_avg", "exp_avg_sq")]
        self.tensors = [*(weight.detach() for weight in self.weights), *both[0], *both[1]]

    def inputs(self, draws: Sequence[Sequence[Draw]]) -> list[Tensor]:
        """Parameters, Adam's two moments, scalars, then the batch and the draws of every turn of the next step.

        The scalars are the progress, and for each turn lr / (1 - beta1^n) and sqrt(1 - beta2^n) with n the player's
        number of updates.
        """
        trainer, following = self._trainer, list[Tensor]()
        taken = {player: int(counts[0]) for player, counts in self.counts.items()}
        scalars = [trainer.step / trainer.steps]
        with random_state.LOCK:
            for (turn_index, turn, repeat), drawn in zip(trainer.schedule(), draws, strict=True):
                batch = trainer.batch(turn, turn_index, repeat)
                following += [getattr(batch, name) for name in COLUMNS if getattr(batch, name) is not None]
                following += [draw(*arguments, **keywords) for draw, arguments, keywords in drawn]
                taken[turn.player] += 1
                n, (beta1, beta2) = taken[turn.player], trainer.optimizers[turn.player].param_groups[0]["betas"]
                rate = trainer.optimizer_settings[turn.player].lr_at(batch.progress)
                scalars += [rate / (1 - beta1**n), (1 - beta2**n) ** 0.5]
        return [*self.tensors, torch.tensor(scalars), *following]


class Recording:
    """The graph of a step, what it draws, and the names of its terms.

    Raises:
        CannotCompile: the step draws or decides something within the graph, or changes buffers.
    """

    def __init__(self, trainer: Trainer) -> None:
        from torch.fx.experimental.proxy_tensor import make_fx

        self._trainer = trainer
        parameters = {id(weight): f"game.{name}" for name, weight in trainer.game.named_parameters()}
        self._weights = [(p, parameters[id(w)]) for p, weights in trainer.weights.items() for w in weights]
        """Player and name of each parameter."""
        schedule = trainer.schedule()
        first_index, first, _ = schedule[0]
        batch = trainer.batch(first, first_index, 0)
        self._columns = [name for name in COLUMNS if getattr(batch, name) is not None]
        self.plays = {p: sum(turn.player == p for _, turn, _ in schedule) for p in trainer.weights}
        """Number of updates in a step."""
        self.draws: list[list[Draw]] = [[] for _ in schedule]
        """For each turn of a step."""
        self.names: list[str] = []
        """Of the terms, as ``player/term``."""
        self.minimised: set[str] = set()
        self._knows_draws = False
        self._step(*self._example())
        self._knows_draws = True
        self.example = self._example()
        self.graph = make_fx(self._step)(*self._example())
        if any(_is_random(node) for node in self.graph.graph.nodes):
            raise CannotCompile("a network draws random numbers, for example by dropout")

    def _example(self) -> list[Tensor]:
        return [tensor.clone() for tensor in State(self._trainer).inputs(self.draws)]

    def _step(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """A step as a function that changes only the given parameters and moments, and these only if all losses and
        gradients are finite. Returns whether they are, the terms, and the gradients.
        """
        trainer, left = self._trainer, iter(inputs)
        weights, firsts, seconds = ([next(left) for _ in self._weights] for _ in range(3))
        scalars = next(left)
        holder = _Holder(trainer.game)
        buffers = {f"game.{name}": tensor.clone() for name, tensor in trainer.game.named_buffers()}
        new, gradients = [list(weights), list(firsts), list(seconds)], [torch.zeros(())] * len(weights)
        sums, terms_by_name = [], {}
        for index, (_, turn, _) in enumerate(trainer.schedule()):
            mine = [k for k, (player, _) in enumerate(self._weights) if player == turn.player]
            current = {name: w.detach().requires_grad_() for (_, name), w in zip(self._weights, new[0], strict=True)}
            batch = self._batch(left, scalars[0])
            caller = _Draws(self.draws[index], left if self._knows_draws else None)
            with trainer.bystanders[turn.player].frozen(), caller:
                terms: Terms = functional_call(holder, current | buffers, (turn.terms, batch))
            total = terms.total()
            found = torch.autograd.grad(total, [current[self._weights[k][1]] for k in mine])
            with torch.no_grad():
                sums.append(torch.stack([total, *(gradient.sum() for gradient in found)]).sum())
                group = trainer.optimizers[turn.player].param_groups[0]
                (beta1, beta2), size, root = group["betas"], scalars[1 + 2 * index], scalars[2 + 2 * index]
                for k, g in zip(mine, found, strict=True):
                    gradients[k] = g
                    new[1][k] = new[1][k] + (g - new[1][k]) * (1 - beta1)
                    new[2][k] = new[2][k] * beta2 + g * g * (1 - beta2)
                    new[0][k] = new[0][k] - size * new[1][k] / (new[2][k].sqrt() / root + group["eps"])
                changed = {name: w for (_, name), w in zip(self._weights, new[0], strict=True)}
                functional_call(holder, changed | buffers, (trainer.game.after_turn, turn.player))
            self.minimised |= {f"{turn.player}/{name}" for name in terms.minimise}
            terms_by_name |= {f"{turn.player}/{n}": t.detach() for n, t in (terms.minimise | terms.watch).items()}
        if any(tensor._version for tensor in buffers.values()):
            raise CannotCompile("a network keeps statistics of its batches")
        self.names = list(terms_by_name)
        is_finite = torch.stack(sums).sum().isfinite()
        for olds, news in zip((weights, firsts, seconds), new, strict=True):
            for old, value in zip(olds, news, strict=True):
                old.copy_(torch.where(is_finite, value, old))
        return is_finite, torch.stack([term.float() for term in terms_by_name.values()]), *gradients

    def _batch(self, left: Iterator[Tensor], progress: Tensor) -> Batch:
        """The batch of a turn. The step is missing and the progress is a tensor, so that no number of the recorded step
        becomes part of the graph.
        """
        columns = {name: next(left) for name in self._columns}
        missing: Any = progress * torch.nan
        return Batch(columns["real"], columns.get("labels"), self._trainer.rng, missing, cast("Any", progress),
                     columns.get("captions"), columns.get("inputs"))  # fmt: skip


class _Holder(nn.Module):
    """Calls a function while the parameters of a game are replaced."""

    def __init__(self, game: nn.Module) -> None:
        super().__init__()
        self.game = game

    def forward(self, function: Callable[[Any], Any], argument: Any) -> Any:
        return function(argument)


class _Draws(TorchFunctionMode):
    """Inside, the draws from a generator are recorded, or replaced by the next given tensors."""

    def __init__(self, draws: list[Draw], given: Iterator[Tensor] | None) -> None:
        super().__init__()
        self._draws, self._given = draws, given

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        keywords = kwargs or {}
        if keywords.get("generator") is None:
            return func(*args, **keywords)
        if self._given is not None:
            return next(self._given)
        if any(isinstance(value, Tensor) for value in (*args, *keywords.values())):
            raise CannotCompile("random numbers depend on tensors of the step")
        self._draws.append((func, args, keywords))
        return func(*args, **keywords)


def _compiled(trainer: Trainer) -> CompiledStep:
    """The compiled step of a trainer, which stays as it is."""
    if trainer.precision.device.type != "cpu" or trainer.precision.dtype != "fp32":
        raise CannotCompile("only fp32 on the CPU is supported")
    if current().size > 1:
        raise CannotCompile("several processes train together")
    if not all(isinstance(optimizer, Adam) for optimizer in trainer.optimizers.values()):
        raise CannotCompile("only Adam is supported")
    # Compiled code is executed, so its cache is a folder of the user, not torch's default below /tmp. Torch reads the
    # variable when it first needs the folder.
    os.environ.setdefault(CACHE, str(cache_folder() / "compiled"))
    try:
        probe = _copy_of(trainer)
        probe.play()
        recording = Recording(probe)
        program = lowered(recording.graph, recording.example)
        difference = _difference(probe, recording, program)
    except CannotCompile:
        raise
    except Exception as error:
        raise CannotCompile(_reason(error)) from error
    if not difference <= TOLERANCE:
        raise CannotCompile(f"compiled steps differ by {difference:.2g} of the distance of {STEPS_COMPARED} steps")
    return CompiledStep(trainer, recording, program)


def lowered(graph: torch.fx.GraphModule, example: Sequence[Tensor]) -> Callable[..., Sequence[Tensor]]:
    """Compile a graph, or take what was compiled before from the cache."""
    program = torch.compile(graph, fullgraph=True, dynamic=False)
    program(*(tensor.clone() for tensor in example))
    return program


def _difference(probe: Trainer, recording: Recording, program: Callable[..., Sequence[Tensor]]) -> float:
    """The largest relative distance of a player's parameters after eager and compiled steps from the same state."""
    other = _copy_of(probe)
    other.whole_step = CompiledStep(other, recording, program)
    begin = {player: _vector(weights) for player, weights in probe.weights.items()}
    for _ in range(STEPS_COMPARED):
        probe.play()
        other.play()
    return max(
        ((_vector(probe.weights[player]) - _vector(other.weights[player])).norm()
        / (_vector(probe.weights[player]) - start).norm()).item()
        for player, start in begin.items()
    )  # fmt: skip


def _vector(weights: Sequence[Tensor]) -> Tensor:
    return torch.cat([weight.detach().flatten() for weight in weights]).double()


def _copy_of(trainer: Trainer) -> Trainer:
    """A trainer with the same data and generator in the same state, which changes alone."""
    shared = {id(thing): thing for thing in (trainer.dataset, trainer.rng, trainer.ranks)}
    return copy.deepcopy(trainer, shared)


def _reason(error: Exception) -> str:
    if "aten._local_scalar_dense" in str(error):
        return "a turn depends on the number of the step or on values that it computes"
    if "InvalidCxxCompiler" in f"{type(error).__name__} {error}":
        return "no C++ compiler was found; install g++, or name one in the variable CXX"
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"


def _is_random(node: torch.fx.Node) -> bool:
    return torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ())
