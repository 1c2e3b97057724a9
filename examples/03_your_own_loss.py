"""Your own loss is one class. Check its contract in one line, then train with it. Nothing else needs to change.

    python examples/03_your_own_loss.py [STEPS]

On the command line it works in every recipe with a loss, and its field is a key:

    PYTHONPATH=examples gannet train ring --recipe gan loss=03_your_own_loss:SquaredHinge loss.margin=2
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field
from torch import Tensor
from torch.nn.functional import relu

import gannet
from gannet.losses.base import AdversarialLoss, Example
from gannet.testing.losses import check_loss


@dataclass(frozen=True)
class SquaredHinge(AdversarialLoss):
    """D: E relu(m - D(x))^2 + E relu(m + D(G(z)))^2; G: -E D(G(z)). Like the hinge loss, but smooth at the margin."""

    margin: Annotated[float, Field(gt=0)] = 1.0
    """Logits beyond the margin have no gradient."""

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Logits (N,) of real and generated samples -> scalar >= 0."""
        return relu(self.margin - real).square().mean() + relu(self.margin + fake).square().mean()

    def generator(self, fake: Tensor, real: Tensor | None) -> Tensor:
        """Logits (N,) of generated samples -> scalar, unbounded."""
        return -fake.mean()

    @classmethod
    def worked_example(cls) -> Example:
        """D: (0 + 1)/2 + (0 + 4)/2; G: -(-2 + 1)/2."""
        return Example(real=[2.0, 0.0], fake=[-2.0, 1.0], discriminator=2.5, generator=0.5)


def main(steps: int = 3000) -> None:
    """Check the loss, train with it, and measure."""
    check_loss(SquaredHinge())
    print("SquaredHinge satisfies the contract of a loss")

    sys.path.insert(0, str(Path(__file__).parent))  # so that the name below can be imported
    loss = "03_your_own_loss:SquaredHinge"
    run = gannet.train(
        "ring",
        recipe="gan",
        steps=steps,
        loss=loss,
        out="runs/squared-hinge",
        keys={"loss.margin": 2.0, "frames.every": 0},
    )
    print("recorded:", {name: value for name, value in run.run.record.arguments.items() if name.startswith("loss")})
    [card], _ = run.measure(["sliced_w"])
    print(f"sliced_w: {card.value:.4f}, real data {card.reference:.4f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
