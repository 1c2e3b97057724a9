"""Compare two recipes with the same data, steps, batch size and metrics, with two seeds each.

    python examples/02_compare.py            two minutes on one core
    python examples/02_compare.py 100        100 steps per run, a few seconds

You can stop it at any time; the same command continues it. runs/compare contains the runs, the values (compare.json)
and samples of all runs (samples.png). On the command line:

    gannet compare ring --recipes gan,particle-gan --seeds 0,1 --steps 3000 batch_size=256
"""

from __future__ import annotations

import sys

import gannet


def main(steps: int = 3000) -> None:
    """Compare, and print the mean, the standard deviation over the seeds and the worst seed of each metric."""
    result = gannet.compare(
        "ring",
        ["gan", "particle-gan"],
        seeds=[0, 1],
        steps=steps,
        batch_size=256,
        metrics=["high_quality", "sliced_w"],
        out="runs/compare",
    )
    for summary in result.summaries():
        print(
            f"{summary.metric:14} {summary.recipe:14} {summary.mean:.4f} ± {summary.deviation:.4f}"
            f"   worst {summary.worst.value:.4f} (seed {summary.worst.seed})   real data {summary.reference:.4f}"
        )
    print(f"wrote {result.path / 'compare.json'} and {result.path / 'samples.png'}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
