"""What a run of `cyclegan` between two digits of MNIST does with held-out digits.

usage: GANNET_DATA=FOLDER python benchmarks/unpaired.py RUN [RUN ...]

`crossed` is the share of held-out digits of one class in whose translation `mnist-cnn-v1` sees the other class; the
error of the way back is the median root mean square in levels of 255. Writes benchmarks/results/unpaired.json.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from gannet.features.cnn import responses
from gannet.runs.command_line import train_command
from gannet.sessions.trained_run import TrainedRun

RESULTS = Path(__file__).parent / "results" / "unpaired.json"
CLASSIFIER = "mnist-cnn-v1"
SHOWN = 1_000


def row(path: str) -> dict[str, Any]:
    """Command and figures of one run."""
    run = TrainedRun(path)
    shown = run.translations(SHOWN)
    names = np.asarray([int(name) for name in run.form.class_names])
    seen = {name: responses(CLASSIFIER, shown[name])[1].argmax(1) for name in ("input", "output")}
    known = np.isin(seen["input"], names)
    other = np.where(seen["input"] == names[0], names[1], names[0])
    error = np.sqrt(np.square(shown["back"].astype(float) - shown["input"]).mean(axis=(1, 2, 3)))
    seconds = [event.seconds for event in run.run.events() if event.kind == "finish"]
    return {
        "command": train_command(run.run.record, run.step),
        "seed": run.plan.settings.seed,
        "step": run.step,
        "device": run.run.record.environment["device"],
        "training_seconds": max((time for time in seconds if time is not None), default=None),
        "count": len(shown["input"]),
        "classifier": CLASSIFIER,
        "crossed": {str(name): float((seen["output"] == other)[seen["input"] == name].mean()) for name in names},
        "crossed_all": float((seen["output"] == other)[known].mean()),
        "error_of_the_way_back": float(np.median(error)),
    }


if __name__ == "__main__":
    rows = [row(path) for path in sys.argv[1:]]
    if not rows:
        raise SystemExit(__doc__)
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    for found in rows:
        print(found)
