"""The Inception network of 2015-12-05, which defines the FID, in plain torch.

Szegedy et al. 2016, https://arxiv.org/abs/1512.00567, in the variant of the frozen graph that Heusel et al. 2017 used.
It differs from the network of the paper in its pooling branches and has 1,008 outputs. Parameters are named as in the
public port.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, max_pool2d, relu

SIDE = 299
"""Side of the input images in pixels."""
FEATURES, CLASSES = 2048, 1008
EPSILON = 0.001
"""Epsilon of the batch normalisation."""
Pool = Literal["mean", "max", "halving"]
Size = int | tuple[int, int]


class Convolution(nn.Module):
    """Convolution without bias, batch normalisation, ReLU; without stride the size is unchanged unless ``valid``."""

    def __init__(self, inputs: int, outputs: int, size: Size, *, stride: int = 1, valid: bool = False) -> None:
        super().__init__()
        sizes = (size, size) if isinstance(size, int) else size
        padding = (0, 0) if valid or stride > 1 else (sizes[0] // 2, sizes[1] // 2)
        self.conv = nn.Conv2d(inputs, outputs, sizes, stride=stride, padding=padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=EPSILON)

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H', W')."""
        return relu(self.bn(self.conv(pixels)))


class Block(nn.Module):
    """Parallel chains of convolutions and a pooling branch; their responses are concatenated.

    Args:
        convolutions: convolutions by their names in the weight file.
        chains: names in the order of application; a tuple at the end means several convolutions of the same input.
        pool: ``mean`` (3 x 3, padding is not counted) or ``max`` (3 x 3), each followed by ``branch_pool``; or
            ``halving``, a maximum with stride 2 without a convolution.
    """

    def __init__(
        self, convolutions: Mapping[str, Convolution], chains: tuple[tuple[str | tuple[str, ...], ...], ...], pool: Pool
    ) -> None:
        super().__init__()
        for name, convolution in convolutions.items():
            self.add_module(name, convolution)
        self.chains = chains
        self.pool: Pool = pool

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, sum of the chains' channels, H', W')."""
        responses = [part for chain in self.chains for part in self._follow(chain, pixels)]
        pooled = pooling(pixels, self.pool)
        responses.append(pooled if self.pool == "halving" else self.get_submodule("branch_pool")(pooled))
        return torch.cat(responses, dim=1)

    def _follow(self, chain: tuple[str | tuple[str, ...], ...], pixels: Tensor) -> list[Tensor]:
        for step in chain:
            if isinstance(step, tuple):
                return [self.get_submodule(name)(pixels) for name in step]
            pixels = self.get_submodule(step)(pixels)
        return [pixels]


def pooling(pixels: Tensor, pool: Pool) -> Tensor:
    """3 x 3 pooling of a block; the mean ignores the padding, as in TensorFlow."""
    if pool == "mean":
        return avg_pool2d(pixels, 3, stride=1, padding=1, count_include_pad=False)
    return max_pool2d(pixels, 3, stride=1, padding=1) if pool == "max" else max_pool2d(pixels, 3, stride=2)


def wide_block(inputs: int, pooled: int) -> Block:
    """1 x 1, 5 x 5 and two 3 x 3 convolutions: Mixed_5b to Mixed_5d, 35 x 35."""
    parts = {
        "branch1x1": Convolution(inputs, 64, 1),
        "branch5x5_1": Convolution(inputs, 48, 1),
        "branch5x5_2": Convolution(48, 64, 5),
        "branch3x3dbl_1": Convolution(inputs, 64, 1),
        "branch3x3dbl_2": Convolution(64, 96, 3),
        "branch3x3dbl_3": Convolution(96, 96, 3),
        "branch_pool": Convolution(inputs, pooled, 1),
    }
    return Block(parts, (("branch1x1",), _numbered("branch5x5", 2), _numbered("branch3x3dbl", 3)), "mean")


def first_reduction(inputs: int) -> Block:
    """35 x 35 -> 17 x 17: Mixed_6a."""
    parts = {
        "branch3x3": Convolution(inputs, 384, 3, stride=2),
        "branch3x3dbl_1": Convolution(inputs, 64, 1),
        "branch3x3dbl_2": Convolution(64, 96, 3),
        "branch3x3dbl_3": Convolution(96, 96, 3, stride=2),
    }
    return Block(parts, (("branch3x3",), _numbered("branch3x3dbl", 3)), "halving")


def factorised_block(inputs: int, inner: int) -> Block:
    """7 x 7 convolutions factorised into rows and columns: Mixed_6b to Mixed_6e, 17 x 17."""
    parts = {
        "branch1x1": Convolution(inputs, 192, 1),
        "branch7x7_1": Convolution(inputs, inner, 1),
        "branch7x7_2": Convolution(inner, inner, (1, 7)),
        "branch7x7_3": Convolution(inner, 192, (7, 1)),
        "branch7x7dbl_1": Convolution(inputs, inner, 1),
        "branch7x7dbl_2": Convolution(inner, inner, (7, 1)),
        "branch7x7dbl_3": Convolution(inner, inner, (1, 7)),
        "branch7x7dbl_4": Convolution(inner, inner, (7, 1)),
        "branch7x7dbl_5": Convolution(inner, 192, (1, 7)),
        "branch_pool": Convolution(inputs, 192, 1),
    }
    return Block(parts, (("branch1x1",), _numbered("branch7x7", 3), _numbered("branch7x7dbl", 5)), "mean")


