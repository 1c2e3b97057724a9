"""Train a GAN on a ring of eight Gaussians, sample, measure and animate it, and load it again.

    python examples/01_train_a_ring.py            half a minute on one core
    python examples/01_train_a_ring.py 200        200 steps, a few seconds

On the command line: gannet train ring --out runs/ring, then gannet measure runs/ring.
"""

from __future__ import annotations

import sys

import gannet


def main(steps: int = 3000) -> None:
    """Train, sample, measure, animate, load."""
    run = gannet.train("ring", seed=0, steps=steps, out="runs/ring", keys={"frames.every": max(1, steps // 50)})

    points, _ = run.sample(1000)  # (1000, 2), in original units
    print(
        f"{len(points)} points, root mean square distance from the centre {(points**2).sum(1).mean() ** 0.5:.3f}; the "
        f"ring has radius 2"
    )

    cards, _ = run.measure(["modes", "high_quality", "sliced_w"])
    for card in cards:
        print(f"{card.label}: {card.value:.4g}, real data {card.reference:.4g}")

    print(f"wrote {run.animate('runs/ring/training.gif')}")
    loaded = gannet.load("runs/ring")
    assert (loaded.sample(1000)[0] == points).all(), "a loaded run generates the same samples"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
