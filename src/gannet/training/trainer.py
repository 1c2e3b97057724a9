"""The training step: a loop over turns, independent of the method and the networks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import Parameter

from gannet.data.base import Dataset
from gannet.errors import TrainingStopped
from gannet.games.base import Turn
from gannet.ranks.gradients import average
from gannet.ranks.group import ALONE, Ranks
from gannet.ranks.whole import together
from gannet.seeding import derive
from gannet.training import random_state
from gannet.training.ema import Average
from gannet.training.experiment import Experiment
from gannet.training.gradients import Statistics, are_finite
from gannet.training.precision import Precision
from gannet.training.spreading import require_spread
from gannet.types import Batch, Terms

_Drawn = tuple[Tensor, Tensor | None, Tensor | None, Tensor | None]
"""Samples, labels, captions, inputs."""


class Trainer:
    """Trains a game on data. All random numbers are a function of (seed, step), so that a step can be replayed
    exactly.

    Args:
        experiment: what is trained.
        dataset: the training data.
        seed: determines all random numbers.
        precision: arithmetic and layout.
        has_own_code: whether code of the user takes part, which may draw from the generators of numpy and Python.
    """

    def __init__(
        self,
        experiment: Experiment,
        dataset: Dataset,
        *,
        seed: int,
        precision: Precision,
        has_own_code: bool = False,
    ) -> None:
        self.game = experiment.game
        precision.place(self.game)
        self.game.train()
        self.dataset, self.seed, self.precision = dataset, seed, precision
        self.batch_size, self.steps = experiment.batch_size, experiment.steps
        self.step = 0
        self.moves = 0
        """Number of turns by :meth:`play_alone`; (step, moves) is the exact position in training."""
        self.turns = self.game.turns()
        self.batches_per_step = max(turn.repeats for turn in self.turns)
        players = self.game.players
        self.optimizer_settings = dict(vars(experiment.optimizer))
        self.optimizers = {
            player: self.optimizer_settings[player].build(modules) for player, modules in players.items()
        }
        self.weights = {player: [w for m in modules for w in m.parameters()] for player, modules in players.items()}
        self.bystanders = {
            p: Statistics([m for other in players if other != p for m in players[other]]) for p in players
        }
        self.average = Average(self.game, experiment.average)
        self.rng = default_generator(precision.device)
        self.has_own_code = has_own_code
        self.ranks = ALONE
        """The processes that share every batch; their parameters are equal to the bit."""
        self.turns_taken = 0
        """Turns of the current step that are done: 0 between steps, more after a failure within a step, when
        :meth:`play` continues with the turn that failed.
        """
        self.is_whole = True
        """False if a failure left a turn half done, so that the state cannot be continued."""
        parameters = {name for name, _ in self.game.named_parameters()}
        self.buffers = [t for name, t in self.game.state_dict().items() if name not in parameters]
        """Buffers that a forward pass can change."""
        self._playing: dict[str, str | int] = {}
        self.minimised: set[str] = set()
        """Names of all terms that a player has minimised, as opposed to values that are only recorded."""
        self._drawn: tuple[int, _Drawn] | None = None
        self.whole_step: Callable[[], dict[str, Tensor] | None] | None = None
        """Plays all turns at once and returns the terms, or None if turns are left; see ``training/compiled.py`` and
        ``training/cuda_graphs.py``."""
        self.step_kind = ""
        """How :attr:`whole_step` plays, or ``eager`` with the reason; empty on a CPU if the run does not ask for
        compiled steps."""
        self.choose_again: Callable[[], None] = lambda: None
        """Compiles the step again after a live edit of a number that it contains."""
        self.elsewhere: Callable[[], dict[str, Tensor]] | None = None
        """Plays a step on other tensors, which :attr:`gather` copies here; see ``training/shards.py``."""
        self.norms: dict[str, float] = {}
        """Player -> norm of the gradient of its newest turn, if the turns are played elsewhere."""
        self.gather: Callable[[bool], None] = lambda wanted: None
        """Called on all ranks after every step; True on a rank that reads tensors of this trainer now."""
        self.prepare: Callable[[str], None] = lambda player: None
        """Called with the player before the terms of each of its turns."""
        self.differentiate = self._differentiate
        """Sets the gradients of a turn; see ``training/shards.py`` for another way."""

    def schedule(self) -> list[tuple[int, Turn, int]]:
        """The turns of a step: index, turn, repeat."""
        return [(index, turn, repeat) for index, turn in enumerate(self.turns) for repeat in range(turn.repeats)]

    def spread(self, ranks: Ranks) -> None:
        """Share every batch with the other processes from now on.

        Raises:
            UserError: the game compares samples in a way that needs one process, or the batch cannot be divided.
        """
        require_spread(self.game, self.batch_size, ranks.size)
        self.ranks = ranks

    def play(self) -> dict[str, Tensor]:
        """One step of the game: all turns with their repeats. Returns the last terms as ``player/term``.

        Raises:
            TrainingStopped: a loss or gradient is not finite; the parameters are unchanged since before that turn.
        """
        if self.elsewhere is not None:
            terms_by_name = self.elsewhere()
            self.step += 1
            return terms_by_name
        played = self.whole_step() if self.whole_step is not None and not self.turns_taken else None
        terms_by_name = self._play_turns() if played is None else played
        self.average.update(self.step)
        self.step, self.turns_taken = self.step + 1, 0
        return terms_by_name

    def _play_turns(self) -> dict[str, Tensor]:
        """The turns of the step that are left, one after the other."""
        terms_by_name: dict[str, Tensor] = {}
        for turn_index, turn, repeat in self.schedule()[self.turns_taken :]:
            self._playing = {"player": turn.player, "turn": turn_index, "repeat": repeat}
            with random_state.LOCK:  # the batch's generator is shared with other trainings of the process
                terms_by_name |= self._take(turn, self.batch(turn, turn_index, repeat))
            self.turns_taken += 1
        self._playing = {}
        return terms_by_name

    def failed_turn(self) -> dict[str, str | int]:
        """Player, turn, repeat and batch position of the turn that raised an exception; empty between steps."""
        if not self._playing:
            return {}
        return self._playing | {"batch_position": -1 if self._drawn is None else self._drawn[0]}

    def play_alone(self, player: str) -> dict[str, Tensor]:
        """One turn of one player outside the game's order, without a step or an EMA update. Returns its terms.

        Its batch is a function of (seed, previous moves), so the order of steps and moves determines the parameters.

        Raises:
            TrainingStopped: as in :meth:`play`.
        """
        terms_by_name: dict[str, Tensor] = {}
        seed = derive(self.seed, "alone", self.moves)
        for turn_index, turn in enumerate(self.turns):
            if turn.player == player:
                self.is_whole = not terms_by_name  # a move of several turns cannot be continued within
                drawn = self._draw(seed, turn_index)
                with random_state.LOCK:
                    batch = self._batch_of(*drawn, seed=derive(seed, "turn", turn_index))
                    terms_by_name |= self._take(turn, batch)
        self.moves += 1
        self.is_whole = True
        return terms_by_name

    def _take(self, turn: Turn, batch: Batch) -> dict[str, Tensor]:
        """Play one turn; if it fails before its update, the state is as it was before the turn."""
        before = [tensor.clone() for tensor in self.buffers]
        try:
            terms = self._gradients(turn, batch)
        except BaseException:
            for tensor, value in zip(self.buffers, before, strict=True):
                tensor.copy_(value)
            raise
        whole, self.is_whole = self.is_whole, False
        self.optimizers[turn.player].step()
        self.game.after_turn(turn.player)
        self.is_whole = whole
        self.minimised.update(f"{turn.player}/{name}" for name in terms.minimise)
        return {f"{turn.player}/{name}": value.detach() for name, value in (terms.minimise | terms.watch).items()}

    def _gradients(self, turn: Turn, batch: Batch) -> Terms:
        """The terms of a turn, with the gradients of its player's parameters."""
        optimizer = self.optimizers[turn.player]
        for group in optimizer.param_groups:
            group["lr"] = self.rate(turn.player, batch.progress)
        optimizer.zero_grad(set_to_none=True)
        self.prepare(turn.player)
        with self.bystanders[turn.player].frozen(), self.precision.autocast(), together(self.ranks, batch.size):
            terms = turn.terms(batch)
        terms, is_finite = self.differentiate(turn.player, terms.total(), terms)
        if not is_finite:
            values = ", ".join(f"{name} = {value.item():.4g}" for name, value in terms.minimise.items())
            raise TrainingStopped(
                f"Step {self.step}: the {turn.player}'s loss or gradient is not finite ({values}). "
                "Its parameters were not changed. A smaller learning rate or a stronger regularizer usually helps."
            )
        return terms

    def rate(self, player: str, progress: float) -> float:
        """The player's learning rate at a progress in [0, 1], on a GPU in float32, in which a CUDA graph reads it."""
        rate = self.optimizer_settings[player].lr_at(progress)
        return rate if self.precision.device.type == "cpu" else float(np.float32(rate))

    def _differentiate(self, player: str, total: Tensor, terms: Terms) -> tuple[Terms, bool]:
        """Set the gradients of the player's parameters; the means of the terms over all ranks, and whether the total
        and the gradients are finite.
        """
        weights = self.weights[player]
        # With explicit inputs, the other players' parameters and the data get no gradients.
        total.backward(inputs=weights)
        if self.ranks.size > 1:
            total, terms = self._means(weights, total, terms)
        return terms, are_finite(total, weights)

    def _means(self, weights: list[Parameter], total: Tensor, terms: Terms) -> tuple[Tensor, Terms]:
        """The means over all ranks of the gradients, of the total and of every term."""
        named = terms.minimise | terms.watch
        total, *values = average(self.ranks, weights, [total, *named.values()])
        means = dict(zip(named, values, strict=True))
        return total, Terms(*({name: means[name] for name in part} for part in (terms.minimise, terms.watch)))

    def batch(self, turn: Turn, turn_index: int, repeat: int) -> Batch:
        """The input of a turn of this step; the generator is at its beginning."""
        # A turn with fewer repeats uses the last real batches of the step, so that an epoch is the same for all games.
        position = self.step * self.batches_per_step + self.batches_per_step - turn.repeats + repeat
        if self._drawn is None or self._drawn[0] != position:
            self._drawn = position, self._draw(self.seed, position)
        return self._batch_of(*self._drawn[1], seed=self.seed_of(turn_index, repeat))

    def seed_of(self, turn_index: int, repeat: int) -> int:
        """The seed of all random numbers of a turn of this step."""
        return derive(self.seed, "turn", self.step, turn_index, repeat)

    def _draw(self, seed: int, position: int) -> _Drawn:
        """Samples, labels, captions and inputs of one batch: of the whole batch, those of this rank."""
        count, device = self.batch_size, self.precision.device
        real, labels = self.dataset.batch(count, seed=seed, position=position, device=device)
        captions = self.dataset.captions(count, seed=seed, position=position, device=device)
        inputs = self.dataset.inputs(count, seed=seed, position=position, device=device)
        mine = self.ranks.mine
        return mine(real), mine(labels), mine(captions), mine(inputs)

    def _batch_of(
        self, real: Tensor, labels: Tensor | None, captions: Tensor | None, inputs: Tensor | None, *, seed: int
    ) -> Batch:
        self.rng.manual_seed(seed)
        if self.has_own_code:  # otherwise nothing draws from them, and seeding costs 1 % of a small step
            random_state.seed_others(seed)
        if self.precision.channels_last:
            real = real.contiguous(memory_format=torch.channels_last)
        return Batch(real.detach(), labels, self.rng, self.step, self.step / self.steps, captions, inputs)


def default_generator(device: torch.device) -> torch.Generator:
    """The device's default random generator, which the trainer seeds for every turn because dropout draws from it.

    torch.manual_seed is not used: it also queues a call for every absent kind of accelerator, a quarter of a points
    step.
    """
    if device.type == "cuda":
        return torch.cuda.default_generators[torch.cuda.current_device() if device.index is None else device.index]
    return torch.default_generator
