"""A small style-based pair: a mapping network, styles that scale the input channels of every convolution."""

from __future__ import annotations

import itertools
from math import sqrt
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, interpolate, leaky_relu, linear

from gannet.networks.base import Discriminator, Generator, doublings
from gannet.ranks.whole import whole
from gannet.types import DiscriminatorOutput

Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)
SLOPE = 0.2
GAIN = sqrt(2 / (1 + SLOPE**2))
"""Keeps the mean square of normal values through a leaky ReLU."""
WIDEST = 4
"""Channels double with every halving of the resolution, up to this multiple of ``width``."""


class Equalized(nn.Linear):
    """A linear layer with parameters N(0, 1), multiplied by gain / sqrt(inputs) when they are used.

    Karras et al. 2018, section 4.1 ("equalised learning rate"), https://arxiv.org/abs/1710.10196. Steps of Adam then
    change the output by the same amount for any number of inputs.
    """

    def __init__(self, before: int, after: int, *, gain: float = 1.0, bias: float = 0.0) -> None:
        super().__init__(before, after)
        nn.init.normal_(self.weight)
        nn.init.constant_(self.bias, bias)
        self.scale = gain / sqrt(before)

    def forward(self, input: Tensor) -> Tensor:
        """(N, before) -> (N, after)."""
        return linear(input, self.weight * self.scale, self.bias)


