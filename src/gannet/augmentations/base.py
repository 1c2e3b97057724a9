"""What an augmentation is, and shifts of images, which several of them use."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor


class Augmentation(ABC):
    """An independent random change of every sample, differentiable in the samples. Concrete subclasses are frozen
    dataclasses.
    """

    @abstractmethod
    def __call__(self, samples: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """(N, *shape) -> (N, *shape).

        All random numbers come from ``rng``, or from the device's default generator if it is None.
        """


def shifted(images: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """(N, C, H, W) shifted by (N,) whole pixels in each direction; new pixels are 0 (grey). Twice differentiable."""
    count, channels, height, width = images.shape
    device = images.device
    rows = torch.arange(height, device=device) - down[:, None]  # (N, H): where each row comes from
    columns = torch.arange(width, device=device) - right[:, None]
    within = ((rows >= 0) & (rows < height))[:, None, :, None] & ((columns >= 0) & (columns < width))[:, None, None, :]
    sample = torch.arange(count, device=device)[:, None, None, None]
    channel = torch.arange(channels, device=device)[:, None, None]
    moved = images[
        sample, channel, rows.clamp(0, height - 1)[:, None, :, None], columns.clamp(0, width - 1)[:, None, None, :]
    ]
    return moved * within


def random_shifts(images: Tensor, share: float, rng: torch.Generator | None) -> tuple[Tensor, Tensor]:
    """(N,) and (N,) whole pixels down and right, uniform between minus and plus the rounded ``share`` of the side."""
    most = [round(share * side) for side in images.shape[2:]]
    down, right = (torch.randint(-m, m + 1, images.shape[:1], generator=rng, device=images.device) for m in most)
    return down, right
