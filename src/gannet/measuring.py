"""Score cards of a game against its data, while training or afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from gannet.data.base import Dataset
from gannet.games.base import Conditional, Game
from gannet.metrics.base import ScoreCard
from gannet.metrics.evaluate import evaluate
from gannet.metrics.extractors import fitting
from gannet.seeding import derive, torch_rng
from gannet.training.sampling import sample_game

DEFAULT_SAMPLES = {"points": 2_500, "images": 5_000}
"""How many samples are measured where the user does not say."""


def measurer(
    game: Game, dataset: Dataset, *, seed: int, run: str, weights: str, samples: int | None = None, metrics: list[str] | None = None
) -> Callable[[int], tuple[list[ScoreCard], list[str]]]:
    """A function of the step that measures ``game`` as it is then: the cards, and sentences about metrics that do not apply.

    The real set and the noise are the same every time, functions of the run's seed; nothing of training is touched.
    """
    count = samples or DEFAULT_SAMPLES[dataset.form.kind]
    real, labels = dataset.reference(2 * count, seed=derive(seed, "measure"))
    count = min(count, len(real) // 2)
    extractor = fitting(real, labels, dataset.form.class_names) if dataset.form.kind == "images" else None
    classes = game.num_classes if isinstance(game, Conditional) else 0
    protocol: dict[str, Any] = {
        "real": {"content_hash": dataset.content_hash, "rows": dataset.size},
        "sampler": {"classes": "balanced" if classes else "none", "truncation": None},
    }

    def measure(step: int) -> tuple[list[ScoreCard], list[str]]:
        return evaluate(
            samples_for_measuring(game, dataset, count, seed),
            real[:count],
            real[count : 2 * count],
            kind=dataset.form.kind,
            truth=dataset.truth,
            names=metrics,
            seed=seed,
            protocol=protocol,
            extractor=extractor,
            run=run,
            step=step,
            weights=weights,
            warnings=game.limitations(),
        )

    return measure


def samples_for_measuring(game: Game, dataset: Dataset, count: int, seed: int) -> np.ndarray:
    """(count, ...) outside samples from the stream that is only for measuring."""
    device = next((w.device for w in game.parameters()), torch.device("cpu"))
    return dataset.form.decode(sample_game(game, count, torch_rng(seed, "measure", device=device)))
