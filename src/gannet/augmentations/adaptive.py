"""Adaptive augmentation (ADA): as much augmentation as the discriminator's overfitting needs."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from gannet.augmentations.base import Augmentation, cut, num_centres, warped
from gannet.errors import UserError

DECAY = 0.9
"""Share of the running mean of r that is kept at every turn of the discriminator."""
NUM_DRAWS = 16
"""Uniform numbers per image."""


@dataclass(frozen=True)
class Adaptive(Augmentation):
    """Random shift, scale, rotation, brightness, contrast, saturation and cutout of images, each with probability p.

    ADA, Karras et al. 2020, https://arxiv.org/abs/2006.06676: p starts at 0. After every turn of D it moves by N /
    ``ramp``, up if r > ``target`` and down otherwise, N being the number of reals of the turn, and stays in [0,
    ``most``]. r measures overfitting, from 0 (none) to 1; it is a running mean over about ten turns. Each change is
    drawn separately for every image and leaves it unchanged with probability 1 - p, so that the distribution of the
    data can be inferred from that of the augmented images (section 3.1): the generator does not learn the changes.

    r = E sign(D(x)) over the reals (eq. 1), if zero separates real from fake. A relativistic loss has no zero; there,
    r = E sign(D(x) - D(G(z))) over all pairs of a real and a fake of the turn, so the reals win a share of (1 + r) / 2
    of the pairs. This needs no held-out images, which few images cannot spare. It is 0 for a D that cannot distinguish
    them and 1 for one that always can, as the paper's r. It also rises if the fakes are bad.

    Differs from the paper: p can move in every turn instead of every fourth; ``ramp`` is 20,000 images instead of
    500,000, for trainings of 100,000 images instead of 25 million; no mirroring and no quarter turns, which spoil
    digits and letters (``data.flip`` mirrors); isotropic scale only; no hue and no image-space filtering.
    """

    target: Annotated[float, Field(ge=0, lt=1)] = 0.6
    """Value of r that p is adjusted to."""
    ramp: Annotated[int, Field(ge=1, le=10**9)] = 20_000
    """Number of real images in which p can go from 0 to 1."""
    most: Annotated[float, Field(ge=0, le=1)] = 0.8
    """Largest p. Above 0.8 the generator may learn the changes (section 3.1)."""
    translation: Annotated[float, Field(ge=0, lt=1)] = 0.125
    """Largest shift in each direction as a share of the side; images are continued by reflection."""
    scale: Annotated[float, Field(ge=0, le=1)] = 0.2
    """The size changes by a factor between e^-scale and e^scale."""
    rotation: Annotated[float, Field(ge=0, le=180)] = 20.0
    """Largest rotation in degrees."""
    color: bool = True
    """Brightness by -.5 to .5, contrast by a factor of .5 to 1.5, saturation by a factor of 0 to 2."""
    cutout: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Side of a square set to 0, as a share of the image side; its centre is uniform in the image. 0 disables it."""

    def __call__(
        self, samples: Tensor, rng: torch.Generator | None = None, probability: Tensor | float = 1.0
    ) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); ``probability`` is p. With p = 0 the images are unchanged.

        Raises:
            UserError: the samples are not images.
        """
        if samples.dim() != 4:
            raise UserError("The augmentation 'adaptive' changes images, and these samples are points.")
        count = len(samples)
        # One draw, whose length is a multiple of the samples of the turn.
        drawn = torch.rand(NUM_DRAWS * count, generator=rng, device=samples.device).view(NUM_DRAWS, count)
        is_on = iter((drawn[:7] < probability).float())
        centred = iter(2 * drawn[7:] - 1)  # uniform in [-1, 1]

        shifts_on = next(is_on)
        down, right = (self.translation * side * shifts_on * next(centred) for side in samples.shape[2:])
        zoom = (self.scale * next(is_on) * next(centred)).exp()
        angle = self.rotation * pi / 180 * next(is_on) * next(centred)
        images = warped(samples, down, right, zoom, angle)
        brightness, contrast, saturation = (
            ((next(is_on) * next(centred)).to(images.dtype))[:, None, None, None] for _ in range(3)
        )
        if self.color:
            images = images + brightness / 2
            mean = images.mean((1, 2, 3), keepdim=True)
            images = images + contrast / 2 * (images - mean)
            images = images + saturation * (images - images.mean(1, keepdim=True))
        if not self.cutout:
            return images
        places = [num_centres(side, self.cutout) for side in images.shape[2:]]
        row, column = ((drawn[14 + axis] * number).long() for axis, number in enumerate(places))
        return cut(images, self.cutout, row, column, next(is_on) > 0)

    def next_state(
        self, probability: Tensor, overfitting: Tensor, real: Tensor, fake: Tensor, *, relative: bool
    ) -> tuple[Tensor, Tensor]:
        """P and the running mean of r after a turn of D with these logits of the whole batch, (N,) and (M,).

        ``relative`` says that only differences of logits are meaningful.
        """
        signs = (real[:, None] - fake).sign() if relative else real.sign()
        overfitting = overfitting.lerp(signs.mean().to(overfitting.dtype), 1 - DECAY)
        move = (overfitting - self.target).sign() * (len(real) / self.ramp)
        return (probability + move).clamp(0.0, self.most), overfitting
