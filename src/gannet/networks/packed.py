"""A discriminator that judges several samples at once."""

from __future__ import annotations

from torch import Tensor

from gannet.errors import UserError
from gannet.networks.base import Discriminator
from gannet.types import DiscriminatorOutput


class PackedDiscriminator(Discriminator):
    """m samples of one batch side by side, one score for the pack: PacGAN.

    Lin, Khetan, Fanti, Oh 2018, section 2, https://arxiv.org/abs/1712.04086: a generator without some of the modes gives packs
    that lack variety, which is far easier to see than in single samples. Samples lie side by side along their first axis:
    points (2,) become (2m,), pictures (C, H, W) become (mC, H, W), and nothing else of the discriminator changes.

    In training mode N rows give N / m scores: rows 0 ... m-1 are the first pack. In evaluation mode each row is packed with
    itself, so that any N rows give N scores. The optimal score of a pack is the sum of the log density ratios of its members;
    that of a sample packed with itself is m times its own, with the same sign.
    """

    def __init__(self, discriminator: Discriminator, shape: tuple[int, ...], pack: int) -> None:
        """Args:
        discriminator: of packs, made for :func:`packed_shape`.
        shape: of one sample.
        pack: m, samples side by side.
        """
        assert discriminator.shape == packed_shape(shape, pack)
        assert discriminator.num_classes == discriminator.latent_size == 0
        super().__init__()
        self.shape, self.num_classes, self.pack = shape, 0, pack
        self.rows_independent = discriminator.rows_independent and pack == 1
        self.discriminator = discriminator

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        """(N, *shape) -> DiscriminatorOutput of N / m packs in training mode, of N rows in evaluation mode.

        Raises:
            UserError: N is no multiple of m in training mode.
        """
        if self.training:
            check_divisible(len(samples), self.pack)
            packs = samples.reshape(-1, *self.discriminator.shape)  # (N / m, mC, ...)
        else:
            packs = samples.repeat(1, self.pack, *[1] * (samples.dim() - 2))  # (N, mC, ...)
        return self.discriminator(packs)


def packed_shape(shape: tuple[int, ...], pack: int) -> tuple[int, ...]:
    """Of ``pack`` samples side by side along their first axis."""
    return (shape[0] * pack, *shape[1:])


def check_divisible(batch_size: int, pack: int) -> None:
    """Raise a :class:`UserError` where a batch does not divide into packs."""
    if batch_size % pack:
        raise UserError(
            f"A batch of {batch_size} rows does not divide into packs of {pack}; "
            f"set batch_size to a multiple of {pack}, for example {max(1, round(batch_size / pack)) * pack}."
        )
