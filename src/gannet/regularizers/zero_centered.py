"""R1 and R2: squared gradients of the discriminator on the data and on the fakes."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from gannet.regularizers.base import LogitFunction, Penalty
from gannet.types import Batch, Inputs

ANNEALED = 0.8
"""Share of training after which an annealed strength reaches its final value."""


class ZeroCentered(Penalty):
    """gamma/2 E |grad D(x)|^2 on reals (R1), on fakes (R2), or on both.

    Mescheder, Geiger, Nowozin 2018, eq. 9 and 10, https://arxiv.org/abs/1801.04406. With ``every=k`` the term is
    applied every k-th step and multiplied by k. With ``final`` the strength falls geometrically from gamma to final
    over the first four fifths of training, as in R3GAN (https://arxiv.org/abs/2501.05441): a smooth discriminator finds
    the modes, and a sharper one then learns their widths.

    If the samples of a batch influence each other (batch norm, minibatch discrimination), the gradient at a sample is
    that of the sum of all logits, and includes its influence on the other samples of its side.
    """

    differentiates = ("real", "fake")

    def __init__(
        self,
        gamma: Annotated[float, Field(ge=0)] = 1.0,
        on: Literal["real", "fake", "both"] = "real",
        final: Annotated[float, Field(gt=0)] | None = None,
        every: Annotated[int, Field(ge=1, le=10**9)] = 1,
    ) -> None:
        """Args:
        gamma: strength; the initial strength if ``final`` is given.
        on: ``real`` is R1, ``fake`` is R2, ``both`` is both.
        final: strength after four fifths of training; ``none`` keeps gamma constant.
        every: applied every k-th step and multiplied by k.
        """
        super().__init__()
        self.gamma, self.on, self.final, self.every = gamma, on, final, every

    def gamma_at(self, progress: float | Tensor) -> float | Tensor:
        """Strength at a share of training in [0, 1); a tensor if the share is one, as in a graph."""
        if self.final is None or self.gamma == 0:
            return self.gamma
        share = progress / ANNEALED
        share = share.clamp(max=1.0) if isinstance(share, Tensor) else min(1.0, share)
        return self.gamma * (self.final / self.gamma) ** share

    def forward(self, logits_of: LogitFunction, real: Inputs, fake: Inputs, batch: Batch) -> Tensor:
        """Scalar >= 0; gamma/2 |w|^2 per side for D(x) = w.x. For packs, x is the whole pack."""
        sides = {"real": (real,), "fake": (fake,), "both": (real, fake)}[self.on]
        logits = [logits_of(side) for side in sides]
        inputs = tuple(tensor for side in sides for tensor in side)
        counts = [len(s) for s, side in zip(logits, sides, strict=True) for _ in side]
        # One backward pass for both sides: logits of reals never depend on fakes, because samples that are not
        # independent get separate forward passes for reals and fakes.
        gradients = torch.autograd.grad(torch.stack([s.sum() for s in logits]).sum(), inputs, create_graph=True)
        squares = [g.float().square().sum() / count for g, count in zip(gradients, counts, strict=True)]
        strength = 0.5 * self.gamma_at(batch.progress)
        total = torch.stack(squares).sum()
        return (strength.to(total.dtype) if isinstance(strength, Tensor) else strength) * total
