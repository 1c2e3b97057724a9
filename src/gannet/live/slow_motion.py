"""Slow motion: record the values of each sub-step of one step on points, without changing the training by a bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol, Self, cast

import numpy as np
import torch
from torch import Tensor, nn

from gannet.errors import UserError
from gannet.games.base import Discriminates, Game, Generates, Turn
from gannet.training.observers import gradient_norms
from gannet.training.outputs import kind_number
from gannet.training.points_frame import view_of
from gannet.training.sampling import evaluating
from gannet.training.trainer import Trainer
from gannet.types import Batch, Terms

POINTS_SHOWN = 60
FIELD_SIDE = 32


class Shown(Discriminates, Generates, Protocol):
    """The abilities of a game that slow motion needs; the generator is the network whose outputs are points."""


class SlowMotion:
    """Records the next step of a trainer: create it, let the trainer play one step, then call :meth:`finish`.

    Sub-steps of the discriminator, then of the generator: sample, output, loss, gradients, update. Of a repeated turn,
    the last repeat is kept. The fakes are those of the turn itself, captured at the generator's output. Logits are
    computed in evaluation mode with the parameters at the beginning of the turn.

    Raises:
        UserError: images, or a game without a discriminator or a generator.
    """

    def __init__(self, trainer: Trainer) -> None:
        check(trainer)
        dataset = trainer.dataset
        self._trainer, self._form, self._turns = trainer, dataset.form, trainer.turns
        self._extent, nodes = view_of(dataset.reference(2000, seed=trainer.seed)[0], FIELD_SIDE)
        self._nodes = dataset.form.encode(nodes).to(trainer.precision.device)
        self._arrays: dict[str, np.ndarray] = {}
        self._close_turn: Callable[[], None] | None = None
        trainer.turns = [replace(turn, terms=self._watched(turn)) for turn in self._turns]

    @property
    def game(self) -> Game:
        """The trainer's game."""
        return self._trainer.game

    def finish(self) -> dict[str, np.ndarray]:
        """Return the arrays of ``schema.SLOW_ARRAYS`` and remove all hooks from the trainer."""
        self._trainer.turns = self._turns
        self._end_turn()
        return {
            "step": np.asarray(self._trainer.step),
            "extent": self._extent,
            "output_kind": np.asarray(kind_number(cast(Shown, self.game))),
            **self._arrays,
        }

    def _watched(self, turn: Turn) -> Callable[[Batch], Terms]:
        def terms(batch: Batch) -> Terms:
            state = batch.rng.get_state()  # ending the previous turn draws after this turn's seed was set
            self._end_turn()
            before = self._field()
            batch.rng.set_state(state)
            with _Caught(self.game) as caught:
                result = turn.terms(batch)
            state = batch.rng.get_state()
            self._record(turn.player, batch, result, before, caught)
            batch.rng.set_state(state)
            return result

        return terms

    def _record(self, player: str, batch: Batch, terms: Terms, field_before: np.ndarray, caught: _Caught) -> None:
        own: dict[str, Any] = {
            f"loss/{name}": value.detach().float().cpu().numpy() for name, value in terms.minimise.items()
        }
        own["field_before"] = field_before
        own["real"] = self._form.decode(batch.real[:POINTS_SHOWN])
        own["logit_real"], _ = self._logits(batch.real[:POINTS_SHOWN].detach())
        if caught.network:
            fake = caught.points[:POINTS_SHOWN].detach()
            own["fake"] = self._form.decode(fake)
            own["logit_fake"], own["slope"] = self._logits(fake)

        def close() -> None:
            """Called after the optimizer's step; its backward pass has reached the captured fakes if the player
            generates them.
            """
            own["gradient_norm"] = np.float32(gradient_norms(self._trainer).get(f"{player}/gradient_norm", np.nan))
            own["field_after"] = self._field()
            if caught.network:
                own["fake_after"] = self._form.decode(caught.regenerate(self.game)[:POINTS_SHOWN])
            if caught.gradient is not None:
                own["gradient"] = caught.gradient[:POINTS_SHOWN].float().cpu().numpy()
            self._arrays |= {f"{player}/{name}": np.asarray(value) for name, value in own.items()}

        self._close_turn = close

    def _end_turn(self) -> None:
        if self._close_turn is not None:
            close, self._close_turn = self._close_turn, None
            close()

    def _logits(self, points: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """(N,) logits and (N, 2) their gradients in normalised units."""
        points = points.clone().requires_grad_()
        with evaluating(self.game), torch.enable_grad():
            logits = cast(Shown, self.game).logits(points)
            (slope,) = torch.autograd.grad(logits.sum(), points)
        return logits.detach().float().cpu().numpy(), slope.float().cpu().numpy()

    @torch.no_grad()
    def _field(self) -> np.ndarray:
        with evaluating(self.game):
            return cast(Shown, self.game).logits(self._nodes).float().cpu().numpy().reshape(FIELD_SIDE, FIELD_SIDE)


class _Caught:
    """Captures the fakes generated inside the block, their inputs, and the gradient with respect to them."""

    def __init__(self, game: Game) -> None:
        self._networks = {name: module for name, module in game.named_children() if name in game.averaged}
        self.points, self.gradient = torch.empty(0), cast("Tensor | None", None)
        self.network, self._inputs = "", cast("tuple[Any, ...]", ())

    def __enter__(self) -> Self:
        self._handles = [
            m.register_forward_hook(self._catcher(name), with_kwargs=True) for name, m in self._networks.items()
        ]
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()

    def regenerate(self, game: Game) -> Tensor:
        """The fakes from the same inputs with the current parameters."""
        network = game.get_submodule(self.network)
        with torch.no_grad(), evaluating(game):
            return network(*self._inputs)

    def _catcher(self, name: str) -> Callable[..., None]:
        def catch(module: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any], output: object) -> None:
            if not isinstance(output, Tensor) or output.dim() != 2 or output.shape[1] != 2 or self.network:
                return
            self.network, self.points = name, output
            self._inputs = tuple(x.detach() if isinstance(x, Tensor) else x for x in (*inputs, *named.values()))
            if output.requires_grad:
                output.register_hook(self._keep_gradient)

        return catch

    def _keep_gradient(self, gradient: Tensor) -> None:
        self.gradient = gradient.detach()


def check(trainer: Trainer) -> None:
    """Check that slow motion supports the trainer's game.

    Raises:
        UserError: it does not.
    """
    if (
        trainer.dataset.form.kind != "points"
        or not isinstance(trainer.game, Discriminates)
        or not isinstance(trainer.game, Generates)
    ):
        raise UserError("Slow motion supports only games of a generator and a discriminator on points.")
