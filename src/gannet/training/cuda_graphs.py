"""Every turn of a step as one CUDA graph.

On a GPU most of the time of a step goes into starting operations, one after the other, from Python. A graph starts all
operations of a turn at once: the forward and the backward pass, the test for finite values, Adam's update and what the
game does after its turn. It is captured from the game's own turn, so it needs no code of any method.

A graph reads its batch, the learning rate and the progress from tensors that are filled before it is played, and its
random numbers follow from the seed that the trainer sets before every turn. So a step by graphs and an eager step
compute the same, and each continues from the other's state. A lazy penalty needs a graph for the steps with it and one
for those without.

Nothing is read from the GPU within a step. If a loss or gradient is not finite, that turn and the following ones change
nothing, and the eager turn then reports the player. Slow motion watches eager steps.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from gannet.games.base import Turn
from gannet.ranks.group import current
from gannet.training import random_state
from gannet.training.graph import COLUMNS, CannotCompile, StepNumber
from gannet.training.optimizers import Adam
from gannet.training.trainer import Trainer
from gannet.types import Batch, Terms

KIND = "CUDA graphs"
"""How a trainer steps if every turn is a graph."""
Record = Callable[[Callable[[], None]], Callable[[], object]]
"""Captures what a function starts, and returns what starts it again."""
READING = ("_local_scalar_dense", "_unique", "equal.", "is_nonzero", "masked_select", "nonzero", "unique")
"""How operations begin that wait for the GPU, because the program depends on what it computes."""

MASKS = (torch.bool, torch.uint8)


def choose_step(trainer: Trainer, asked: bool = False) -> None:
    """Let the trainer play its turns by graphs if possible, and record in ``trainer.step_kind`` what it does and why.

    The game's turns are tried without an update. A graph repeats what is computed on the GPU and nothing else that a
    turn does, such as counting, so steps with code of the user are graphs only if the user has asked for it.
    """
    trainer.whole_step, trainer.choose_again = None, partial(choose_step, trainer, asked)
    try:
        if trainer.has_own_code and not asked:
            raise CannotCompile("it has code of yours, which may do more than a graph repeats; compile=true tries it")
        if current().size > 1:
            raise CannotCompile("several processes train together")
        if not all(isinstance(optimizer, Adam) for optimizer in trainer.optimizers.values()):
            raise CannotCompile("only Adam is supported")
        with random_state.restored(trainer.precision.device):
            for turn_index, turn in enumerate(trainer.turns):
                _GraphedTurn(trainer, turn, trainer.batch(turn, turn_index, 0)).attempt()
        trainer.whole_step = GraphedSteps(trainer, partial(captured, trainer.precision.device))
        trainer.step_kind = KIND
    except CannotCompile as reason:
        trainer.step_kind = f"eager ({reason})"


class GraphedSteps:
    """Plays the next step of a trainer by graphs; returns its terms, or None if turns are left that must be eager."""

    def __init__(self, trainer: Trainer, record: Record) -> None:
        self._trainer, self._turns, self._record = trainer, trainer.turns, record
        self._failed, self._good = (torch.zeros((), device=trainer.precision.device) for _ in range(2))
        """1 after a turn with a value that is not finite; the number of turns before it."""
        self._periods: dict[int, tuple[int, ...]] = {}
        """Index of a turn -> the periods of its lazy penalties."""
        self._graphs: dict[tuple[int, tuple[bool, ...]], _GraphedTurn] = {}

    def __call__(self) -> dict[str, Tensor] | None:
        """Play the step. If None, ``trainer.turns_taken`` says which turns are done."""
        trainer = self._trainer
        if trainer.turns is not self._turns:
            return None  # slow motion watches the turns
        if not all(optimizer.state for optimizer in trainer.optimizers.values()):
            return None  # the first step of Adam creates its state
        self._failed.zero_()
        self._good.zero_()
        terms_by_name: dict[str, Tensor] = {}
        graph: _GraphedTurn | None = None
        for turn_index, turn, repeat in trainer.schedule():
            with random_state.LOCK:
                batch = trainer.batch(turn, turn_index, repeat)
                graph = self._graph_of(turn_index, turn, batch)
                if graph is None:
                    break
                trainer.rng.manual_seed(trainer.seed_of(turn_index, repeat))  # a capture may have left it elsewhere
                terms_by_name |= graph.play(batch)
            trainer.turns_taken += 1
        good = int(self._good.item())
        if graph is not None and good == trainer.turns_taken:
            return terms_by_name
        trainer.turns_taken = good
        return None

    def _graph_of(self, turn_index: int, turn: Turn, batch: Batch) -> _GraphedTurn | None:
        """The graph of a turn, captured if it is new; None if it cannot be captured, and all later steps are eager."""
        periods = self._periods.get(turn_index)
        if periods is not None:
            graph = self._graphs.get((turn_index, tuple(batch.step % period == 0 for period in periods)))
            if graph is not None and graph.fits(batch):
                return graph
        trainer = self._trainer
        graph = _GraphedTurn(trainer, turn, batch)
        try:
            with random_state.restored(trainer.precision.device):
                graph.attempt()
                graph.capture(self._record, self._failed, self._good)
            if periods not in (None, graph.periods):
                raise CannotCompile("a turn asks different questions about the number of the step in different steps")
        except CannotCompile as reason:
            trainer.whole_step, trainer.step_kind = None, f"eager ({reason})"
            return None
        self._periods[turn_index] = graph.periods
        self._graphs[turn_index, graph.answers] = graph
        return graph


class _GraphedTurn:
    """A turn, the tensors that it reads, and what it computed when it was last played."""

    def __init__(self, trainer: Trainer, turn: Turn, batch: Batch) -> None:
        self._trainer, self._turn = trainer, turn
        self._inputs = {name: tensor.clone() for name, tensor in _columns(batch).items()}
        self._forms = _forms(self._inputs)
        device = trainer.precision.device
        self._progress = torch.zeros(
            (), dtype=torch.float64, device=device
        )  # as precise as the number of an eager step
        self._rate = torch.zeros((), device=device)
        self._number = StepNumber(batch.step)
        given = {name: tensor.detach() for name, tensor in self._inputs.items()}
        self._batch = Batch(given["real"], given.get("labels"), trainer.rng, cast("Any", self._number),
                            cast("Any", self._progress), given.get("captions"), given.get("inputs"))  # fmt: skip
        self._weights = trainer.weights[turn.player]
        optimizer = trainer.optimizers[turn.player]
        assert isinstance(optimizer, Adam)
        self._optimizer = optimizer
        self._updated = optimizer.tensors()
        self._names: list[str] = []
        self._values: Tensor | None = None
        self._gradients: tuple[Tensor, ...] = ()
        self._start: Callable[[], object] | None = None

    @property
    def periods(self) -> tuple[int, ...]:
        """The periods of lazy penalties that the turn asked for."""
        return tuple(self._number.divided)

    @property
    def answers(self) -> tuple[bool, ...]:
        """For each period, whether it divides the number of the steps of this graph."""
        return tuple(self._number.divided.values())

    def fits(self, batch: Batch) -> bool:
        """Whether the graph is right for this batch and for the tensors that an update changes now."""
        return _forms(_columns(batch)) == self._forms and self._optimizer.tensors() is self._updated

    def attempt(self) -> None:
        """Compute terms and gradients without an update, which also prepares what the first use of an operation
        prepares.

        Raises:
            CannotCompile: a value is read from the GPU, or anything else fails.
        """
        before = [tensor.clone() for tensor in self._trainer.buffers]
        try:
            self._differentiate()
            with _Watch():
                self._differentiate()
        except CannotCompile:
            raise
        except Exception as error:
            raise CannotCompile(_reason(error)) from error
        finally:
            for tensor, value in zip(self._trainer.buffers, before, strict=True):
                tensor.copy_(value)

    def capture(self, record: Record, failed: Tensor, good: Tensor) -> None:
        """Capture the turn as a graph.

        Raises:
            CannotCompile: it is not possible.
        """
        if self._updated is None:
            raise CannotCompile("a parameter has no gradient")
        self._start = record(partial(self._whole, failed, good))

    def play(self, batch: Batch) -> dict[str, Tensor]:
        """The terms; the generator is at the beginning of the turn."""
        assert self._start is not None
        for name, tensor in self._inputs.items():
            tensor.copy_(getattr(batch, name), non_blocking=True)
        self._rate.fill_(self._trainer.rate(self._turn.player, batch.progress))
        self._progress.fill_(batch.progress)
        self._start()
        assert self._values is not None
        for weight, gradient in zip(self._weights, self._gradients, strict=True):
            weight.grad = gradient
        # The next turn of this kind overwrites the values.
        return dict(zip(self._names, self._values.clone().unbind(), strict=True))

    def _whole(self, failed: Tensor, good: Tensor) -> None:
        """The turn; ``failed`` becomes 1 if a value is not finite, and then nothing else changes."""
        trainer, player = self._trainer, self._turn.player
        before = [tensor.clone() for tensor in trainer.buffers]
        terms, total, gradients = self._differentiate()
        self._gradients = gradients
        with torch.no_grad():
            sums = torch.stack([total.detach().float(), *(gradient.sum() for gradient in gradients)])
            failed.copy_(torch.maximum(failed, 1 - sums.sum().isfinite().float()))
            good.add_(1 - failed)
            self._optimizer.update(list(gradients), self._rate, failed)
            trainer.game.after_turn(player)
            for tensor, value in zip(trainer.buffers, before, strict=True):
                tensor.copy_(torch.where(failed == 1, value, tensor))
            named = terms.minimise | terms.watch
            self._names = [f"{player}/{name}" for name in named]
            self._values = torch.stack([value.detach().float() for value in named.values()])
        trainer.minimised.update(f"{player}/{name}" for name in terms.minimise)

    def _differentiate(self) -> tuple[Terms, Tensor, tuple[Tensor, ...]]:
        trainer, player = self._trainer, self._turn.player
        with trainer.bystanders[player].frozen(), trainer.precision.autocast():
            terms = self._turn.terms(self._batch)
        total = terms.total()
        found = torch.autograd.grad(total, self._weights)
        # Adam goes through both in the order of their memory, which backward() makes equal.
        pairs = zip(found, self._weights, strict=True)
        return terms, total, tuple(g if g.stride() == w.stride() else torch.empty_like(w).copy_(g) for g, w in pairs)


def captured(device: torch.device, function: Callable[[], None]) -> Callable[[], object]:
    """What a function starts on the GPU, as a CUDA graph.

    Raises:
        CannotCompile: something in the function cannot be captured.
    """
    graph = torch.cuda.CUDAGraph()
    try:
        # Other threads, such as the live view's, may use the GPU meanwhile.
        with torch.cuda.device(device), torch.cuda.graph(graph, capture_error_mode="thread_local"):
            function()
    except Exception as error:
        # After a capture that failed, the default generator believes for ever that it is being captured.
        new = torch.Generator(device)
        torch.cuda.default_generators[torch.cuda.current_device()].graphsafe_set_state(new.graphsafe_get_state())
        raise CannotCompile(_reason(error)) from error
    return graph.replay


class _Watch(TorchDispatchMode):
    """Inside, operations that wait for the GPU raise :class:`CannotCompile`."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name, keywords = func.__name__, kwargs or {}
        masks = name.startswith(("index.", "index_put")) and any(t is not None and t.dtype in MASKS for t in args[1])
        if masks or name.startswith(READING):
            raise CannotCompile("a turn depends on values that it computes")
        places = {t.device.type for t in args if isinstance(t, Tensor)} if name.startswith("copy_") else set()
        if len(places) > 1 or (name.startswith("_to_copy") and _moves(args[0], keywords.get("device"))):
            raise CannotCompile("a turn copies from or to the memory of the processor")
        return func(*args, **keywords)


def _columns(batch: Batch) -> dict[str, Tensor]:
    return {name: getattr(batch, name) for name in COLUMNS if getattr(batch, name) is not None}


def _forms(tensors: dict[str, Tensor]) -> list[tuple[object, ...]]:
    return [(name, tensor.shape, tensor.stride(), tensor.dtype) for name, tensor in tensors.items()]


def _moves(tensor: Tensor, device: torch.device | None) -> bool:
    return device is not None and device.type != tensor.device.type


def _reason(error: Exception) -> str:
    if StepNumber.__name__ in str(error):
        return "a turn depends on the number of the step"
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
