"""The contract check itself must be able to fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch

from gannet.data.base import Kind, Progress, Source, Truth
from gannet.data.mixture import Mixture
from gannet.data.points import PointDistribution
from gannet.testing.data import check_source

MIXTURE = Mixture(np.array([[0.0, 0.0], [3.0, 0.0]]), np.stack([np.eye(2)] * 2))


@dataclass(frozen=True)
class Built(Source):
    """A source made by a function, for tests."""

    kind: ClassVar[Kind] = "points"
    build: Callable[[], PointDistribution]

    def open(self, progress: Progress) -> PointDistribution:
        return self.build()


def _dataset(**changes: object) -> PointDistribution:
    given = {
        "draw": MIXTURE.draw,
        "content_hash": "a",
        "class_names": ("0", "1"),
        "truth": Truth(MIXTURE.modes, MIXTURE.log_density),
    }
    return PointDistribution(**{**given, **changes})  # type: ignore[arg-type]


def _global(count: int, rng: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(count, 2), torch.zeros(count, dtype=torch.int64)


def _constant(count: int, rng: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    return MIXTURE.draw(count, torch.Generator().manual_seed(0))


def test_a_sound_source_passes() -> None:
    check_source(Built(_dataset))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"draw": _global}, "global generator"),
        ({"draw": _constant}, "another position or seed"),
        ({"class_names": ()}, "labels and class names"),
        ({"class_names": ("0", "0")}, "class names must be distinct"),
        ({"content_hash": ""}, "must not be empty"),
        ({"truth": Truth(Mixture(MIXTURE.modes.means + 0.1, MIXTURE.modes.covariances).modes)}, "not close"),
        ({"truth": Truth(Mixture(MIXTURE.modes.means, MIXTURE.modes.covariances * 1.2).modes)}, "not close"),
        ({"truth": Truth(log_density=lambda points: np.full(len(points), -np.inf))}, "positive at samples"),
        ({"moments": (np.zeros(2), 1.0)}, "not close"),
    ],
)
def test_a_broken_source_fails(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(AssertionError, match=sentence):
        check_source(Built(lambda: _dataset(**changes)))
