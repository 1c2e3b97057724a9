"""Spectral normalisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field
from torch import nn
from torch.nn.utils import parametrizations

from gannet.regularizers.base import Constraint


@dataclass(frozen=True)
class SpectralNorm(Constraint):
    """Every linear and convolutional weight is divided by its largest singular value.

    Miyato et al. 2018, https://arxiv.org/abs/1802.05957. The singular value is followed by power iteration, one step per
    forward pass of the discriminator's own turn, on the kernel flattened to (out, in * height * width).
    """

    iterations: Annotated[int, Field(ge=1)] = 1
    """Power iterations per forward pass."""

    def build(self, network: nn.Module) -> None:
        """Replaces the weights by parametrized ones."""
        for layer in list(network.modules()):
            if isinstance(layer, nn.Linear | nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d):
                parametrizations.spectral_norm(layer, n_power_iterations=self.iterations)

    def apply(self, network: nn.Module) -> None:
        """Nothing to do: the parametrization holds at every forward pass."""
