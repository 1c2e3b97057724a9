"""Codes that a generator is given beside its noise, and what it costs to read them back wrongly."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot


@dataclass(frozen=True)
class Codes:
    """One categorical code, uniform, as a one-hot vector, and continuous codes, uniform in [-1, 1]."""

    categories: Annotated[int, Field(ge=2)] = 10
    """Number of categories."""
    continuous: Annotated[int, Field(ge=0)] = 2
    """Number of continuous codes."""

    @property
    def size(self) -> int:
        """Length of the codes as the generator sees them."""
        return self.categories + self.continuous

    @property
    def reading_size(self) -> int:
        """Length of a reading: category logits, then a mean and a log variance for each continuous code."""
        return self.categories + 2 * self.continuous

    def draw(self, count: int, rng: torch.Generator) -> Tensor:
        """(count, size)."""
        category = torch.randint(self.categories, (count,), generator=rng, device=rng.device)
        values = torch.rand(count, self.continuous, generator=rng, device=rng.device) * 2 - 1
        return torch.cat([one_hot(category, self.categories).float(), values], dim=1)

    def category_error(self, reading: Tensor, codes: Tensor) -> Tensor:
        """-E log Q(category), the cross-entropy in nats: (N, reading_size), (N, size) -> scalar."""
        return cross_entropy(reading[:, : self.categories], codes[:, : self.categories].argmax(1))

    def continuous_error(self, reading: Tensor, codes: Tensor) -> Tensor:
        """-E log Q of the continuous codes, Gaussians with the read means and variances, in nats summed over codes."""
        mean, log_variance = reading[:, self.categories :].chunk(2, dim=1)
        return gaussian_surprise(mean, log_variance.clamp(-6, 6), codes[:, self.categories :]).sum(1).mean()

    def names(self) -> tuple[str, ...]:
        """``category``, then ``continuous 1`` and so on."""
        return ("category", *(f"continuous {i + 1}" for i in range(self.continuous)))

    def moved(self, codes: Tensor, code: int, share: Tensor) -> Tensor:
        """(N, size) with one code of :meth:`names` set: share 0 is its first value and 1 its last, (N,) in [0, 1]."""
        codes = codes.clone()
        if code == 0:
            category = (share * self.categories).long().clamp(max=self.categories - 1)
            codes[:, : self.categories] = one_hot(category, self.categories).to(codes.dtype)
        else:
            codes[:, self.categories + code - 1] = share * 2 - 1
        return codes


def gaussian_surprise(mean: Tensor, log_variance: Tensor, value: Tensor) -> Tensor:
    """-log N(value; mean, exp(log_variance)) in nats, elementwise."""
    return 0.5 * (log(2 * pi) + log_variance + (value - mean).square() * (-log_variance).exp())
