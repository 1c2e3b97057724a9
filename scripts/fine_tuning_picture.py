"""Samples with and without the parameters of another run: docs/pictures/fine-tuning.png.

usage: GANNET_DATA=FOLDER python scripts/fine_tuning_picture.py

Trains the runs of benchmarks/fine_tuning.py with seed 0 in runs/fine-tuning-picture, with checkpoints and only as far
as they are shown, and draws ten samples from the same noise after the same numbers of steps.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import gannet
from gannet.figures.grid import image_grid

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
import fine_tuning  # noqa: E402

PICTURE = ROOT / "docs" / "pictures" / "fine-tuning.png"
STEPS = (50, 100, 200)
SHOWN = 10


def main() -> None:
    fine_tuning.RUNS = Path("runs/fine-tuning-picture")
    keys = fine_tuning.KEYS | {"measure.every": 0}
    before = fine_tuning.trained(
        "cifar10", fine_tuning.RUNS / "before", steps=600, keys=keys | {"data.classes": "deer,dog"}
    )
    keys |= {"checkpoint.every": STEPS[0], "checkpoint.keep": STEPS[-1] // STEPS[0]}
    rows, labels = list[np.ndarray](), list[str]()
    for name, init in (("from the start", None), ("--init", str(before.path))):
        out = fine_tuning.RUNS / name.replace(" ", "-").strip("-")
        run = fine_tuning.trained(fine_tuning.photos(), out, steps=STEPS[-1], init=init, keys=keys)
        for step in STEPS:
            rows.append(gannet.load(run.path, step=step).sample(SHOWN, seed=0)[0])
            labels.append(f"{name}\n{step} steps")
    rows.append(fine_tuning.Cifar10(classes="horse", size=16).open(fine_tuning.silent).reference(SHOWN, seed=1)[0])
    picture = image_grid(np.concatenate(rows), SHOWN, row_labels=[*labels, "real horses"], scale=3)
    picture.save(PICTURE, optimize=True)
    print(f"wrote {PICTURE}, {PICTURE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
