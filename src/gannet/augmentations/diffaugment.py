"""DiffAugment: colour, translation and cutout, differentiable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from gannet.augmentations.base import Augmentation, cut, num_centres, random_shifts, shifted
from gannet.errors import UserError


@dataclass(frozen=True)
class DiffAugment(Augmentation):
    """Random colour, then translation, then cutout of images (N, C, H, W).

    Zhao et al. 2020, https://arxiv.org/abs/2006.10738. The discriminator sees only augmented images, real and
    generated, so that it cannot memorise few images. The generator's turn differentiates through the augmentation, so
    that the generator does not learn to make augmented images. As in the paper, colour can move values out of [-1, 1].
    """

    color: bool = True
    """Brightness by -.5 to .5, saturation by a factor of 0 to 2, contrast by a factor of .5 to 1.5."""
    translation: Annotated[float, Field(ge=0, lt=1)] = 0.125
    """Largest shift in each direction as a share of the side; new pixels are 0 (grey). 0 disables it."""
    cutout: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Side of a square set to 0, as a share of the image side; its centre is uniform in the image. 0 disables it."""

    def __call__(self, samples: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W).

        Raises:
            UserError: the samples are not images.
        """
        if samples.dim() != 4:
            raise UserError(
                "The augmentation 'diffaugment' changes images, and these samples are points; use instance-noise."
            )
        if self.color:
            samples = _recoloured(samples, rng)
        if self.translation:
            samples = shifted(samples, *random_shifts(samples, self.translation, rng))
        return _cut(samples, self.cutout, rng) if self.cutout else samples


def _recoloured(images: Tensor, rng: torch.Generator | None) -> Tensor:
    brightness, saturation, contrast = (
        # One length counts the samples of all three, as in every draw of a turn.
        torch.rand(3 * len(images), 1, 1, 1, generator=rng, device=images.device).view(3, -1, 1, 1, 1)
    )
    images = images + (brightness - 0.5)
    grey = images.mean(1, keepdim=True)
    images = grey + 2 * saturation * (images - grey)
    mean = images.mean((1, 2, 3), keepdim=True)
    return mean + (contrast + 0.5) * (images - mean)


def _cut(images: Tensor, share: float, rng: torch.Generator | None) -> Tensor:
    places = [num_centres(side, share) for side in images.shape[2:]]
    down, right = (torch.randint(n, images.shape[:1], generator=rng, device=images.device) for n in places)
    return cut(images, share, down, right)
