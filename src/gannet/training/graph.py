"""The graph of a whole step, recorded from a game's own turns; see ``training/compiled.py``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.overrides import TorchFunctionMode

from gannet.training import random_state
from gannet.training.trainer import Trainer
from gannet.types import Batch, Terms

COLUMNS = ("real", "labels", "captions", "inputs")
"""Tensors of a batch, each of which may be missing."""

Draw = tuple[Callable[..., Tensor], tuple[Any, ...], dict[str, Any]]
"""A call that draws random numbers: function, arguments, keywords."""


class CannotCompile(Exception):
    """The reason why the step stays eager."""


class StepNumber:
    """The number of a step in a batch from which a graph is recorded.

    A lazy penalty asks whether a period divides it, and the graph is right for all steps with the same answers. Any
    other question raises an exception that names this class.
    """

    def __init__(self, step: int) -> None:
        self._step = step
        self.divided: dict[int, bool] = {}
        """Period that the game asked for -> whether it divides the step."""

    def __mod__(self, period: int) -> Remainder:
        self.divided[period] = self._step % period == 0
        return Remainder(self.divided[period])

    def __bool__(self) -> bool:
        raise TypeError(f"a turn asks whether {StepNumber.__name__} is 0")

    def __eq__(self, other: object) -> bool:
        raise TypeError(f"a turn compares {StepNumber.__name__} with {other}")

    __hash__ = None  # type: ignore[assignment]


class Remainder:
    """The remainder of a step number, of which is known only whether it is 0."""

    def __init__(self, is_zero: bool) -> None:
        self._is_zero = is_zero

    def __bool__(self) -> bool:
        return not self._is_zero

    def __eq__(self, other: object) -> bool:
        if other != 0:
            raise TypeError(f"a turn compares the remainder of {StepNumber.__name__} with {other}")
        return self._is_zero

    __hash__ = None  # type: ignore[assignment]


class State:
    """The tensors of a trainer that a step changes, in the order of the graph's inputs.

    ``buffers`` names the buffers of the game among them.
    """

    def __init__(self, trainer: Trainer, buffers: Sequence[str]) -> None:
        self._trainer = trainer
        states = {p: [trainer.optimizers[p].state[w] for w in weights] for p, weights in trainer.weights.items()}
        self.weights = [weight for weights in trainer.weights.values() for weight in weights]
        self.counts = {player: [state["step"] for state in found] for player, found in states.items()}
        """Steps of Adam, a tensor for each parameter."""
        both = [[s[name] for found in states.values() for s in found] for name in ("exp_avg", "exp_avg_sq")]
        changing = [trainer.game.get_buffer(name) for name in buffers]
        self.tensors = [*(weight.detach() for weight in self.weights), *both[0], *both[1], *changing]

    def inputs(self, draws: Sequence[Sequence[Draw]]) -> list[Tensor]:
        """Parameters, Adam's two moments, buffers, scalars, then batch and draws of every turn of the next step.

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

    ``step`` decides which lazy penalties are in the graph; None is the trainer's.

    Raises:
        CannotCompile: the step draws or decides something within the graph.
    """

    def __init__(self, trainer: Trainer, step: int | None = None) -> None:
        from torch.fx.experimental.proxy_tensor import make_fx

        self._trainer = trainer
        self._number = StepNumber(trainer.step if step is None else step)
        self.divided = self._number.divided
        """Period of a lazy penalty -> whether it divides the steps for which the graph is right."""
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
        self.buffers: list[str] = []
        """Names of the buffers that a step changes, such as the statistics of batch norm."""
        self._knows_draws = False
        self._step(*self._example())
        self._knows_draws = True
        self.example = self._example()
        self.graph = make_fx(self._step)(*self._example())
        if any(_is_random(node) for node in self.graph.graph.nodes):
            raise CannotCompile("a network draws random numbers, for example by dropout")

    def _example(self) -> list[Tensor]:
        return [tensor.clone() for tensor in State(self._trainer, self.buffers).inputs(self.draws)]

    def _step(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """A step as a function that changes only the given parameters, moments and buffers, and these only if all
        losses and gradients are finite. Returns whether they are, the terms, and the gradients.
        """
        trainer, left = self._trainer, iter(inputs)
        weights, firsts, seconds = ([next(left) for _ in self._weights] for _ in range(3))
        changing = {name: next(left) for name in self.buffers}
        scalars = next(left)
        holder = _Holder(trainer.game)
        buffers = {f"game.{n}": changing.get(n, tensor).clone() for n, tensor in trainer.game.named_buffers()}
        values, gradients = [list(weights), list(firsts), list(seconds)], [torch.zeros(())] * len(weights)
        sums, terms_by_name = [], {}
        for index, (_, turn, _) in enumerate(trainer.schedule()):
            mine = [k for k, (player, _) in enumerate(self._weights) if player == turn.player]
            current = {name: w.detach().requires_grad_() for (_, name), w in zip(self._weights, values[0], strict=True)}
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
                    values[1][k] = values[1][k] + (g - values[1][k]) * (1 - beta1)
                    values[2][k] = values[2][k] * beta2 + g * g * (1 - beta2)
                    values[0][k] = values[0][k] - size * values[1][k] / (values[2][k].sqrt() / root + group["eps"])
                updated = {name: w for (_, name), w in zip(self._weights, values[0], strict=True)}
                functional_call(holder, updated | buffers, (trainer.game.after_turn, turn.player))
            self.minimised |= {f"{turn.player}/{name}" for name in terms.minimise}
            terms_by_name |= {f"{turn.player}/{n}": t.detach() for n, t in (terms.minimise | terms.watch).items()}
        if not self._knows_draws:
            # Not every operation that changes its argument counts up the version: batch norm does not.
            after = ((name, old, buffers[f"game.{name}"]) for name, old in trainer.game.named_buffers())
            self.buffers = [name for name, old, new in after if new._version or not new.equal(old)]
        self.names = list(terms_by_name)
        is_finite = torch.stack(sums).sum().isfinite()
        changed = [buffers[f"game.{name}"] for name in changing]
        for olds, news in zip((weights, firsts, seconds, changing.values()), (*values, changed), strict=True):
            for old, new in zip(olds, news, strict=True):
                old.copy_(torch.where(is_finite, new, old))
        return is_finite, torch.stack([term.float() for term in terms_by_name.values()]), *gradients

    def _batch(self, left: Iterator[Tensor], progress: Tensor) -> Batch:
        """The batch of a turn. The step answers nothing but what lazy penalties ask, and the progress is a tensor, so
        that no other number of the recorded step becomes part of the graph.
        """
        columns = {name: next(left) for name in self._columns}
        return Batch(columns["real"], columns.get("labels"), self._trainer.rng, cast("Any", self._number),
                     cast("Any", progress), columns.get("captions"), columns.get("inputs"))  # fmt: skip


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


def _is_random(node: torch.fx.Node) -> bool:
    return torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ())
