"""A differentiable distance of images in the responses of fixed random convolutions."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, relu

from gannet.features.randconv import randconv_weights


class Perceptual:
    """d(x, y) = mean over layers of |f(x) - f(y)|^2 / mean |f(y)|^2, f the maps of ``randconv-v1``, over positions and
    channels.

    Unlike pixels, the maps at half and at a quarter of the size tolerate small displacements. The kernels are random,
    so the distance knows no classes and suits any images: a judge of classes that is used elsewhere is not used here.
    """

    def __init__(self, targets: Tensor) -> None:
        """Args:
        targets: (N, C, H, W) in [-1, 1], C of 1 or 3; the y of :meth:`__call__`.
        """
        self._kernels = kernels_on(targets.device)
        with torch.no_grad():
            self._targets = self._maps(targets)

    def __call__(self, images: Tensor, rows: Tensor) -> Tensor:
        """(M, C, H, W) in [-1, 1] and, for each, the row of its target (M,) -> (M,) distances >= 0, differentiable
        in the images.
        """
        parts = []
        for maps, targets in zip(self._maps(images), self._targets, strict=True):
            wanted = targets[rows]
            size = wanted.square().flatten(1).mean(1).clamp_min(1e-8)
            parts.append((maps - wanted).square().flatten(1).mean(1) / size)
        return torch.stack(parts).mean(0)

    def _maps(self, images: Tensor) -> list[Tensor]:
        now, maps = images.float().expand(-1, 3, -1, -1), []
        for kernel in self._kernels:
            now = relu(conv2d(now, kernel, padding="same"))
            maps.append(now)
            now = avg_pool2d(now, 2)
        return maps


@cache
def kernels_on(device: torch.device) -> list[Tensor]:
    """The kernels of ``randconv-v1`` on a device."""
    with torch.inference_mode(False):
        return [torch.from_numpy(kernel).to(device) for kernel in randconv_weights()]


class FeatureLoss:
    """weight E d(G(y), x), d as :class:`Perceptual`: a term of image-to-image games (Johnson, Alahi, Fei-Fei 2016,
    https://arxiv.org/abs/1603.08155).
    """

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def __call__(self, images: Tensor, targets: Tensor) -> Tensor:
        """(N, C, H, W) twice -> scalar, differentiable in the images."""
        rows = torch.arange(len(images), device=images.device)
        return self.weight * Perceptual(targets)(images, rows).mean()
