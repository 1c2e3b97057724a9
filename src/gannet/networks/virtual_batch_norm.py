"""Virtual batch normalisation: statistics of one batch fixed before training."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gannet.networks.base import Generator


class VirtualBatchNorm(nn.Module):
    """Normalises every sample by the statistics of the reference batch together with that sample.

    Salimans et al. 2016, section 3.5, https://arxiv.org/abs/1606.03498. The first R = ``reference_rows`` samples of the
    input are the reference batch, which is normalised by its own statistics. The moments of a sample are over its
    pixels; the sample has weight 1/(R + 1) and the reference R/(R + 1).
    """

    def __init__(self, norm: nn.BatchNorm1d | nn.BatchNorm2d, reference_rows: int) -> None:
        """Args:
        norm: the layer to replace; gain, bias and epsilon are taken from it.
        reference_rows: number R of samples in the reference batch.
        """
        super().__init__()
        self.weight, self.bias, self.eps = norm.weight, norm.bias, norm.eps
        self.reference_rows = reference_rows

    def forward(self, values: Tensor) -> Tensor:
        """(R + N, F) or (R + N, F, H, W) -> the same."""
        rows = values.float()
        pixels = tuple(range(2, values.dim()))
        means, squares = (
            t.mean(pixels, keepdim=True) if pixels else t for t in (rows, rows.square())
        )  # (R + N, F, 1, 1)
        mean, square = (self.with_reference(t) for t in (means, squares))
        shape = (-1, *[1] * len(pixels))
        scale = self.weight.view(shape) * (square - mean.square()).clamp(min=0).add(self.eps).rsqrt()
        return torch.addcmul(self.bias.view(shape) - mean * scale, rows, scale).to(values.dtype)

    def with_reference(self, moments: Tensor) -> Tensor:
        """(R + N, ...): the mean of the reference for its own samples, mixed with the sample's own moment for the
        others.
        """
        count = self.reference_rows
        reference = moments[:count].mean(0, keepdim=True)
        others = (count * reference + moments[count:]) / (count + 1)
        return torch.cat([reference.expand_as(moments[:count]), others])


class VirtualBatchNormGenerator(Generator):
    """A generator with virtual batch norm; the reference is a batch of latents drawn before training.

    The reference passes through the network with every batch, also in evaluation mode. So a sample never depends on the
    other samples of its batch, and there are no running statistics. The reference is a buffer in every checkpoint.
    """

    reference: Tensor

    def __init__(self, generator: Generator, reference: Tensor) -> None:
        """Args:
        generator: unconditional; its batch norms are replaced in place.
        reference: (R, latent_size) latents.
        """
        assert generator.num_classes == 0, "the reference batch has no labels"
        super().__init__()
        self.latent_size, self.shape, self.num_classes = generator.latent_size, generator.shape, 0
        for parent in list(generator.modules()):
            for name, child in list(parent.named_children()):
                if isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d):
                    setattr(parent, name, VirtualBatchNorm(child, len(reference)))
        self.generator = generator
        self.register_buffer("reference", reference.detach().clone())

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent_size) -> (N, *shape)."""
        return self.generator(torch.cat([self.reference, latents]))[len(self.reference) :]
