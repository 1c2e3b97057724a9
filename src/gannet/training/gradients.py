"""Guards of a backward pass: only the player's parameters and statistics change, and gradients are finite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.utils.parametrizations import _SpectralNorm


class Statistics:
    """The layers of networks that update buffers in every forward pass in training mode."""

    def __init__(self, modules: list[nn.Module]) -> None:
        layers = [layer for module in modules for layer in module.modules()]
        self.norms = [layer for layer in layers if isinstance(layer, _NormBase) and layer.track_running_stats]
        self.spectral = [layer for layer in layers if isinstance(layer, _SpectralNorm)]

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Inside, batch norm uses the statistics of the batch but does not record them, and power iteration pauses.

        Otherwise the discriminator's turn would change the generator's running statistics.
        """
        for norm in self.norms:
            norm.track_running_stats = False
        for layer in self.spectral:
            layer.training = False
        try:
            yield
        finally:
            for norm in self.norms:
                norm.track_running_stats = True
            for layer in self.spectral:
                layer.training = True


def gradients_are_finite(weights: Sequence[torch.Tensor]) -> bool:
    """One pass over all gradients, which synchronises the GPU. The sum is the cheapest test: it is not finite if a
    part is not.
    """
    sums = [w.grad.sum() for w in weights if w.grad is not None]
    return bool(torch.stack(sums).sum().isfinite()) if sums else True
