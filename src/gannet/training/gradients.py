"""What must hold around a backward pass: only the player's weights and statistics move, and only by finite amounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.utils.parametrizations import _SpectralNorm


class Statistics:
    """Layers of a network that change a buffer in every training-mode forward pass."""

    def __init__(self, modules: list[nn.Module]) -> None:
        layers = [layer for module in modules for layer in module.modules()]
        self.norms = [layer for layer in layers if isinstance(layer, _NormBase) and layer.track_running_stats]
        self.spectral = [layer for layer in layers if isinstance(layer, _SpectralNorm)]

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Batch norm still uses the statistics of the batch but does not remember them; power iteration pauses.

        Otherwise the generator's running averages would be moved by the discriminator's turn.
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
    """One pass over all gradients; synchronises the GPU. A sum is not finite when a part is not, and is the cheapest look."""
    sums = [w.grad.sum() for w in weights if w.grad is not None]
    return bool(torch.stack(sums).sum().isfinite()) if sums else True
