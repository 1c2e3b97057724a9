"""The residual networks of SNGAN: batch norm in the generator, no normalisation in the discriminator."""

from __future__ import annotations

from collections.abc import Callable
from math import prod, sqrt
from typing import TypeVar

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, relu

from gannet.networks.attention import SelfAttention
from gannet.networks.base import Discriminator, Generator, Trunk, doublings
from gannet.types import DiscriminatorOutput

Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)
FLAT = 2
"""Blocks of the discriminator at its smallest resolution, which keep it."""
SMALLEST = 8
"""The discriminator halves images until a side has at most this many pixels."""


class UpBlock(nn.Module):
    """conv1x1(up(x)) + conv3x3(relu(norm(conv3x3(up(relu(norm(x))))))), up = nearest-neighbour doubling.

    Miyato et al. 2018, appendix B.4, after Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028.
    """

    def __init__(self, before: int, after: int, norm: Callable[[int], nn.Module] = nn.BatchNorm2d) -> None:
        super().__init__()
        self.norms = nn.ModuleList([norm(before), norm(after)])
        self.first = initialised(nn.Conv2d(before, after, 3, padding=1), sqrt(2))
        self.second = initialised(nn.Conv2d(after, after, 3, padding=1), sqrt(2))
        self.shortcut = initialised(nn.Conv2d(before, after, 1))

    def forward(self, maps: Tensor, *condition: Tensor) -> Tensor:
        """(N, before, h, w) -> (N, after, 2h, 2w). The norms receive the condition, if any."""
        inside = self.first(_doubled(relu(self.norms[0](maps, *condition))))
        # A 1x1 convolution and doubling commute; before doubling it processes a quarter of the pixels.
        return self.second(relu(self.norms[1](inside, *condition))) + _doubled(self.shortcut(maps))


class DownBlock(nn.Module):
    """pool(conv1x1(x)) + pool(conv3x3(relu(conv3x3(relu(x))))), pool = the mean of 2x2 pixels, or nothing.

    The first block of a network has no ReLU at its start, which would remove half of the image. Without pooling and
    with equal widths the shortcut is the identity.
    """

    def __init__(self, before: int, after: int, *, is_first: bool = False, halves: bool = True) -> None:
        super().__init__()
        self.is_first, self.halves = is_first, halves
        self.first = initialised(nn.Conv2d(before, after, 3, padding=1), sqrt(2))
        self.second = initialised(nn.Conv2d(after, after, 3, padding=1), sqrt(2))
        self.shortcut = initialised(nn.Conv2d(before, after, 1)) if halves or before != after else nn.Identity()

    def forward(self, maps: Tensor) -> Tensor:
        """(N, before, h, w) -> (N, after, h/2, w/2), or (N, after, h, w)."""
        inside = self.second(relu(self.first(maps if self.is_first else relu(maps))))
        if not self.halves:
            return inside + self.shortcut(maps)
        # Pooling the sum is pooling both; the shortcut's 1x1 convolution commutes with it and costs less after it.
        return avg_pool2d(inside, 2) + self.shortcut(avg_pool2d(maps, 2))


class ResNetGenerator(Generator):
    """z -> h*w*width -> residual blocks that double the sides -> BN ReLU conv3x3 tanh; all blocks have one width.

    Miyato et al. 2018, table 4, https://arxiv.org/abs/1802.05957: 4x4x256 and three blocks of width 256 for 32x32.
    """

    def __init__(self, latent_size: int, shape: tuple[int, ...], *, width: int) -> None:
        super().__init__()
        self.latent_size, self.shape, self.num_classes = latent_size, shape, 0
        *self.base, times = doublings(shape, 4, 7, "resnet")
        self.stem = initialised(nn.Linear(latent_size, prod(self.base) * width))
        self.blocks = nn.Sequential(*(UpBlock(width, width) for _ in range(times)))
        self.last = image_layers(width, shape[0])

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent_size) -> (N, C, H, W)."""
        return self.last(self.blocks(self.stem(latents).unflatten(1, (-1, *self.base))))


class ResNetTrunk(Trunk):
    """Residual blocks that halve the sides down to 8 pixels, two blocks that keep them, ReLU, sum over the pixels.

    Miyato et al. 2018, table 4: four blocks of width 128 for 32x32. With ``attention`` a layer of self-attention
    follows the first block, at half the size of the image (Zhang et al. 2019, https://arxiv.org/abs/1805.08318).
    """

    rows_independent = True

    def __init__(self, shape: tuple[int, ...], *, width: int, attention: bool = False) -> None:
        super().__init__()
        self.shape, self.size = shape, width
        side = min(shape[1:])
        halvings = max(1, sum(side >> times > SMALLEST for times in range(side.bit_length())))
        blocks = [DownBlock(shape[0], width, is_first=True), *([SelfAttention(width)] if attention else [])]
        blocks += [DownBlock(width, width) for _ in range(halvings - 1)]
        self.blocks = nn.Sequential(*blocks, *(DownBlock(width, width, halves=False) for _ in range(FLAT)))

    def forward(self, samples: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, width)."""
        return relu(self.blocks(samples)).sum((2, 3))


class ResNetDiscriminator(Discriminator):
    """The trunk and a linear logit."""

    rows_independent = True

    def __init__(self, shape: tuple[int, ...], *, width: int) -> None:
        super().__init__()
        self.shape, self.num_classes = shape, 0
        self.trunk = ResNetTrunk(shape, width=width)
        self.head = initialised(nn.Linear(width, 1))

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        """(N, C, H, W) -> DiscriminatorOutput."""
        features = self.trunk(samples)
        return DiscriminatorOutput(self.head(features).squeeze(1).float(), features)


def image_layers(width: int, channels: int) -> nn.Module:
    """The end of a generator: BN ReLU conv3x3 tanh."""
    last = initialised(nn.Conv2d(width, channels, 3, padding=1))
    return nn.Sequential(nn.BatchNorm2d(width), nn.ReLU(inplace=True), last, nn.Tanh())


def initialised(layer: Layer, gain: float = 1.0) -> Layer:
    """Weights uniform with variance 2 gain^2 / (inputs + outputs) (Glorot and Bengio 2010), biases 0."""
    nn.init.xavier_uniform_(layer.weight, gain)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


def _doubled(maps: Tensor) -> Tensor:
    return interpolate(maps, scale_factor=2, mode="nearest")
