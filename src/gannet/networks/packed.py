"""A discriminator that judges several samples at once."""

from __future__ import annotations

from torch import Tensor

from gannet.errors import UserError
from gannet.networks.base import Discriminator
from gannet.types import DiscriminatorOutput


class PackedDiscriminator(Discriminator):
    """One logit for a pack of m samples of a batch: PacGAN.

    Lin, Khetan, Fanti, Oh 2018, section 2, https://arxiv.org/abs/1712.04086: a generator that lacks modes gives packs
    that lack variety, which is easier to detect than in single samples. Samples are concatenated along their first
    axis: points (2,) become (2m,), images (C, H, W) become (mC, H, W). The rest of the discriminator is unchanged.

    In training mode N samples give N / m logits: samples 0 ... m-1 are the first pack. In evaluation mode each sample
    is packed with itself, so that N samples give N logits. The optimal logit of a pack is the sum of the log density
    ratios of its samples. The optimal logit of a sample packed with itself is m times its log density ratio, with the
    same sign.
    """

    def __init__(self, discriminator: Discriminator, shape: tuple[int, ...], pack: int) -> None:
        """Args:
        discriminator: a discriminator of packs, whose shape is :func:`packed_shape`.
        shape: shape of one sample.
        pack: number m of samples in a pack.
        """
        assert discriminator.shape == packed_shape(shape, pack)
        assert discriminator.num_classes == discriminator.latent_size == 0
        super().__init__()
        self.shape, self.num_classes, self.pack = shape, 0, pack
        self.rows_independent = discriminator.rows_independent and pack == 1
        self.discriminator = discriminator

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        """(N, *shape) -> DiscriminatorOutput of N / m packs in training mode, of N samples in evaluation mode.

        Raises:
            UserError: N is not a multiple of m in training mode.
        """
        if self.training:
            check_divisible(len(samples), self.pack)
            packs = samples.reshape(-1, *self.discriminator.shape)  # (N / m, mC, ...)
        else:
            packs = samples.repeat(1, self.pack, *[1] * (samples.dim() - 2))  # (N, mC, ...)
        return self.discriminator(packs)


def packed_shape(shape: tuple[int, ...], pack: int) -> tuple[int, ...]:
    """Shape of ``pack`` samples concatenated along their first axis."""
    return (shape[0] * pack, *shape[1:])


def check_divisible(batch_size: int, pack: int) -> None:
    """Raise a :class:`UserError` if a batch does not divide into packs."""
    if batch_size % pack:
        raise UserError(
            f"A batch of {batch_size} rows does not divide into packs of {pack}; "
            f"set batch_size to a multiple of {pack}, for example {max(1, round(batch_size / pack)) * pack}."
        )
