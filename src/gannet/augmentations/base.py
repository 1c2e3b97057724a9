"""What an augmentation is, and changes of images that several of them use."""

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


def warped(images: Tensor, down: Tensor, right: Tensor, zoom: Tensor, angle: Tensor) -> Tensor:
    """(N, C, H, W) enlarged by ``zoom`` and turned left by ``angle`` radians about its centre, then shifted by any
    number of pixels, each (N,).

    Bilinear interpolation; images are continued by reflection. The identity changes nothing. Written with gathers
    because torch's ``grid_sample`` cannot be differentiated twice, as gradient penalties need.
    """
    count, channels, height, width = images.shape
    y = torch.arange(height, device=images.device, dtype=down.dtype) - (height - 1) / 2
    x = torch.arange(width, device=images.device, dtype=down.dtype) - (width - 1) / 2
    y, x = y[None, :, None] - down[:, None, None], x[None, None, :] - right[:, None, None]
    cos, sin = (angle.cos() / zoom)[:, None, None], (angle.sin() / zoom)[:, None, None]
    from_y, from_x = cos * y + sin * x + (height - 1) / 2, cos * x - sin * y + (width - 1) / 2
    top, left = from_y.floor(), from_x.floor()
    flat = images.flatten(2)
    total = torch.zeros_like(images)
    for step_y, step_x in ((0, 0), (0, 1), (1, 0), (1, 1)):
        weight = (1 - (from_y - top - step_y).abs()) * (1 - (from_x - left - step_x).abs())
        place = _reflected(top + step_y, height) * width + _reflected(left + step_x, width)
        found = flat.gather(2, place.view(count, 1, -1).expand(-1, channels, -1)).view_as(images)
        total = total + weight[:, None].to(images.dtype) * found
    return total


def _reflected(position: Tensor, side: int) -> Tensor:
    """Whole positions -> int64 in [0, side): reflection about the first and the last pixel."""
    period = 2 * (side - 1)
    return (side - 1) - ((position.long() % period) - (side - 1)).abs()


def num_centres(side: int, share: float) -> int:
    """Number of places for the centre of a square of ``share`` of the side. An even square has its centre between
    pixels, so there is one more place for it.
    """
    return side + 1 - round(share * side) % 2


def cut(images: Tensor, share: float, down: Tensor, right: Tensor, chosen: Tensor | None = None) -> Tensor:
    """(N, C, H, W) with a square of ``share`` of the side set to 0 in all images, or in the ``chosen`` (N,).

    ``down`` and ``right`` (N,) int64 are its centre, from 0 to below :func:`num_centres`.
    """
    covered = []
    for side, centre in zip(images.shape[2:], (down, right), strict=True):
        size = round(share * side)
        start = centre[:, None] - size // 2
        position = torch.arange(side, device=images.device)
        covered.append((position >= start) & (position < start + size))  # (N, side)
    hole = covered[0][:, None, :, None] & covered[1][:, None, None, :]
    return images * ~(hole if chosen is None else hole & chosen[:, None, None, None])
