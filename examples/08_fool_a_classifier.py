"""Image fooling: gradient ascent on a classifier's confidence, from noise, from a real digit and through a generator.

The classifier is the one that Gannet ships for its built-in digits (99.7 % of test digits right); nothing is trained
but a small generator. docs/theory/fooling.md explains what is seen.

    python examples/08_fool_a_classifier.py [STEPS]
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

import gannet
from gannet.features.cnn import classifier
from gannet.seeding import torch_rng
from gannet.theory.fooling import ascend, prior_energy
from gannet.training.sampling import evaluating


def main(steps: int = 300) -> None:
    """Train the generator for ``steps`` steps, climb in three ways, write ``fooled.png``."""
    run = gannet.train(
        "digits", recipe="dcgan", steps=steps, out="runs/digits", keys={"data.size": 8, "batch_size": 32}
    )
    judge, classes = classifier("digits-cnn-v1"), torch.arange(10)
    noise = torch.rand(10, 1, 8, 8, generator=torch_rng(0, "noise")) * 2 - 1
    real, labels = run.images().reference(10, seed=0)
    assert labels is not None
    digits = run.form.encode(real)
    with evaluating(run.game):
        ways = {
            "noise": ascend(judge, noise, classes),
            "digits": ascend(judge, digits, (torch.from_numpy(labels) + 1) % 10),
            "latents": ascend(
                judge,
                run.game.draw_latents(10, torch_rng(0, "latents")),
                classes,
                generate=run.game.generate,
                penalty=lambda latents: 0.1 * prior_energy(latents),
            ),
        }
    for name, found in ways.items():
        before, after = found.confidence[:, 0].mean(), found.confidence[:, -1].mean()
        print(f"{name}: confidence {before:.2f} before, {after:.2f} after; images changed by {found.change.mean():.2f}")
    shown = torch.cat([noise, ways["noise"].images, digits, ways["digits"].images, ways["latents"].images])
    run.save_picture(run.form.decode(shown), Path("fooled.png"), columns=10)
    print("wrote fooled.png: noise, fooled; digits, fooled as the next class; samples climbed to 0, 1, ... 9")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
