"""An infinite distribution of points in the plane, sampled by a function of a random generator."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from gannet.data.base import Dataset, Kind, Truth
from gannet.data.transfer import moved
from gannet.seeding import torch_rng

Draw = Callable[[int, torch.Generator], tuple[Tensor, Tensor | None]]
"""``draw(count, rng)`` -> points (N, 2) float32 in original units that the caller may overwrite, and labels (N,)
int64 or None.
"""
NOTHING_KNOWN = Truth()
NUM_ESTIMATION_POINTS = 2**18
"""The standard error of an estimated mean is then scale / 512, which does not affect training."""


class PointDistribution(Dataset):
    """Points (N, 2) of an infinite distribution, normalised as ``(x - mean) / scale`` with one scalar scale for both
    axes.

    One scalar preserves circles: distances in normalised units are distances in original units divided by ``scale``.

    Args:
        draw: how to draw, in original units.
        content_hash: digest of the distribution's arguments.
        class_names: names of the labels that ``draw`` returns.
        truth: what is known exactly.
        moments: exact mean (2,) and scale; None to estimate them from a draw with a fixed seed.
    """

    kind: ClassVar[Kind] = "points"
    shape: tuple[int, ...] = (2,)

    def __init__(
        self,
        draw: Draw,
        *,
        content_hash: str,
        class_names: tuple[str, ...] = (),
        truth: Truth = NOTHING_KNOWN,
        moments: tuple[np.ndarray, float] | None = None,
    ) -> None:
        self._draw = draw
        self.content_hash = content_hash
        self.class_names = class_names
        self.truth = truth
        mean, self.scale = _estimated(draw) if moments is None else moments
        self.mean = torch.as_tensor(mean, dtype=torch.float32)

    def batch(self, count: int, *, seed: int, position: int, device: torch.device) -> tuple[Tensor, Tensor | None]:
        """Fresh standardised points (N, 2) float32 and labels (N,) int64."""
        points, labels = self._draw(count, torch_rng(seed, "data", position))
        points = points.sub_(self.mean).div_(self.scale)
        return moved(points, device), None if labels is None else moved(labels, device)

    def reference(self, count: int, *, seed: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Fresh points (N, 2) float32 in original units, from a random stream that training does not use."""
        points, labels = self._draw(count, torch_rng(seed, "reference"))
        return points.numpy(), None if labels is None else labels.numpy()


def moments_of(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Mean (2,) and the root of the variance averaged over both axes, in float64."""
    exact = np.asarray(points, dtype=np.float64)
    return exact.mean(axis=0), float(np.sqrt(exact.var(axis=0).mean()))


def _estimated(draw: Draw) -> tuple[np.ndarray, float]:
    points, _ = draw(NUM_ESTIMATION_POINTS, torch_rng(0, "moments"))
    return moments_of(points.numpy())
