"""Use loss, penalty, networks and data in your own torch loop, without trainer, recipe and run directory.

    python examples/06_parts_in_your_own_loop.py [STEPS]

The method is WGAN-GP: five critic steps per generator step (Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028).
"""

from __future__ import annotations

import sys

import torch
from torch import Tensor

from gannet.data.base import silent
from gannet.data.ring import Ring
from gannet.losses.wasserstein import Wasserstein
from gannet.networks.mlp import MLPDiscriminator, MLPGenerator
from gannet.regularizers.gradient_penalty import GradientPenalty
from gannet.types import Batch, Inputs

BATCH_SIZE = 128
CRITIC_STEPS = 5


def main(steps: int = 1000) -> None:
    """Train, and print the distance between samples and data before and after."""
    torch.manual_seed(0)
    torch.set_num_threads(1)  # small networks are slower with more threads
    data = Ring().open(silent)
    generator, critic = MLPGenerator(8, (2,), hidden=[128, 128]), MLPDiscriminator((2,), hidden=[128, 128], slope=0.2)
    loss, penalty = Wasserstein(), GradientPenalty(weight=1.0)
    adam_g, adam_d = (
        torch.optim.Adam(network.parameters(), lr=1e-3, betas=(0.0, 0.9)) for network in (generator, critic)
    )
    rng = torch.Generator().manual_seed(0)

    def logits_of(inputs: Inputs) -> Tensor:
        return critic(*inputs).logits

    before = distance(generator, data.batch(1000, seed=1, position=0, device=torch.device("cpu"))[0])
    for step in range(steps):
        for repeat in range(CRITIC_STEPS):
            real, _ = data.batch(BATCH_SIZE, seed=0, position=CRITIC_STEPS * step + repeat, device=torch.device("cpu"))
            with torch.no_grad():
                fake = generator(torch.randn(BATCH_SIZE, 8, generator=rng))
            batch = Batch(real, None, rng, step, step / steps)
            total = loss.discriminator(logits_of((real,)), logits_of((fake,))) + penalty(
                logits_of, (real,), (fake,), batch
            )
            adam_d.zero_grad()
            total.backward()
            adam_d.step()
        total = loss.generator(logits_of((generator(torch.randn(BATCH_SIZE, 8, generator=rng)),)), None)
        adam_g.zero_grad()
        total.backward()
        adam_g.step()
    after = distance(generator, data.batch(1000, seed=1, position=0, device=torch.device("cpu"))[0])
    print(f"distance between samples and data: {before:.3f} before training, {after:.3f} after {steps} steps")


@torch.no_grad()
def distance(generator: MLPGenerator, real: Tensor) -> float:
    """Chamfer distance: mean distance of 1,000 samples to the nearest real point, plus that of real points to the
    nearest sample.
    """
    fake = generator(torch.randn(1000, 8, generator=torch.Generator().manual_seed(1)))
    distances = torch.cdist(fake, real)
    return float(distances.min(1).values.mean() + distances.min(0).values.mean())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
