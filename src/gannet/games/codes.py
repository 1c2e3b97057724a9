"""Codes that a generator receives in addition to noise, and the error of reading them back."""

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
        """Length of the code vector at the generator's input."""
        return self.categories + self.continuous

    @property
    def reading_size(self) -> int:
        """Length of a reading: the category logits, then the mean and the log variance of each continuous code."""
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
        """-E log Q of the continuous codes in nats, summed over codes; Q is Gaussian with the means and variances of the reading."""
        mean, log_variance = reading[:, self.categories :].chunk(2, dim=1)
        return gaussian_surprise(mean, log_variance.clamp(-6, 6), codes[:, self.categories :]).sum(1).mean()

    def names(self) -> tuple[str, ...]:
        """``category``, ``continuous 1``, ``continuous 2`` and so on."""
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
