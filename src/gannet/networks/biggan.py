"""The class-conditional generator of BigGAN: the class label and parts of the latent act on every batch norm."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod

import torch
from torch import Tensor, nn

from gannet.networks.attention import SelfAttention
from gannet.networks.base import Generator, doublings
from gannet.networks.resnet import UpBlock, image_layers


class ConditionalBatchNorm(nn.Module):
    """(1 + A c) (x - m) / s + B c, with the mean m and standard deviation s of the batch; c is a vector per sample.

    Dumoulin, Shlens, Kudlur 2017, https://arxiv.org/abs/1610.07629; de Vries et al. 2017,
    https://arxiv.org/abs/1707.00683. A and B are linear without a bias.
    """

    def __init__(self, channels: int, condition_size: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gains = nn.Linear(condition_size, channels, bias=False)
        self.biases = nn.Linear(condition_size, channels, bias=False)

    def forward(self, maps: Tensor, condition: Tensor) -> Tensor:
        """(N, channels, h, w), (N, condition_size) -> (N, channels, h, w)."""
        gains, biases = (layer(condition).to(maps.dtype)[:, :, None, None] for layer in (self.gains, self.biases))
        return torch.addcmul(biases, self.norm(maps), 1 + gains)


class BigGANGenerator(Generator):
    """The first part of z -> h*w*width -> residual blocks, each normalised by its part of z and the class -> BN ReLU
    conv3x3 tanh.

    Brock, Donahue, Simonyan 2019, appendix B, https://arxiv.org/abs/1809.11096: z is split into equal parts, one for
    the first layer and one per block. One embedding of the class is shared by all batch norms. All layers start
    orthogonal, as in the paper; the embedding starts as N(0, 1), so that the class is as strong as z from the start.
    The paper also normalises G's layers by their largest singular value. That is left out: the averaged
    generator would need the singular values of averaged parameters. With ``attention`` a layer of self-attention
    precedes the last block, at half the size of the image.
    """

    def __init__(
        self,
        latent_size: int,
        shape: tuple[int, ...],
        *,
        num_classes: int,
        width: int,
        embedding_size: int = 64,
        attention: bool = False,
    ) -> None:
        """Args:
        latent_size: length of z, which is split.
        shape: (C, H, W) of an image.
        num_classes: number of classes.
        width: channels of every block.
        embedding_size: length of the embedding of a class; the paper's is 128.
        attention: whether there is a layer of self-attention.
        """
        super().__init__()
        self.latent_size, self.shape, self.num_classes = latent_size, shape, num_classes
        *self.base, times = doublings(shape, 4, 7, "biggan")
        self.sizes = [len(part) for part in torch.arange(latent_size).tensor_split(times + 1)]
        self.embedding = nn.Embedding(num_classes, embedding_size)
        self.stem = nn.Linear(self.sizes[0], prod(self.base) * width)
        norms: list[Callable[[int], nn.Module]] = [
            partial(ConditionalBatchNorm, condition_size=size + embedding_size) for size in self.sizes[1:]
        ]
        self.blocks = nn.ModuleList(UpBlock(width, width, norm) for norm in norms)
        self.attention = SelfAttention(width) if attention else nn.Identity()
        self.last = image_layers(width, shape[0])
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.orthogonal_(layer.weight)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent_size), (N,) -> (N, C, H, W)."""
        if labels is None:
            raise ValueError("A class-conditional network needs labels.")
        first, *parts = latents.split(self.sizes, dim=1)
        maps, classes = self.stem(first).unflatten(1, (-1, *self.base)), self.embedding(labels)
        for position, (block, part) in enumerate(zip(self.blocks, parts, strict=True), 1):
            if position == len(parts):
                maps = self.attention(maps)
            maps = block(maps, torch.cat([part, classes], dim=1))
        return self.last(maps)
