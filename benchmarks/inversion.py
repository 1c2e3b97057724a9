"""How many held-out digits a generator finds again: inversion of 100 MNIST digits with several searches.

usage: GANNET_DATA=FOLDER python benchmarks/inversion.py RUN [--count 100] [--search keep=4,steps=200,features=0.1] ...

RUN is a trained run on MNIST with latents. A digit counts as found if `mnist-cnn-v1` sees the class of the original in
the reconstruction. Writes benchmarks/results/inversion.json, where the rows of other runs and searches stay.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from gannet.evaluation.inversion import Search, invert
from gannet.features.cnn import responses
from gannet.games.base import Generates
from gannet.seeding import torch_rng
from gannet.sessions.trained_run import TrainedRun

RESULTS = Path(__file__).parent / "results" / "inversion.json"


def row(run: TrainedRun, search: Search, count: int) -> dict[str, Any]:
    """Invert the first ``count`` held-out digits of the run's data."""
    assert isinstance(run.game, Generates)
    real, labels = run.images().reference(count, seed=0)
    started = time.process_time()
    found = invert(run.game, run.form.encode(real), rng=torch_rng(0, "invert"), search=search)
    seconds = time.process_time() - started
    made = run.form.decode(found.samples)
    seen = responses("mnist-cnn-v1", made)[1].argmax(1)
    error = np.sqrt(np.square(made.astype(float) - real).mean(axis=(1, 2, 3)))
    return {
        "recipe": run.plan.recipe_name,
        "steps": run.step,
        "seed": run.plan.settings.seed,
        "batch_size": run.plan.values["recipe"].get("batch_size"),
        "count": count,
        "search": asdict(search),
        "same_digit": float((seen == labels).mean()),
        "error_median": float(np.median(error)),
        "cpu_seconds_per_image": round(seconds / count, 2),
        "device": run.run.record.environment["device"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--search", action="append", default=[], metavar="NAME=VALUE,...")
    given = parser.parse_args()
    run = TrainedRun(given.run)
    for text in given.search or [""]:
        pairs = dict(pair.split("=") for pair in text.split(",") if pair)
        kinds = {name: type(value) for name, value in asdict(Search()).items()}
        made = row(run, replace(Search(), **{name: kinds[name](value) for name, value in pairs.items()}), given.count)
        rows = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
        same = ("recipe", "steps", "seed", "count", "search")
        rows = [other for other in rows if any(other[name] != made[name] for name in same)] + [made]
        RESULTS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
        print(made, flush=True)


if __name__ == "__main__":
    main()
