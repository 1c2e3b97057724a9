"""Discriminator outputs for a real and a fake batch, computed once and shared by the loss and the penalties."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from gannet.networks.base import Discriminator
from gannet.regularizers.base import Penalty
from gannet.types import Batch, DiscriminatorOutput, Inputs


class Scorer:
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
    ) -> None:
        self.discriminator = discriminator
        self.real, self.fake = real, fake
        self.real_labels, self.fake_labels = real_labels, fake_labels
        self._logits: dict[int, Tensor] = {}

    def differentiate(self, penalties: nn.ModuleList) -> None:
        """Enable gradients of the inputs that the penalties differentiate. Call before :meth:`both`."""
        for side in {side for penalty in _penalties(penalties) for side in penalty.differentiates}:
            for tensor in self.real if side == "real" else self.fake:
                tensor.requires_grad_()

    def both(self) -> tuple[DiscriminatorOutput, DiscriminatorOutput]:
        """Outputs for reals and fakes: one joint forward pass if samples are independent, otherwise one pass for each."""
        if self.discriminator.rows_independent:
            together = tuple(torch.cat([r, f]) for r, f in zip(self.real, self.fake, strict=True))
            labels = None
            if self.real_labels is not None and self.fake_labels is not None:
                labels = torch.cat([self.real_labels, self.fake_labels])
            real, fake = _split(self.discriminator(*together, labels=labels), len(self.real[0]))
        else:
            real = self.discriminator(*self.real, labels=self.real_labels)
            fake = self.discriminator(*self.fake, labels=self.fake_labels)
        self._logits = {id(self.real[0]): real.logits, id(self.fake[0]): fake.logits}
        return real, fake

    def penalty_terms(self, penalties: nn.ModuleList, batch: Batch) -> dict[str, Tensor]:
        """The terms of all penalties that apply in this step, by class name. Call after :meth:`both`."""
        terms = {type(p).__name__: p.term(self, self.real, self.fake, batch) for p in _penalties(penalties)}
        return {name: term for name, term in terms.items() if term is not None}

    def __call__(self, inputs: Inputs) -> Tensor:
        """Logits of any inputs, from the cache for the batches of the turn. Other inputs use the labels of the reals."""
        known = self._logits.get(id(inputs[0]))
        return known if known is not None else self.discriminator(*inputs, labels=self.real_labels).logits


def _penalties(modules: nn.ModuleList) -> Iterable[Penalty]:
    return (module for module in modules if isinstance(module, Penalty))


def _split(score: DiscriminatorOutput, count: int) -> tuple[DiscriminatorOutput, DiscriminatorOutput]:
    """The first ``count`` samples and the rest, in every field."""
    parts = (slice(None, count), slice(count, None))
    first, rest = (DiscriminatorOutput(**{name: value[part] for name, value in vars(score).items() if value is not None}) for part in parts)
    return first, rest


def random_labels(batch: Batch, num_classes: int) -> Tensor | None:
    """(N,) uniformly random class labels from the batch's random generator, or None without classes."""
    if num_classes == 0:
        return None
    return torch.randint(num_classes, (batch.size,), generator=batch.rng, device=batch.real.device)


def feature_distance(real: Tensor | None, fake: Tensor | None) -> Tensor:
    """|mean of the real features - mean of the fake features|^2, (N, F) and (M, F) -> scalar."""
    assert real is not None
    assert fake is not None
    return (real.float().mean(0) - fake.float().mean(0)).square().sum()
