"""What a degradation is: it makes the input of an image-to-image game from the target."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cache
from typing import ClassVar

import torch
from torch import Tensor

from gannet.errors import UserError

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the luminance Y of ITU-R BT.601, on gamma-encoded values."""


class Degradation(ABC):
    """Images to inputs that show less of them. Concrete subclasses are frozen dataclasses.

    All random numbers come from the given generator, so that a training that is resumed draws the same inputs. What the
    input determines exactly, such as the luminance or the known pixels, is kept by :meth:`restore`: the network is
    asked only for the rest.
    """

    trivial_name: ClassVar[str]
    """What :meth:`trivial` is called next to a score, for example ``bicubic``."""
    fills_transparency: ClassVar[bool] = False
    """True if the transparent part of a user's image is what is missing."""
    takes_pairs: ClassVar[bool] = False
    """True if the input is not made from the image: the data give it."""
    factor: int = 1
    """Ratio of the sides of output and input."""

    def require(self, shape: tuple[int, ...]) -> None:
        """Check that images of ``shape`` = (C, H, W) can be degraded.

        Raises:
            UserError: they cannot; the message says what suits.
        """
        if any(side % self.factor for side in shape[1:]):
            near = max(8, round(min(shape[1:]) / self.factor) * self.factor)
            raise UserError(
                f"An enlargement by a factor of {self.factor} cannot make images of {shape[2]} x {shape[1]} pixels: "
                f"the sides must be multiples of {self.factor}. Set data.size={near}."
            )

    def input_channels(self, channels: int) -> int:
        """Number of channels of the input of images with ``channels`` channels."""
        return channels

    def output_channels(self, channels: int) -> int:
        """Number of channels that the network has to give for images with ``channels`` channels."""
        return channels

    @abstractmethod
    def __call__(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """(N, C, H, W) in [-1, 1] -> inputs (N, input_channels, H / factor, W / factor) in [-1, 1]."""

    def of_file(self, image: Tensor, alpha: Tensor | None) -> Tensor:
        """A user's image, which is degraded already, as an input.

        Args:
            image: (1, C, H, W) in [-1, 1].
            alpha: (1, 1, H, W) in [0, 1], the opacity, or None without transparency.

        Raises:
            UserError: the image lacks what the input needs; a sentence about the image, without its name.
        """
        return image

    def restore(self, output: Tensor, inputs: Tensor) -> Tensor:
        """The images (N, C, H, W) that the network's ``output`` means: what the inputs determine is taken from them."""
        return output

    def corrected(self, images: Tensor, inputs: Tensor) -> Tensor:
        """Finished images, such as the mean of overlapping tiles, made to agree with their inputs again."""
        return images

    @abstractmethod
    def trivial(self, inputs: Tensor, channels: int) -> Tensor:
        """(N, channels, H, W): the image that needs no learning, and how inputs are shown."""

    def contradiction(self, images: Tensor, inputs: Tensor) -> Tensor | None:
        """(N,) mean absolute difference, in [-1, 1] units, between what ``images`` show and what the inputs determine.

        None if the inputs determine nothing exactly.
        """
        return None


def luminance(images: Tensor) -> Tensor:
    """(N, 3, H, W) -> (N, 1, H, W): Y of BT.601; grey images are unchanged."""
    if images.shape[1] == 1:
        return images
    return (images * constant(LUMA, images).view(1, 3, 1, 1)).sum(1, keepdim=True)


def constant(numbers: tuple[float, ...], like: Tensor) -> Tensor:
    """The numbers as a tensor with the type and on the device of another, where it is made once: a copy in every step
    would wait for a GPU.
    """
    return _constant(numbers, like.dtype, like.device)


@cache
def _constant(numbers: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(False):  # training may use what sampling made
        return torch.tensor(numbers, dtype=dtype, device=device)


def segment_distances(grid: Tensor, start: Tensor, end: Tensor) -> Tensor:
    """Distance of every place to a segment of each sample.

    Args:
        grid: (P, 2) places.
        start: (N, 2), one end of each segment.
        end: (N, 2), the other end.

    Returns:
        (N, P).
    """
    along = (end - start)[:, None]  # (N, 1, 2)
    offset = grid[None] - start[:, None]  # (N, P, 2)
    share = (offset * along).sum(2) / along.square().sum(2).clamp_min(1e-12)
    return (offset - share.clamp(0, 1)[..., None] * along).norm(dim=2)


def places(height: int, width: int, device: torch.device) -> Tensor:
    """(H * W, 2) row and column of every pixel, row by row."""
    rows, columns = torch.meshgrid(
        torch.arange(height, device=device), torch.arange(width, device=device), indexing="ij"
    )
    return torch.stack([rows, columns], dim=2).reshape(-1, 2).float()
