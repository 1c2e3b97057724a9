"""A discriminator that sees augmented samples."""

from __future__ import annotations

from torch import Tensor

from gannet.augmentations.base import Augmentation
from gannet.networks.base import Discriminator
from gannet.types import DiscriminatorOutput


class Augmented(Discriminator):
    """Augmentation followed by another discriminator in training mode; only the other discriminator in evaluation mode.

    Reals and fakes are augmented in both players' turns, so the inner discriminator is only trained on augmented
    samples.
    """

    def __init__(self, discriminator: Discriminator, augmentation: Augmentation) -> None:
        assert discriminator.latent_size == 0, "pairs are not augmented"
        super().__init__()
        self.shape, self.num_classes = discriminator.shape, discriminator.num_classes
        self.rows_independent = discriminator.rows_independent
        self.discriminator, self.augmentation = discriminator, augmentation

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        """(N, *shape), (N,) -> DiscriminatorOutput."""
        # Like dropout, it draws from the default generator, which the trainer seeds for every turn.
        return self.discriminator(self.augmentation(samples) if self.training else samples, labels)