class ModulatedConvolution(nn.Module):
    """y_j = d_j sum over i of w_ji * (s_i x_i), s = A w + b, d_j = (sum over i, k of (w_jik s_i)^2)^(-1/2).

    Karras et al. 2020, section 2.2, https://arxiv.org/abs/1912.04958: the style s scales the input channels, and d
    ("demodulation") gives outputs of unit variance if the inputs have it. Scaling inputs and outputs equals scaling
    the kernel of each sample, and all samples share one convolution.
    """

    def __init__(self, before: int, after: int, side: int, style_size: int, *, demodulate: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(after, before, side, side))
        self.scale, self.side, self.demodulate = 1 / (sqrt(before) * side), side, demodulate
        self.style = Equalized(style_size, before, bias=1.0)

    def forward(self, maps: Tensor, styles: Tensor) -> Tensor:
        """(N, before, h, w), (N, style_size) -> (N, after, h, w)."""
        scales, weight = self.style(styles), self.weight * self.scale
        out = conv2d(maps * scales.to(maps.dtype)[:, :, None, None], weight, padding=self.side // 2)
        if not self.demodulate:
            return out
        squares = scales.float().square() @ weight.square().sum((2, 3)).T  # (N, after)
        return out * (squares.float() + 1e-8).rsqrt().to(out.dtype)[:, :, None, None]


class StyledLayer(nn.Module):
    """Modulated convolution, doubling if the sides double, noise of learned strength, bias, leaky ReLU .2.

    Doubling is bilinear: away from the border that is the paper's filter [1, 3, 3, 1]. It follows the convolution,
    which then has a quarter of the paper's pixels.
    """

    noise: Tensor
    """(1, 1, H, W), the noise in evaluation mode; None without noise."""

    def __init__(
        self, before: int, after: int, style_size: int, size: tuple[int, int], *, doubles: bool, noise: bool
    ) -> None:
        super().__init__()
        self.convolution = ModulatedConvolution(before, after, 3, style_size)
        self.bias = nn.Parameter(torch.zeros(after, 1, 1))
        self.doubles = doubles
        self.strength = nn.Parameter(torch.zeros(())) if noise else None
        self.register_buffer("noise", torch.randn(1, 1, *size) if noise else None)

    def forward(self, maps: Tensor, styles: Tensor) -> Tensor:
        """(N, before, h, w), (N, style_size) -> (N, after, h, w), or twice the sides."""
        maps = self.convolution(maps, styles)
        if self.doubles:
            maps = doubled(maps)
        if self.strength is not None:
            # In evaluation mode an image is a function of its latent: all samples have the same noise.
            noise = torch.randn(len(maps), 1, *maps.shape[2:], device=maps.device) if self.training else self.noise
            maps = maps + (self.strength * noise).to(maps.dtype)
        return leaky_relu(maps + self.bias.to(maps.dtype), SLOPE) * GAIN


class StyleGenerator(Generator):
    """z / |z| -> mapping network -> w; a learned 4x4 map (7x7 for 28x28) -> styled convolutions; sum of images; tanh.

    Each resolution contributes an image, which is doubled and added to the next. z is scaled to a mean square of 1.

    Karras, Laine, Aila 2019, https://arxiv.org/abs/1812.04948; Karras et al. 2020, https://arxiv.org/abs/1912.04958.
    Written from the formulas and far smaller. With probability ``mixing`` a sample in training has the w of another
    sample of its batch from a random layer on (style mixing). The papers map a second latent for it; this needs no
    second pass and suits every prior. The papers also regularise path lengths, give the mapping network a hundredth of
    the learning rate, and have no tanh.
    """

    centre: Tensor | None = None
    """(style_size,) mean of w for truncation; None does not truncate."""
    truncation: float = 1.0
    """w becomes centre + truncation (w - centre) in evaluation mode."""

    def __init__(
        self,
        latent_size: int,
        shape: tuple[int, ...],
        *,
        width: int,
        style_size: int = 128,
        depth: int = 4,
        noise: bool = True,
        mixing: float = 0.9,
    ) -> None:
        """Args:
        latent_size: length of z.
        shape: (C, H, W) of an image.
        width: channels at full resolution.
        style_size: length of w.
        depth: layers of the mapping network.
        noise: whether every layer adds noise of learned strength.
        mixing: probability of style mixing in training.
        """
        super().__init__()
        self.latent_size, self.shape, self.num_classes, self.mixing = latent_size, shape, 0, mixing
        height, breadth, times = doublings(shape, 4, 7, "style")
        widths = [min(width << i, width * WIDEST) for i in range(times, -1, -1)]
        sizes = [latent_size] + [style_size] * depth
        self.mapping = nn.ModuleList(Equalized(a, b, gain=GAIN) for a, b in itertools.pairwise(sizes))
        self.map = nn.Parameter(torch.randn(widths[0], height, breadth))
        images: list[nn.Module] = []
        layers = [StyledLayer(widths[0], widths[0], style_size, (height, breadth), doubles=False, noise=noise)]
        for i, now in enumerate(widths):
            size = (height << i, breadth << i)
            if i:
                layers.append(StyledLayer(widths[i - 1], now, style_size, size, doubles=True, noise=noise))
                layers.append(StyledLayer(now, now, style_size, size, doubles=False, noise=noise))
            images.append(ModulatedConvolution(now, shape[0], 1, style_size, demodulate=False))
        self.layers, self.images = nn.ModuleList(layers), nn.ModuleList(images)
        self.bias = nn.Parameter(torch.zeros(shape[0], 1, 1))

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent_size) -> (N, C, H, W)."""
        styles = self.styles(latents)
        maps = self.layers[0](self.map.expand(latents.shape[0], -1, -1, -1), styles[:, 0])
        image = self.images[0](maps, styles[:, 1])
        for i, to_image in enumerate(self.images[1:]):
            first, second = 2 * i + 1, 2 * i + 2
            maps = self.layers[second](self.layers[first](maps, styles[:, first]), styles[:, second])
            image = doubled(image) + to_image(maps, styles[:, second + 1])
        return (image + self.bias).tanh()

    def mapped(self, latents: Tensor) -> Tensor:
        """(N, latent_size) -> (N, style_size): w."""
        now = latents * (latents.float().square().mean(1, keepdim=True) + 1e-8).rsqrt()
        for layer in self.mapping:
            now = leaky_relu(layer(now), SLOPE)
        return now

    def styles(self, latents: Tensor) -> Tensor:
        """(N, latent_size) -> (N, layers, style_size): w for each layer, mixed in training and truncated if asked."""
        styles, count = self.mapped(latents), 2 * len(self.images)
        if self.centre is not None and not self.training:
            styles = torch.lerp(self.centre.to(styles.dtype), styles, self.truncation)
        if not (self.training and self.mixing):
            return styles[:, None].expand(-1, count, -1)
        everyone, device = whole(styles), styles.device
        others = everyone[torch.randint(len(everyone), (len(styles),), device=device)]
        crossing = torch.randint(1, count, (len(styles),), device=device)
        crossing = torch.where(torch.rand(len(styles), device=device) < self.mixing, crossing, count)
        is_own = torch.arange(count, device=device) < crossing[:, None]  # (N, layers)
        return torch.where(is_own[:, :, None], styles[:, None], others[:, None])

    @torch.no_grad()
    def truncate(self, amount: float, latents: Tensor) -> None:
        """Move w towards its mean over ``latents`` in evaluation mode, until ``centre`` is None again; 1 moves nothing.

        Karras et al. 2019, appendix B.
        """
        self.centre, self.truncation = self.mapped(latents).mean(0), amount


class StyleDiscriminator(Discriminator):
    """conv1x1; residual blocks that halve the sides to 4x4 (7x7 for 28x28); conv3x3; dense; linear; leaky ReLU .2.

    A block is (conv3x3 conv3x3 + conv1x1) / sqrt 2, each half after pooling 2x2 pixels (Karras et al. 2020, figure 7).
    The papers' standard deviation over the batch is left out, so that samples are independent.
    """

    rows_independent = True

    def __init__(self, shape: tuple[int, ...], *, width: int) -> None:
        super().__init__()
        self.shape, self.num_classes = shape, 0
        height, breadth, times = doublings(shape, 4, 7, "style")
        widths = [min(width << i, width * WIDEST) for i in range(times + 1)]
        self.first = _initialised(nn.Conv2d(shape[0], widths[0], 1), GAIN)
        self.blocks = nn.Sequential(*(_Halving(a, b) for a, b in itertools.pairwise(widths)))
        self.last = _initialised(nn.Conv2d(widths[-1], widths[-1], 3, padding=1), GAIN)
        self.dense = _initialised(nn.Linear(widths[-1] * height * breadth, widths[-1]), GAIN)
        self.head = _initialised(nn.Linear(widths[-1], 1))

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        """(N, C, H, W) -> DiscriminatorOutput."""
        maps = self.blocks(leaky_relu(self.first(samples), SLOPE))
        features = leaky_relu(self.dense(leaky_relu(self.last(maps), SLOPE).flatten(1)), SLOPE)
        return DiscriminatorOutput(self.head(features).squeeze(1).float(), features)


class _Halving(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.first = _initialised(nn.Conv2d(before, before, 3, padding=1), GAIN)
        self.second = _initialised(nn.Conv2d(before, after, 3, padding=1), GAIN)
        self.shortcut = _initialised(nn.Conv2d(before, after, 1, bias=False))

    def forward(self, maps: Tensor) -> Tensor:
        inside = avg_pool2d(leaky_relu(self.first(maps), SLOPE), 2)
        return (leaky_relu(self.second(inside), SLOPE) + self.shortcut(avg_pool2d(maps, 2))) * sqrt(0.5)


def doubled(maps: Tensor) -> Tensor:
    """(N, C, h, w) -> (N, C, 2h, 2w), bilinear."""
    return interpolate(maps, scale_factor=2, mode="bilinear", align_corners=False)


def _initialised(layer: Layer, gain: float = 1.0) -> Layer:
    """Weights N(0, gain^2 / inputs), biases 0."""
    nn.init.normal_(layer.weight, 0.0, gain / sqrt(layer.weight[0].numel()))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