def second_reduction(inputs: int) -> Block:
    """17 x 17 -> 8 x 8: Mixed_7a."""
    parts = {
        "branch3x3_1": Convolution(inputs, 192, 1),
        "branch3x3_2": Convolution(192, 320, 3, stride=2),
        "branch7x7x3_1": Convolution(inputs, 192, 1),
        "branch7x7x3_2": Convolution(192, 192, (1, 7)),
        "branch7x7x3_3": Convolution(192, 192, (7, 1)),
        "branch7x7x3_4": Convolution(192, 192, 3, stride=2),
    }
    return Block(parts, (_numbered("branch3x3", 2), _numbered("branch7x7x3", 4)), "halving")


def expanded_block(inputs: int, pool: Pool) -> Block:
    """3 x 3 convolutions split into rows next to columns: Mixed_7b and Mixed_7c, 8 x 8."""
    parts = {
        "branch1x1": Convolution(inputs, 320, 1),
        "branch3x3_1": Convolution(inputs, 384, 1),
        "branch3x3_2a": Convolution(384, 384, (1, 3)),
        "branch3x3_2b": Convolution(384, 384, (3, 1)),
        "branch3x3dbl_1": Convolution(inputs, 448, 1),
        "branch3x3dbl_2": Convolution(448, 384, 3),
        "branch3x3dbl_3a": Convolution(384, 384, (1, 3)),
        "branch3x3dbl_3b": Convolution(384, 384, (3, 1)),
        "branch_pool": Convolution(inputs, 192, 1),
    }
    split = "branch3x3_1", ("branch3x3_2a", "branch3x3_2b")
    double_split = "branch3x3dbl_1", "branch3x3dbl_2", ("branch3x3dbl_3a", "branch3x3dbl_3b")
    return Block(parts, (("branch1x1",), split, double_split), pool)


class InceptionV3(nn.Module):
    """Prepared images -> the 2,048 features of the last pooling (``pool3``) and 1,008 logits."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Convolution(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = Convolution(32, 32, 3, valid=True)
        self.Conv2d_2b_3x3 = Convolution(32, 64, 3)
        self.Conv2d_3b_1x1 = Convolution(64, 80, 1)
        self.Conv2d_4a_3x3 = Convolution(80, 192, 3, valid=True)
        self.Mixed_5b = wide_block(192, 32)
        self.Mixed_5c = wide_block(256, 64)
        self.Mixed_5d = wide_block(288, 64)
        self.Mixed_6a = first_reduction(288)
        self.Mixed_6b = factorised_block(768, 128)
        self.Mixed_6c = factorised_block(768, 160)
        self.Mixed_6d = factorised_block(768, 160)
        self.Mixed_6e = factorised_block(768, 192)
        self.Mixed_7a = second_reduction(768)
        self.Mixed_7b = expanded_block(1280, "mean")
        # The frozen graph uses maximum pooling in the last block only.
        self.Mixed_7c = expanded_block(2048, "max")
        self.fc = nn.Linear(FEATURES, CLASSES)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 3, 299, 299) of :func:`prepared` -> features (N, 2048), and logits (N, 1008) without the bias.

        The published program of the Inception score multiplies the features by the last weights without the bias.
        """
        pixels = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(pixels)))
        pixels = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(max_pool2d(pixels, 3, stride=2)))
        pixels = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(max_pool2d(pixels, 3, stride=2))))
        pixels = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(pixels)))))
        features = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(pixels))).mean(dim=(2, 3))
        return features, features @ self.fc.weight.T


def prepared(images: np.ndarray) -> Tensor:
    """uint8 (N, H, W, 1 or 3) -> float32 (N, 3, 299, 299): resized as TensorFlow 1 did, then (x - 128) / 128."""
    # Copied because torch warns about read-only arrays.
    pixels = torch.from_numpy(images.copy()).permute(0, 3, 1, 2).float().expand(-1, 3, -1, -1)
    return (resized(pixels, SIDE) - 128) / 128


def resized(pixels: Tensor, side: int) -> Tensor:
    """Bilinear (N, C, H, W) -> (N, C, side, side) as ``tf.image.resize_bilinear`` of TensorFlow 1 with its defaults.

    Output pixel i is interpolated at i * (old side / new side), without the shift by half a pixel and without
    antialiasing; positions beyond the last pixel use the last pixel. Parmar et al. 2022,
    https://arxiv.org/abs/2104.11222, show how this changes the FID.
    """
    return _along(_along(pixels, 2, side), 3, side)


def _along(pixels: Tensor, axis: int, side: int) -> Tensor:
    old = pixels.shape[axis]
    if old == side:
        return pixels
    place = torch.arange(side, dtype=torch.float32, device=pixels.device) * (old / side)
    left = place.floor().long().clamp(max=old - 1)
    right = (left + 1).clamp(max=old - 1)
    share = (place - left).view([-1 if dim == axis else 1 for dim in range(4)])
    below = pixels.index_select(axis, left)
    return below + (pixels.index_select(axis, right) - below) * share


def _numbered(name: str, count: int) -> tuple[str, ...]:
    return tuple(f"{name}_{number}" for number in range(1, count + 1))
