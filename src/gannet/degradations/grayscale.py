"""Remove the colours: the game learns to colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from gannet.degradations.base import LUMA, Degradation, luminance
from gannet.errors import UserError


@dataclass(frozen=True)
class Grayscale(Degradation):
    """The luminance Y = 0.299 R + 0.587 G + 0.114 B; the network gives the two chroma channels only (colouring).

    Zhang, Isola, Efros 2016, https://arxiv.org/abs/1603.08511, predict chroma too. The luminance of the input is kept
    exactly: colours outside the gamut move towards grey at equal Y, and so never change it. Chroma is B - Y and R - Y
    over their largest values (BT.601).
    """

    trivial_name: ClassVar[str] = "grey"

    def require(self, shape: tuple[int, ...]) -> None:
        """Colour images only.

        Raises:
            UserError: grey images.
        """
        if shape[0] != 3:
            raise UserError(
                "degradation=grayscale needs colour images, and these are grey. Use another degradation, such as "
                "blur, or data.channels=3."
            )

    def input_channels(self, channels: int) -> int:
        """1: the luminance."""
        return 1

    def output_channels(self, channels: int) -> int:
        """2: the chroma."""
        return 2

    def __call__(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """(N, 3, H, W) -> (N, 1, H, W)."""
        return luminance(images)

    def of_file(self, image: Tensor, alpha: Tensor | None) -> Tensor:
        """The luminance of a grey or colour image."""
        return luminance(image)

    def restore(self, output: Tensor, inputs: Tensor) -> Tensor:
        """(N, 2, H, W) chroma in [-1, 1] and (N, 1, H, W) luminance -> (N, 3, H, W)."""
        red, green, blue = LUMA
        blue_less, red_less = output[:, :1] * (2 * (1 - blue)), output[:, 1:] * (2 * (1 - red))  # B - Y, R - Y
        green_less = -(red * red_less + blue * blue_less) / green
        away = torch.cat([red_less, green_less, blue_less], dim=1)  # (N, 3, H, W) with luminance 0
        # The largest share of `away` that keeps every channel in [-1, 1].
        room = torch.where(away > 0, 1 - inputs, 1 + inputs)
        share = (room / away.abs().clamp_min(1e-6)).amin(1, keepdim=True).clamp(0, 1)
        return inputs + share * away

    def trivial(self, inputs: Tensor, channels: int) -> Tensor:
        """The grey image."""
        return inputs.expand(-1, channels, -1, -1)

    def contradiction(self, images: Tensor, inputs: Tensor) -> Tensor:
        """Of the luminance."""
        return (luminance(images) - inputs).abs().flatten(1).mean(1)
