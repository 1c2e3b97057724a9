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
    """Divides the weight matrix of every linear and convolutional layer by its largest singular value.

    Miyato et al. 2018, https://arxiv.org/abs/1802.05957. The singular value is estimated by power iteration on the
    kernel flattened to (out, in * height * width), in every forward pass of the discriminator's turn.
    """

    iterations: Annotated[int, Field(ge=1, le=1_000)] = 1
    """Power iterations per forward pass."""

    def build(self, network: nn.Module) -> None:
        """Parametrize the weight matrices."""
        for layer in list(network.modules()):
            if isinstance(layer, nn.Linear | nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d):
                parametrizations.spectral_norm(layer, n_power_iterations=self.iterations)

    def apply(self, network: nn.Module) -> None:
        """Does nothing: the parametrization applies in every forward pass."""
