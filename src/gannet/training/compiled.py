"""The whole step of a game as one compiled graph (the key ``compile``).

In small networks most of the time of a step goes into starting operations. One graph of all turns, their gradients and
Adam's updates starts fewer of them. The graph is recorded from the game's own turns, so it needs no code of any method.

Random numbers are drawn outside the graph by the same calls in the same order as in an eager step, and the learning
rate is an input. So both kinds of step compute the same up to rounding, and each continues from the other's state.
Steps with a lazy penalty and steps without it have a graph each.
An eager step replaces a compiled one if slow motion watches the turns, and if a value is not finite: the graph then
changes nothing, and the eager step reports the player.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from gannet.data.cache_folder import cache_folder
from gannet.ranks.group import current
from gannet.training import random_state
from gannet.training.graph import CannotCompile, Recording, State, StepNumber
from gannet.training.lowering import lowered
from gannet.training.optimizers import Adam
from gannet.training.trainer import Trainer

PAYS_FROM = 10_000
"""Planned steps from which compiling saves more time than it takes."""
MOST_PERIODS = 2
"""Different periods of lazy penalties, which make up to four graphs."""
STEPS_COMPARED = 3
TOLERANCE = 0.01
"""Largest distance between the parameters after :data:`STEPS_COMPARED` eager and compiled steps, relative to the
distance that they moved, and between buffers, relative to their norm."""
CACHE = "TORCHINDUCTOR_CACHE_DIR"
"""Torch's variable for the folder of compiled code."""


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


Program = Callable[..., Sequence[Tensor]]


class CompiledSteps:
    """Plays the next step of a trainer by the graph that is right for its number."""

    def __init__(self, trainer: Trainer, graphs: Sequence[tuple[Recording, Program]]) -> None:
        self._trainer, self._periods = trainer, tuple(graphs[0][0].divided)
        self._steps = {
            tuple(recording.divided[period] for period in self._periods): CompiledStep(trainer, recording, program)
            for recording, program in graphs
        }

    def __call__(self) -> dict[str, Tensor] | None:
        """Play the step, or change nothing and return None."""
        step = self._steps.get(_answers(self._trainer.step, self._periods))
        return None if step is None else step()


class CompiledStep:
    """Plays the next step of a trainer; returns its terms, or None if this step must be eager."""

    def __init__(self, trainer: Trainer, recording: Recording, program: Program) -> None:
        self._trainer, self._turns, self._recording, self._program = trainer, trainer.turns, recording, program
        self._state: State | None = None
        self._forms = [_form(tensor) for tensor in recording.example]

    def __call__(self) -> dict[str, Tensor] | None:
        """Play the step, or change nothing and return None."""
        trainer, names = self._trainer, self._recording.names
        if trainer.turns is not self._turns:
            return None  # slow motion watches the turns
        if self._state is None:
            if not all(optimizer.state for optimizer in trainer.optimizers.values()):
                return None  # the first step of Adam creates its state
            self._state = State(trainer, self._recording.buffers)
        inputs = self._state.inputs(self._recording.draws)
        if [_form(tensor) for tensor in inputs] != self._forms:
            return None  # the program does not check what it reads
        is_finite, terms, *gradients = self._program(*inputs)
        if not is_finite:
            return None
        for weight, gradient in zip(self._state.weights, gradients, strict=True):
            weight.grad = gradient
        for player, counts in self._state.counts.items():
            torch._foreach_add_(counts, self._recording.plays[player])  # pyright: ignore[reportPrivateImportUsage]
        trainer.minimised |= self._recording.minimised
        return dict(zip(names, terms.unbind(), strict=True))


def _compiled(trainer: Trainer) -> CompiledSteps:
    """The compiled steps of a trainer, which stays as it is."""
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
        recordings = _recordings(probe)
        graphs = [(recording, lowered(recording.graph, recording.example)) for recording in recordings.values()]
        # The second of the compared steps is the first one of its kind.
        difference = max(_difference(probe, max(step - 1, probe.step), graphs) for step in recordings)
    except CannotCompile:
        raise
    except Exception as error:
        raise CannotCompile(_reason(error)) from error
    if not difference <= TOLERANCE:
        raise CannotCompile(f"compiled steps differ by {difference:.2g} of the distance of {STEPS_COMPARED} steps")
    return CompiledSteps(trainer, graphs)


def _recordings(probe: Trainer) -> dict[int, Recording]:
    """A graph for each kind of the steps that are left, by the number of the first step of the kind.

    The kinds differ in which periods of lazy penalties divide the number of the step.
    """
    recording = Recording(probe)
    periods = tuple(recording.divided)
    if len(periods) > MOST_PERIODS:
        raise CannotCompile(f"the penalties have more than {MOST_PERIODS} different periods")
    found = {_answers(probe.step, periods): (probe.step, recording)}
    for step in range(probe.step + 1, probe.steps):
        if len(found) == 2 ** len(periods):
            break
        if _answers(step, periods) not in found:
            found[_answers(step, periods)] = step, Recording(probe, step)
    if any(set(other.divided) != set(periods) for _, other in found.values()):
        raise CannotCompile("a turn asks different questions about the number of the step in different steps")
    return dict(found.values())


def _answers(step: int, periods: Sequence[int]) -> tuple[bool, ...]:
    """For each period, whether it divides the number of the step."""
    return tuple(step % period == 0 for period in periods)


def _difference(probe: Trainer, step: int, graphs: Sequence[tuple[Recording, Program]]) -> float:
    """The largest relative distance of a player's parameters, or of a buffer, after eager and compiled steps from the
    same state with the number ``step``.

    Each parameter counts with its average gradient m: sum |m| |w - w'| / sum |m| |w - start|. Adam takes full steps
    where the gradient is nothing but rounding, for example at a bias before batch norm, and rounding differs.
    """
    eager, other = _copy_of(probe), _copy_of(probe)
    eager.step = other.step = step
    other.whole_step = CompiledSteps(other, graphs)
    begin = {player: _vector(weights) for player, weights in eager.weights.items()}
    for _ in range(STEPS_COMPARED):
        eager.play()
        other.play()
    differences = []
    for player, start in begin.items():
        weights, state = eager.weights[player], eager.optimizers[player].state
        size = _vector([state[weight]["exp_avg"] for weight in weights]).abs()
        now, found = _vector(weights), _vector(other.weights[player])
        differences.append((size * (now - found).abs()).sum() / (size * (now - start).abs()).sum())
    for name in {name for recording, _ in graphs for name in recording.buffers}:
        now, found = (trainer.game.get_buffer(name).double() for trainer in (eager, other))
        differences.append((now - found).norm() / now.norm().clamp(min=1e-12))
    return torch.stack(differences).max().item()


def _form(tensor: Tensor) -> tuple[object, ...]:
    return tensor.shape, tensor.stride(), tensor.dtype


def _vector(tensors: Sequence[Tensor]) -> Tensor:
    return torch.cat([tensor.detach().flatten() for tensor in tensors]).double()


def _copy_of(trainer: Trainer) -> Trainer:
    """A trainer with the same data and generator in the same state, which changes alone."""
    shared = {id(thing): thing for thing in (trainer.dataset, trainer.rng, trainer.ranks)}
    return copy.deepcopy(trainer, shared)


def _reason(error: Exception) -> str:
    if "aten._local_scalar_dense" in str(error) or StepNumber.__name__ in str(error):
        return "a turn depends on the number of the step or on values that it computes"
    if "InvalidCxxCompiler" in f"{type(error).__name__} {error}":
        return "no C++ compiler was found; install g++, or name one in the variable CXX"
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
