"""Translate an image of any size in overlapping tiles of the size that the network was trained on."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import pad

from gannet.data.base import Progress, silent

AT_ONCE = 64
"""Tiles of a batch."""


def in_tiles(
    translate: Callable[[Tensor], Tensor], inputs: Tensor, tile: tuple[int, int], progress: Progress = silent
) -> Tensor:
    """(1, K, H, W) inputs -> (1, C, f H, f W) images, f the factor of the network.

    Tiles overlap by half. Every output pixel is the mean of the tiles that cover it, with weights that fall linearly
    from the middle of a tile to its edge, so there are no seams. An image smaller than a tile is enlarged by repeating
    its edge pixels.

    Args:
        translate: (N, K, h, w) tiles of inputs to (N, C, f h, f w) images.
        inputs: the input of a whole image.
        tile: (h, w).
        progress: called while tiles are translated.
    """
    height, width = inputs.shape[2:]
    (tall, wide) = tile
    padded = pad(inputs, (0, max(0, wide - width), 0, max(0, tall - height)), mode="replicate")
    corners = [(top, left) for top in _starts(padded.shape[2], tall) for left in _starts(padded.shape[3], wide)]
    total, weight_sum, weights, factor = inputs.new_zeros(()), inputs.new_zeros(()), inputs.new_zeros(()), 1
    for first in range(0, len(corners), AT_ONCE):
        progress("translating tiles", first, len(corners))
        some = corners[first : first + AT_ONCE]
        made = translate(torch.cat([padded[:, :, top : top + tall, left : left + wide] for top, left in some]))
        if first == 0:
            factor = made.shape[2] // tall
            weights = _ramp(made.shape[2])[:, None] * _ramp(made.shape[3])
            total = made.new_zeros(1, made.shape[1], factor * padded.shape[2], factor * padded.shape[3])
            weight_sum = made.new_zeros(total.shape[2:])
        for image, (top, left) in zip(made, some, strict=True):
            rows, columns = (
                slice(factor * at, factor * at + side) for at, side in zip((top, left), made.shape[2:], strict=True)
            )
            total[0, :, rows, columns] += image * weights
            weight_sum[rows, columns] += weights
    progress("translating tiles", len(corners), len(corners))
    return (total / weight_sum)[:, :, : factor * height, : factor * width]


def _starts(side: int, tile: int) -> list[int]:
    """First pixels of the tiles: half a tile apart, the last one at the end of the image."""
    return [*range(0, side - tile, max(1, tile // 2)), side - tile]


def _ramp(side: int) -> Tensor:
    """(side,) weights that rise linearly from the edges to the middle."""
    place = torch.arange(side, dtype=torch.float32)
    return torch.minimum(place + 0.5, side - 0.5 - place)
