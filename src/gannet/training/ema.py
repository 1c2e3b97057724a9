"""Exponential moving average (EMA) of parameters."""

from __future__ import annotations

import copy

import torch

from gannet.games.base import Game


class Average:
    """A copy of the game with the EMA of its parameters; sampling uses the copy, training does not.

    After every step, average <- d average + (1 - d) parameters with d = min(decay, (1 + step) / (10 + step)), so that
    the first steps are forgotten quickly. Floating-point buffers (batch norm statistics) are averaged too, others are
    copied. The copy is separate, so an interrupt cannot leave averaged parameters in the trained game.
    """

    def __init__(self, game: Game, decay: float) -> None:
        self.decay = decay
        self.game = copy.deepcopy(game)
        self.game.requires_grad_(False).eval()
        # Networks without an EMA are shared with the trained game instead of copied, so that they are always up to
        # date.
        for name, child in game.named_children():
            if name not in game.averaged:
                setattr(self.game, name, child)
        pairs = [(getattr(self.game, n).state_dict(), getattr(game, n).state_dict()) for n in game.averaged]
        tensors = [(ema[k], source[k]) for ema, source in pairs for k in source]
        self._emas = [t for t, _ in tensors if t.is_floating_point()]
        self._sources = [s for t, s in tensors if t.is_floating_point()]
        self._counters = [(t, s) for t, s in tensors if not t.is_floating_point()]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Update the averages after step number ``step`` (counted from 0)."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._emas, self._sources, 1.0 - decay)  # pyright: ignore[reportPrivateImportUsage]
        for ema, source in self._counters:
            ema.copy_(source)

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Tensors of the averaged networks only."""
        return {f"{n}.{k}": v for n in self.game.averaged for k, v in getattr(self.game, n).state_dict().items()}

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        """Load the averages exactly; missing or unknown names are an error."""
        for name in self.game.averaged:
            getattr(self.game, name).load_state_dict(
                {k.removeprefix(f"{name}."): v for k, v in state.items() if k.startswith(f"{name}.")}
            )
