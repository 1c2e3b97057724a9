"""Layers that double the size of maps, computed at the lower resolution."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad


class Upsampling(nn.Sequential):
    """Layers in order. Each ``nn.Upsample(scale_factor=2)`` and the convolution after it are computed as one."""

    def forward(self, maps: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        """(N, C, h, w) -> (N, C', H, W)."""
        layers: Iterator[nn.Module] = iter(self)
        for layer in layers:
            if isinstance(layer, nn.Upsample):
                convolution = next(layers)
                assert isinstance(convolution, nn.Conv2d | nn.ConvTranspose2d)
                weight = convolution.weight
                if isinstance(convolution, nn.ConvTranspose2d):  # of stride 1: a convolution with the mirrored kernel
                    weight = weight.transpose(0, 1).flip(2, 3)
                maps = upsampled_convolution(maps, weight, convolution.bias)
            else:
                maps = layer(maps)
        return maps


def upsampled_convolution(maps: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """(N, C, h, w) -> (N, C', 2h, 2w): nearest-neighbour upsampling by 2, then a k x k convolution of stride 1 that
    keeps the size; k is odd.

    Neighbouring pixels of the upsampled maps are equal, so the pixels of the kernel that meet them are added first.
    That leaves one kernel for each of the four positions within a pixel (Shi et al. 2016, section 3.2,
    https://arxiv.org/abs/1609.05158): for k = 5, four of 3 x 3 on the small maps instead of one of 5 x 5 on the large
    ones, which is 2.8 times fewer multiplications. The result is equal up to rounding.
    """
    out, channels, size, _ = weight.shape
    sums = kernel_sums(size, weight.device, torch.promote_types(weight.dtype, torch.float32))
    side = round((len(sums) / 4) ** 0.5)
    with torch.autocast(weight.device.type, enabled=False):
        # Channels last, as the weights are stored: (C', 4 * side * side, C).
        kernels = sums @ weight.to(sums.dtype).permute(0, 2, 3, 1).reshape(out, size * size, channels)
    kernels = kernels.view(out, 4, -1).transpose(0, 1).reshape(4 * out, side, side, channels).permute(0, 3, 1, 2)
    biases = None if bias is None else bias.repeat(4)
    positions = conv2d(maps, kernels, biases, padding=side // 2)
    # pixel_shuffle with the positions before the channels, because whole vectors of channels are copied faster.
    count, _, height, width = positions.shape
    parts = positions.permute(0, 2, 3, 1).reshape(count, height, width, 2, 2, out).permute(0, 1, 3, 2, 4, 5)
    return parts.reshape(count, 2 * height, 2 * width, out).permute(0, 3, 1, 2)


@cache
def kernel_sums(size: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """(4 * side * side, size * size) of zeros and ones: which pixels of a kernel are added for each position.

    In one dimension, position p of a pixel sees at distance d the pixel at (p + d) // 2 of the small map.
    """
    reach = size // 2
    side = 2 * ((reach + 1) // 2) + 1
    sums = torch.zeros(2, side, size)
    for position in (0, 1):
        for distance in range(-reach, reach + 1):
            sums[position, (position + distance) // 2 + side // 2, distance + reach] = 1
    return torch.einsum("pak,qbl->pqabkl", sums, sums).reshape(4 * side * side, size * size).to(device, dtype)


class ToImage(nn.ConvTranspose2d):
    """A transposed convolution 4x4 of stride 2 and padding 1, (N, C, h, w) -> (N, C', 2h, 2w), for few maps C': the
    last layer of a generator.

    On a CPU, its forward pass is a 3x3 convolution with a kernel for each of the four positions within a pixel, most of
    whose numbers are zero: still two to three times as fast, because a transposed convolution to few maps uses little
    of the processor. The result is equal up to rounding. The backward pass is that of the transposed convolution.
    """

    def __init__(self, before: int, after: int) -> None:
        super().__init__(before, after, 4, 2, 1)

    def forward(self, maps: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        """(N, C, h, w) -> (N, C', 2h, 2w)."""
        if maps.device.type != "cpu" or torch.compiler.is_exporting():
            return super().forward(maps)
        assert self.bias is not None
        given = maps, self.weight, self.bias
        if torch.is_autocast_enabled("cpu"):
            given = tuple(tensor.to(torch.get_autocast_dtype("cpu")) for tensor in given)
        return _ToImage.apply(*given)  # pyright: ignore[reportReturnType]


class _ToImage(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, maps: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(maps, weight)
        count, _, height, width = maps.shape
        kernels = position_kernels(weight).contiguous(memory_format=torch.channels_last)
        positions = conv2d(maps, kernels, bias.repeat(4), padding=1)
        parts = positions.permute(0, 2, 3, 1).reshape(count, height, width, 2, 2, -1).permute(0, 1, 3, 2, 4, 5)
        return parts.reshape(count, 2 * height, 2 * width, -1).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        maps, weight = ctx.saved_tensors
        return torch.ops.aten.convolution_backward(
            gradients[0], maps, weight, [weight.shape[1]], [2, 2], [1, 1], [1, 1], True, [0, 0], 1, ctx.needs_input_grad
        )


NOTHING = 4
"""Row or column of a 4x4 kernel with a border of zeros."""
SEEN = ((3, 1, NOTHING), (NOTHING, 2, 0))
"""For the first and the second pixel of two: which row of the kernel meets the row before, at and after theirs in the
small map."""


def position_kernels(weight: Tensor) -> Tensor:
    """(C, C', 4, 4) of a transposed convolution of stride 2 and padding 1 -> (4 C', C, 3, 3): the kernels of the four
    positions within a pixel, one after the other.
    """
    before, after = weight.shape[:2]
    seen = torch.tensor(SEEN, device=weight.device)
    kernels = pad(weight, (0, 1, 0, 1))[:, :, seen][..., seen]  # (C, C', 2, 3, 2, 3)
    return kernels.permute(2, 4, 1, 0, 3, 5).reshape(4 * after, before, 3, 3)
