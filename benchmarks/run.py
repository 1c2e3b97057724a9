"""`make bench`: Gannet against plain loops, alternating A B A B in one process, as one table and as JSON.

The result is a ratio of medians from the same process on the same machine. The absolute speeds are printed for
orientation only, because they vary with the load of the machine.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import torch

from gannet.config.arguments import Root, read
from gannet.data.base import Dataset, silent
from gannet.data.image_table import ImageTable
from gannet.data.ring import Ring
from gannet.discovery import find
from gannet.seeding import numpy_rng
from gannet.training.precision import decide
from gannet.training.trainer import Trainer
from gannet_dev.baselines import dcgan as plain_dcgan
from gannet_dev.baselines import points as plain_points
from gannet_dev.baselines import wgan_gp as plain_wgan_gp

RESULTS = Path(__file__).parent / "results"


def trainer(recipe_name: str, dataset: Dataset, **keys: object) -> Trainer:
    recipe = find("recipes", recipe_name).load()
    [(arguments, _)] = read(keys, Root(recipe.function, skip=("form",)))
    torch.manual_seed(0)
    experiment = recipe(dataset.form, **arguments)
    precision = decide(
        device="cpu", precision="auto", is_images=recipe.kind == "images", allow_bf16=experiment.allow_bf16
    )
    return Trainer(experiment, dataset, seed=0, precision=precision)


def noise_images(side: int, channels: int) -> ImageTable:
    pixels = numpy_rng(0, "bench").integers(0, 256, (10_000, channels, side, side), dtype="uint8")
    return ImageTable(pixels, content_hash="bench")


def alternate(
    ours: Callable[[], object], plain: Callable[[], object], *, steps: int, rounds: int
) -> tuple[list[float], list[float]]:
    """Seconds per step of both, measured alternately."""
    times: tuple[list[float], list[float]] = ([], [])
    for side in (ours, plain):
        for _ in range(3):
            side()
    for _ in range(rounds):
        for side, into in zip((ours, plain), times, strict=True):
            begin = time.perf_counter()
            for _ in range(steps):
                side()
            into.append((time.perf_counter() - begin) / steps)
    return times


def compare(
    name: str,
    per_step: int,
    unit: str,
    ours: Callable[[], object],
    plain: Callable[[], object],
    *,
    steps: int,
    rounds: int,
) -> dict:
    a, b = alternate(ours, plain, steps=steps, rounds=rounds)
    ratios = [theirs / own for own, theirs in zip(a, b, strict=True)]
    return {
        "work": name,
        "unit": unit,
        "gannet": per_step / statistics.median(a),
        "plain": per_step / statistics.median(b),
        "ratio": statistics.median(b) / statistics.median(a),
        "ratio_min": min(ratios),
        "ratio_max": max(ratios),
        "rounds": rounds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="dcgan, wgan-gp or points")
    arguments = parser.parse_args()
    works = {
        "dcgan": lambda: compare(
            "dcgan, 28x28x1, batch 128", 128, "images/s", trainer("dcgan", noise_images(28, 1)).play,
            plain_dcgan.Loop(torch.rand(10_000, 1, 28, 28) * 2 - 1).step, steps=8, rounds=arguments.rounds,
        ),
        "wgan-gp": lambda: compare(
            "wgan-gp, 32x32x3, batch 64, 5 critic "
            "steps", 320, "critic images/s", trainer("wgan-gp", noise_images(32, 3)).play,
            plain_wgan_gp.Loop(torch.rand(10_000, 3, 32, 32) * 2 - 1).step, steps=2, rounds=arguments.rounds,
        ),
        "points": lambda: compare(
            "gan-deep, ring, batch 128", 1, "steps/s", trainer("gan-deep", Ring().open(silent)).play,
            plain_points.Loop().step, steps=200, rounds=arguments.rounds,
        ),
    }  # fmt: skip
    rows = [work() for name, work in works.items() if not arguments.only or name == arguments.only]
    for row in rows:
        speeds = f"{row['gannet']:>9,.0f} against {row['plain']:>8,.0f} {row['unit']:<16}"
        print(f"{row['work']:<44} {speeds} x{row['ratio']:.2f} ({row['ratio_min']:.2f} to {row['ratio_max']:.2f})")
    machine = {
        "cpu": platform.processor() or platform.machine(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "precision": "auto",
    }
    RESULTS.mkdir(exist_ok=True)
    suffix = f"-{arguments.only}" if arguments.only else ""
    document = {
        "date": date.today().isoformat(),
        "command": "python benchmarks/run.py",
        "machine": machine,
        "rows": rows,
    }
    (RESULTS / f"speed{suffix}.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
