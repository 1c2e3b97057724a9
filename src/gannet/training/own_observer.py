"""A function of the user's own that looks at a training every N steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from gannet.games.base import Game
from gannet.games.labels import balanced_labels
from gannet.seeding import torch_rng
from gannet.training.observers import Observer
from gannet.training.random_state import restored
from gannet.training.sampling import sample_game
from gannet.training.trainer import Trainer


@dataclass(frozen=True)
class Moment:
    """A training at one step, as the function given as ``observe`` sees it. Read only: a change of the networks would
    change the training, and a resumed or repeated run would not have it.
    """

    step: int
    """Generator steps taken."""
    steps: int
    """Planned steps."""
    terms: dict[str, float]
    """``player/term`` -> value of this step."""
    game: Game
    """The networks that are trained."""
    average: Game
    """The same with the EMA generator."""
    decode: Callable[[Tensor], np.ndarray]
    """Normalised samples, a tensor, to original units, an array."""

    def sample(self, count: int = 64, seed: int = 0) -> np.ndarray:
        """Samples of the EMA generator in original units: uint8 NHWC images, or points (N, 2).

        Raises:
            UserError: a game that translates images.
        """
        device = next(self.average.parameters()).device
        labels = balanced_labels(self.average, count, device)
        return self.decode(sample_game(self.average, count, torch_rng(seed, "sample", device=device), labels=labels))


def own_observer(trainer: Trainer, observe: Callable[[Moment], object], every: int) -> Observer:
    """``observe`` every ``every`` steps and after the last one. Random numbers that it draws from torch's default
    generator do not change the training.
    """

    def act(terms: dict[str, Tensor]) -> None:
        device = trainer.precision.device
        with restored(device):
            observe(
                Moment(
                    trainer.step,
                    trainer.steps,
                    {name: float(value) for name, value in terms.items()},
                    trainer.game,
                    trainer.average.game,
                    trainer.dataset.form.decode,
                )
            )

    return Observer(every, act)
