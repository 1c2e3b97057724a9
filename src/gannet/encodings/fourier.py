"""The coordinates and random Fourier features on several scales."""

from __future__ import annotations

from math import pi
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from gannet.encodings.base import Encoding
from gannet.seeding import torch_rng

_POWERS = tuple(float(2**k) for k in range(8))


class Fourier(Encoding):
    """x -> [x, a_k cos(w.x), a_k sin(w.x)], w ~ N(0, s_k^2 I) for every scale s_k, a_k = s_k^(-decay).

    A plain network learns high frequencies slowly (Tancik et al. 2020, https://arxiv.org/abs/2006.10739). A single
    scale requires a guess of the sharpness of the data. Log-spaced scales with falling amplitudes work for broad and
    sharp data: short wavelengths resolve a mode with a hundredth of the width of the data, and the discriminator stays
    smooth where the data are smooth.
    """

    def __init__(
        self,
        scales: tuple[Annotated[float, Field(gt=0)], ...] = _POWERS,
        per_scale: Annotated[int, Field(ge=1, le=4_096)] = 16,
        decay: Annotated[float, Field(ge=0)] = 0.75,
    ) -> None:
        """Args:
        scales: standard deviations of the frequencies, in radians per standardised unit.
        per_scale: number of frequencies of each scale.
        decay: how fast the amplitude falls with the scale.
        """
        super().__init__()
        rng = torch_rng(0, "fourier")
        frequencies = torch.cat([s * torch.randn(2, per_scale, generator=rng) for s in scales], dim=1)
        amplitudes = torch.cat([torch.full((per_scale,), s**-decay) for s in scales])
        # cos(t) = sin(t + pi/2): one sine of everything is one pass over memory.
        self.register_buffer("frequencies", frequencies.repeat(1, 2))
        self.register_buffer("phases", torch.cat([torch.full_like(amplitudes, pi / 2), torch.zeros_like(amplitudes)]))
        self.register_buffer("amplitudes", amplitudes.repeat(2))
        self.size = 2 + self.amplitudes.numel()

    frequencies: Tensor
    phases: Tensor
    amplitudes: Tensor

    def forward(self, points: Tensor) -> Tensor:
        """(N, 2) -> (N, 2 + 2 * scales * per_scale)."""
        waves = torch.addmm(self.phases, points, self.frequencies).sin() * self.amplitudes
        return torch.cat([points, waves], dim=1)
