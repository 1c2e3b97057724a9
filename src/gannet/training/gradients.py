"""Guards of a backward pass: only the player's parameters and statistics change, and gradients are finite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from math import isfinite

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.utils.parametrizations import _SpectralNorm


class Statistics:
    """The layers of networks that update buffers in every forward pass in training mode."""

    def __init__(self, modules: list[nn.Module]) -> None:
        layers = [layer for module in modules for layer in module.modules()]
        self.norms = [layer for layer in layers if isinstance(layer, _NormBase) and layer.track_running_stats]
        self.spectral = [layer for layer in layers if isinstance(layer, _SpectralNorm)]

    def frozen(self) -> AbstractContextManager[None]:
        """Inside, batch norm uses the statistics of the batch but does not record them, and power iteration pauses.

        Otherwise the discriminator's turn would change the generator's running statistics.
        """
        return self._frozen() if self.norms or self.spectral else nullcontext()

    @contextmanager
    def _frozen(self) -> Iterator[None]:
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


def are_finite(total: Tensor, weights: Sequence[Tensor]) -> bool:
    """Whether a loss and all gradients are finite. One number is read, which synchronises the GPU once. The sum is the
    cheapest test: it is not finite if a part is not.
    """
    sums = [weight.grad.sum() for weight in weights if weight.grad is not None]
    return isfinite(torch.stack([total.detach().to(sums[0]), *sums]).sum().item() if sums else total.item())
