"""The vision transformer of DINOv2, whose class token serves as features.

Oquab et al. 2023, https://arxiv.org/abs/2304.07193, on the transformer of Dosovitskiy et al. 2020,
https://arxiv.org/abs/2010.11929, with layer scale (Touvron et al. 2021, https://arxiv.org/abs/2103.17239). The names of
the parameters are those of the public checkpoints.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, interpolate, scaled_dot_product_attention

SIDE, PATCH = 224, 14
EPSILON = 1e-6
"""Epsilon of the layer normalisation."""
HEAD_WIDTH = 64
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Mean and standard deviation of ImageNet's pixels in [0, 1] per channel."""


@dataclass(frozen=True)
class Size:
    """Size of a transformer."""

    width: int
    depth: int
    trained_grid: int = 37
    """Patches per side that the position embedding was trained for: 518 pixels."""

    @property
    def heads(self) -> int:
        """Number of attention heads, 64 columns each."""
        return self.width // HEAD_WIDTH


SIZES = {"ViT-B/14": Size(768, 12), "ViT-L/14": Size(1024, 24)}


class Patches(nn.Module):
    """Turn each 14 x 14 square into a token."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, PATCH, stride=PATCH)

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, H W / 196, width), row by row."""
        return self.proj(pixels).flatten(2).transpose(1, 2)


class Attention(nn.Module):
    """Softmax self-attention."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """(N, T, width) -> (N, T, width)."""
        query, key, value = (
            self.qkv(tokens).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        )  # each (N, heads, T, 64)
        return self.proj(scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2))


class Hidden(nn.Module):
    """Two linear layers with a GELU between them; the hidden layer is four times as wide."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """(N, T, width) -> (N, T, width)."""
        return self.fc2(gelu(self.fc1(tokens)))


class Scale(nn.Module):
    """A learned factor for each column."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, tokens: Tensor) -> Tensor:
        """(N, T, width) -> (N, T, width)."""
        return tokens * self.gamma


class Layer(nn.Module):
    """x + scale(attention(norm(x))), then x + scale(hidden(norm(x)))."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(size.width, eps=EPSILON)
        self.attn = Attention(size.width, size.heads)
        self.ls1 = Scale(size.width)
        self.norm2 = nn.LayerNorm(size.width, eps=EPSILON)
        self.mlp = Hidden(size.width)
        self.ls2 = Scale(size.width)

    def forward(self, tokens: Tensor) -> Tensor:
        """(N, T, width) -> (N, T, width)."""
        tokens = tokens + self.ls1(self.attn(self.norm1(tokens)))
        return tokens + self.ls2(self.mlp(self.norm2(tokens)))


class DinoV2(nn.Module):
    """Prepared images -> the class token after the last normalisation."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.grid = size.trained_grid
        self.cls_token = nn.Parameter(torch.zeros(1, 1, size.width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + size.trained_grid**2, size.width))
        self.mask_token = nn.Parameter(torch.zeros(1, size.width))
        """Used in training only; present because the checkpoint has it."""
        self.patch_embed = Patches(size.width)
        self.blocks = nn.ModuleList(Layer(size) for _ in range(size.depth))
        self.norm = nn.LayerNorm(size.width, eps=EPSILON)

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, 3, H, W), sides multiples of 14 -> (N, width)."""
        places = self.places(pixels.shape[2] // PATCH, pixels.shape[3] // PATCH)
        tokens = torch.cat([self.cls_token.expand(len(pixels), -1, -1), self.patch_embed(pixels)], dim=1) + places
        for block in self.blocks:
            tokens = block(tokens)
        return self.norm(tokens[:, 0])

    def places(self, rows: int, columns: int) -> Tensor:
        """(1, 1 + rows columns, width): the position embedding, resized to another grid by a bicubic filter.

        The published code scales by (rows + 0.1) / 37 instead of rows / 37, which changes the features.
        """
        if rows == columns == self.grid:
            return self.pos_embed
        learned = self.pos_embed[:, 1:].unflatten(1, (self.grid, self.grid)).permute(0, 3, 1, 2)
        factors = ((rows + 0.1) / self.grid, (columns + 0.1) / self.grid)
        resized = interpolate(learned, scale_factor=factors, mode="bicubic", align_corners=False)
        return torch.cat([self.pos_embed[:, :1], resized.flatten(2).transpose(1, 2)], dim=1)


def prepared(images: np.ndarray) -> Tensor:
    """uint8 (N, H, W, 1 or 3) -> float32 (N, 3, 224, 224), normalised by ImageNet's mean and standard deviation.

    Other sizes are resized by an antialiased bicubic filter, as in Pillow.
    """
    # Copied because torch warns about read-only arrays.
    pixels = torch.from_numpy(images.copy()).permute(0, 3, 1, 2).float() / 255
    if pixels.shape[2:] != (SIDE, SIDE):
        pixels = interpolate(pixels, (SIDE, SIDE), mode="bicubic", antialias=True, align_corners=False).clamp(0, 1)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    return (pixels.expand(-1, 3, -1, -1) - mean) / std
