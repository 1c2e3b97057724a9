"""Image-to-image runs on MNIST and on the horses of CIFAR-10, each next to what needs no learning.

usage: GANNET_DATA=FOLDER python benchmarks/image_to_image.py [--steps N] [--seeds 0,1,2] [--device auto] NAME ...

Trains ``pix2pix`` once for each NAME (``horses-grayscale``, ``mnist-mask`` ...; all if none is given) and seed, or
``super-resolution`` for ``horses-super-resolution``, measures it on the held-out images and writes
benchmarks/results/image-to-image.json, where runs of other names and seeds stay. Runs are kept in
runs/image-to-image/NAME-SEED, from which docs/applications/image-to-image.md takes its images.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import gannet

RESULTS = Path(__file__).parent / "results" / "image-to-image.json"
RUNS = Path("runs/image-to-image")
METRICS = ["psnr", "ssim", "feature_distance", "output_fd", "input_error"]
DATA = {"horses": ("cifar10", {"data.classes": "horse"}), "mnist": ("mnist", {})}
TASKS = [f"horses-{name}" for name in ("grayscale", "downscale", "blur", "mask", "super-resolution")]
TASKS += [f"mnist-{name}" for name in ("mask", "downscale", "blur")]


def row(task: str, seed: int, steps: int, device: str) -> dict[str, Any]:
    """Train and measure one task with one seed."""
    data, what = task.split("-", 1)
    source, keys = DATA[data]
    recipe, own = (what, {}) if what == "super-resolution" else ("pix2pix", {"degradation": what})
    keys = {**keys, **own, "checkpoint.every": 0, "health.every": 0, "frames.every": 0}
    started = time.process_time()
    run = gannet.train(
        source, recipe=recipe, seed=seed, steps=steps, device=device, out=RUNS / f"{task}-{seed}", keys=keys
    )
    seconds = time.process_time() - started
    cards, skipped = run.measure(METRICS, samples=500)
    values = {
        card.metric: {"label": card.label, "value": card.value, "better": card.better, "trivial": dict(card.parts)}
        for card in cards
    }
    command = f"gannet train {source} --recipe {recipe} --steps {steps} --seed {seed} " + " ".join(
        f"{k}={v}" for k, v in keys.items()
    )
    return {
        "task": task,
        "seed": seed,
        "steps": steps,
        "command": command,
        "cpu_seconds": round(seconds, 1),
        "device": run.run.record.environment["device"],
        "torch": run.run.record.environment["torch"],
        "values": values,
        "skipped": skipped,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", metavar="NAME", help=f"of {', '.join(TASKS)}")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--device", default="auto")
    given = parser.parse_args()
    if unknown := set(given.tasks) - set(TASKS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; choose from {', '.join(TASKS)}")
    for task in given.tasks or TASKS:
        for seed in map(int, given.seeds.split(",")):
            made = row(task, seed, given.steps, given.device)
            rows = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
            rows = [other for other in rows if (other["task"], other["seed"]) != (task, seed)] + [made]
            rows.sort(key=lambda other: (TASKS.index(other["task"]), other["seed"]))
            RESULTS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
            print(
                task,
                seed,
                {name: (round(v["value"], 3), v["trivial"]) for name, v in made["values"].items()},
                flush=True,
            )


if __name__ == "__main__":
    main()
