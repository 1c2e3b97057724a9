"""Scores of a real and a fake batch, computed once and shared by the loss and the penalties."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from gannet.networks.base import Discriminator
from gannet.types import Batch, Inputs


class Scorer:
    """A score function that remembers the two batches of the turn.

    R1 and R2 differentiate the same forward pass that the loss uses, so they cost a backward pass and not a forward one.
    """

    def __init__(
        self, discriminator: Discriminator, real: Inputs, fake: Inputs, real_labels: Tensor | None, fake_labels: Tensor | None
    ) -> None:
        self.discriminator = discriminator
        self.real, self.fake = real, fake
        self.real_labels, self.fake_labels = real_labels, fake_labels
        self._logits: dict[int, Tensor] = {}

    def differentiate(self, sides: Iterable[str]) -> None:
        """Make the named sides require a gradient; to be called before scoring."""
        for side in sides:
            for tensor in self.real if side == "real" else self.fake:
                tensor.requires_grad_()

    def both(self) -> tuple[Tensor, Tensor]:
        """Logits of reals and fakes. One forward pass where rows do not influence each other, two where they do."""
        real, fake = self.real, self.fake
        if self.discriminator.rows_independent:
            together = tuple(torch.cat([r, f]) for r, f in zip(real, fake, strict=True))
            labels = None
            if self.real_labels is not None and self.fake_labels is not None:
                labels = torch.cat([self.real_labels, self.fake_labels])
            real_logits, fake_logits = self.discriminator(*together, labels=labels).logits.split([len(real[0]), len(fake[0])])
        else:
            real_logits = self.discriminator(*real, labels=self.real_labels).logits
            fake_logits = self.discriminator(*fake, labels=self.fake_labels).logits
        self._logits = {id(real[0]): real_logits, id(fake[0]): fake_logits}
        return real_logits, fake_logits

    def __call__(self, inputs: Inputs) -> Tensor:
        """Logits of any inputs; remembered ones for the turn's own batches. New inputs take the reals' labels."""
        known = self._logits.get(id(inputs[0]))
        return known if known is not None else self.discriminator(*inputs, labels=self.real_labels).logits


def random_labels(batch: Batch, num_classes: int) -> Tensor | None:
    """(N,) labels drawn uniformly from the batch's generator, or None where there are no classes."""
    if num_classes == 0:
        return None
    return torch.randint(num_classes, (batch.size,), generator=batch.rng, device=batch.real.device)
