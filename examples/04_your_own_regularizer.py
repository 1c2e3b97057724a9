"""Your own penalty is one class. Check its contract in one line, then train without and with it.

    python examples/04_your_own_regularizer.py [STEPS]

On the command line it works in every recipe with a penalty, and its arguments are keys:

    PYTHONPATH=examples gannet train ring penalty=04_your_own_regularizer:Drift penalty.weight=0.1
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from pydantic import Field
from torch import Tensor

import gannet
from gannet.regularizers.base import LogitFunction, Penalty
from gannet.testing.regularizers import check_penalty
from gannet.types import Batch, Inputs


class Drift(Penalty):
    """weight E D(x)^2: keeps the logits of real samples near zero. A Wasserstein or paired loss would let them drift.

    Karras et al. 2018, appendix A.1, https://arxiv.org/abs/1710.10196.
    """

    def __init__(self, weight: Annotated[float, Field(ge=0)] = 0.001) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, logits_of: LogitFunction, real: Inputs, fake: Inputs, batch: Batch) -> Tensor:
        """Scalar >= 0. ``logits_of(real)`` returns the logits that the loss has already computed, without another
        forward pass.
        """
        return self.weight * logits_of(real).square().mean()


def main(steps: int = 3000) -> None:
    """Check the penalty, train with weight 0 and 1, and compare the mean logit of real samples."""
    check_penalty(Drift())
    print("Drift satisfies the contract of a penalty")

    sys.path.insert(0, str(Path(__file__).parent))  # so that the name below can be imported
    for weight in (0.0, 1.0):
        keys = {"penalty": "04_your_own_regularizer:Drift", "penalty.weight": weight, "frames.every": 0}
        run = gannet.train("ring", steps=steps, out=f"runs/drift-{weight}", keys=keys, batch_size=64)
        _, logits = run.run.terms()["discriminator/logit_real"]
        print(f"weight {weight}: mean logit of real samples {logits[-1]:.4f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
