"""Cut holes: the game learns inpainting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from gannet.degradations.base import Degradation, constant, places, segment_distances
from gannet.errors import UserError

STROKES = 3
"""Straight parts of a stroke."""


@dataclass(frozen=True)
class Mask(Degradation):
    """A hole in every image, a box or a bent stroke, with ``share`` of the pixels; the input has a channel that marks
    it.

    Pathak et al. 2016 (context encoders), https://arxiv.org/abs/1604.07379. Pixels of the hole are 0 (grey) in the
    input. The last channel is 1 where pixels are known and -1 in the hole. Known pixels are pasted back into the
    output.
    """

    kind: Literal["boxes", "strokes"] = "boxes"
    """Shape of the holes."""
    share: Annotated[float, Field(ge=0.01, le=0.9)] = 0.25
    """Share of the pixels in the hole."""

    trivial_name: ClassVar[str] = "mean fill"
    fills_transparency: ClassVar[bool] = True

    def input_channels(self, channels: int) -> int:
        """One more: which pixels are known."""
        return channels + 1

    def __call__(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """(N, C, H, W) -> (N, C + 1, H, W)."""
        return _marked(images, self.known(images, rng))

    def known(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """(N, 1, H, W) True where pixels stay."""
        count, _, height, width = images.shape
        side = constant((float(height), float(width)), images)
        grid = places(height, width, images.device)
        if self.kind == "boxes":
            # The box lies inside; its aspect ratio is that of the image times 4/9 to 9/4.
            aspect = 1.5 ** (2 * torch.rand(count, 1, generator=rng, device=images.device) - 1)
            half = torch.cat([aspect, 1 / aspect], dim=1) * side * self.share**0.5 / 2
            centre = (
                half + torch.rand(count, 2, generator=rng, device=images.device) * (side - 2 * half).clamp_min(0) - 0.5
            )
            known = ((grid[None] - centre[:, None]).abs() > half[:, None]).any(2)
        else:
            corners = torch.rand(count, STROKES + 1, 2, generator=rng, device=images.device) * side
            parts = [segment_distances(grid, corners[:, i], corners[:, i + 1]) for i in range(STROKES)]
            distance = torch.stack(parts).amin(0)
            # The stroke is as thick as it takes.
            hole = max(1, round(self.share * height * width))
            known = distance > distance.kthvalue(hole, dim=1, keepdim=True).values
        return known.view(count, 1, height, width)

    def of_file(self, image: Tensor, alpha: Tensor | None) -> Tensor:
        """Pixels with less than full opacity are the hole.

        Raises:
            UserError: an opaque image.
        """
        if alpha is None or bool((alpha >= 1).all()):
            raise UserError(
                "has no transparent pixels, so there is nothing to fill in: erase the part to be filled in and save "
                "it as PNG."
            )
        return _marked(image, alpha >= 1)

    def restore(self, output: Tensor, inputs: Tensor) -> Tensor:
        """The output in the hole, the input's pixels elsewhere."""
        return torch.where(inputs[:, -1:] > 0, inputs[:, :-1], output)

    def trivial(self, inputs: Tensor, channels: int) -> Tensor:
        """The hole filled with the mean colour of the known pixels."""
        known = (inputs[:, -1:] > 0).to(inputs.dtype)
        mean = (inputs[:, :-1] * known).sum((2, 3), keepdim=True) / known.sum((2, 3), keepdim=True).clamp_min(1)
        return torch.where(inputs[:, -1:] > 0, inputs[:, :-1], mean)

    def contradiction(self, images: Tensor, inputs: Tensor) -> Tensor:
        """Of the known pixels."""
        known = (inputs[:, -1:] > 0).to(images.dtype)
        return ((images - inputs[:, :-1]).abs() * known).flatten(1).mean(1)


def _marked(images: Tensor, known: Tensor) -> Tensor:
    shown = known.to(images.dtype)
    return torch.cat([images * shown, 2 * shown - 1], dim=1)
