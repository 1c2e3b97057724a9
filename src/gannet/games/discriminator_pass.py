"""Discriminator outputs for a real and a fake batch, computed once and shared by the loss and the penalties."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from gannet.networks.base import Discriminator
from gannet.ranks.whole import whole
from gannet.regularizers.base import Penalty, term_name
from gannet.types import Batch, DiscriminatorOutput, Inputs


class DiscriminatorPass:
    """A function from inputs to logits that caches the logits of the two batches of the turn.

    R1 and R2 differentiate the forward pass of the loss. They cost one backward pass and no additional forward pass.
    """

    def __init__(
        self,
        discriminator: Discriminator,
        real: Inputs,
        fake: Inputs,
        real_labels: Tensor | None = None,
        fake_labels: Tensor | None = None,
        *,
        penalties: Iterable[nn.Module] = (),
    ) -> None:
        """Args:
        discriminator: called once on both batches if samples are independent, otherwise once on each.
        real: real samples, and their latents in games on pairs.
        fake: the same of generated samples.
        real_labels: class labels of the reals, if any.
        fake_labels: class labels of the fakes, if any.
        penalties: those of the discriminator's turn; gradients are enabled for the inputs that they differentiate.
        """
        self.discriminator, self.real_labels = discriminator, real_labels
        self.real, self.fake = real, fake
        self.penalties = [penalty for penalty in penalties if isinstance(penalty, Penalty)]
        for side in {side for penalty in self.penalties for side in penalty.differentiates}:
            for tensor in real if side == "real" else fake:
                tensor.requires_grad_()
        self.outputs = self._both(real_labels, fake_labels)
        """The discriminator's outputs for reals and for fakes."""
        self._logits = {id(inputs[0]): output.logits for inputs, output in zip((real, fake), self.outputs, strict=True)}

    def _both(
        self, real_labels: Tensor | None, fake_labels: Tensor | None
    ) -> tuple[DiscriminatorOutput, DiscriminatorOutput]:
        if not self.discriminator.rows_independent:
            return self.discriminator(*self.real, labels=real_labels), self.discriminator(
                *self.fake, labels=fake_labels
            )
        together = tuple(torch.cat([r, f]) for r, f in zip(self.real, self.fake, strict=True))
        labels = None if real_labels is None or fake_labels is None else torch.cat([real_labels, fake_labels])
        return _split(self.discriminator(*together, labels=labels), len(self.real[0]))

    def penalty_terms(self, batch: Batch) -> dict[str, Tensor]:
        """The terms of all penalties that apply in this step."""
        terms = {term_name(penalty): penalty.term(self, self.real, self.fake, batch) for penalty in self.penalties}
        return {name: term for name, term in terms.items() if term is not None}

    def __call__(self, inputs: Inputs) -> Tensor:
        """Logits of any inputs, from the cache for the batches of the turn. Other inputs use the labels of the
        reals.
        """
        known = self._logits.get(id(inputs[0]))
        return known if known is not None else self.discriminator(*inputs, labels=self.real_labels).logits


def _split(output: DiscriminatorOutput, count: int) -> tuple[DiscriminatorOutput, DiscriminatorOutput]:
    """The first ``count`` samples and the rest, in every field."""
    first, rest = {}, {}
    for name, value in vars(output).items():
        if value is not None:
            # Not two slices: the gradient of each would be filled up with zeros, and both added.
            first[name], rest[name] = value.split([count, len(value) - count])
    return DiscriminatorOutput(**first), DiscriminatorOutput(**rest)


def feature_distance(real: Tensor | None, fake: Tensor | None) -> Tensor:
    """|mean of the real features - mean of the fake features|^2, (N, F) and (M, F) -> scalar."""
    assert real is not None
    assert fake is not None
    return (whole(real.float()).mean(0) - whole(fake.float()).mean(0)).square().sum()
