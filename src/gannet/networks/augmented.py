"""A discriminator that sees augmented samples."""

from __future__ import annotations

import torch
from torch import Tensor

from gannet.augmentations.adaptive import Adaptive
from gannet.augmentations.base import Augmentation
from gannet.networks.base import Discriminator
from gannet.ranks.whole import whole
from gannet.types import DiscriminatorOutput


class Augmented(Discriminator):
    """Augmentation followed by another discriminator in training mode; only the other discriminator in evaluation mode.

    Reals and fakes are augmented in both players' turns, so the inner discriminator is only trained on augmented
    samples. The state of an adaptive augmentation consists of two buffers, so that checkpoints hold it.
    """

    probability: Tensor
    overfitting: Tensor

    def __init__(self, discriminator: Discriminator, augmentation: Augmentation) -> None:
        assert discriminator.latent_size == 0, "pairs are not augmented"
        super().__init__()
        self.shape, self.num_classes = discriminator.shape, discriminator.num_classes
        self.rows_independent = discriminator.rows_independent
        self.discriminator, self.augmentation = discriminator, augmentation
        if isinstance(augmentation, Adaptive):
            self.register_buffer("probability", torch.zeros(()))
            self.register_buffer("overfitting", torch.zeros(()))

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        """(N, *shape), (N,) -> DiscriminatorOutput."""
        # Like dropout, it draws from the default generator, which the trainer seeds for every turn.
        if self.training and isinstance(self.augmentation, Adaptive):
            return self.discriminator(self.augmentation(samples, probability=self.probability), labels)
        return self.discriminator(self.augmentation(samples) if self.training else samples, labels)

    @torch.no_grad()
    def follow(self, real: Tensor, fake: Tensor, *, relative: bool) -> dict[str, Tensor]:
        """Adjust an adaptive augmentation to the logits of a turn of the discriminator, (N,) and (M,).

        ``relative`` says that only differences of logits are meaningful. Returns the new state by name, to be recorded;
        nothing for other augmentations.
        """
        if not isinstance(self.augmentation, Adaptive):
            return {}
        state = self.probability, self.overfitting
        real, fake = whole(real.detach().flatten()), whole(fake.detach().flatten())
        probability, overfitting = self.augmentation.next_state(*state, real, fake, relative=relative)
        self.probability.copy_(probability)
        self.overfitting.copy_(overfitting)
        return {"augmentation_probability": probability, "augmentation_sign": overfitting}
