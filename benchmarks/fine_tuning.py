"""Steps to the same FD on 500 photos, with and without the parameters of another run (`gannet train DATA --init RUN`).

usage: GANNET_DATA=FOLDER python benchmarks/fine_tuning.py [--seeds 0,1,2] [--before 600] [--steps 600]

A `dcgan` trains ``--before`` steps on the deer and dogs of CIFAR-10 at 16 x 16, once. Then `dcgan` trains ``--steps``
steps on 500 horses, from the start and from those parameters, with every seed. FD is measured every 50 steps by the
first 500 samples. Writes benchmarks/results/fine-tuning.json; runs are kept in runs/fine-tuning.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from PIL import Image

import gannet
from gannet.data.base import silent
from gannet.data.cifar10 import Cifar10
from gannet.runs.command_line import train_command
from gannet.sessions.trained_run import TrainedRun

RESULTS = Path(__file__).parent / "results" / "fine-tuning.json"
RUNS = Path("runs/fine-tuning")
PHOTOS, EVERY = 500, 50
KEYS = {"data.size": 16, "batch_size": 64, "health.every": 0, "frames.every": 0}


def photos() -> Path:
    """The folder of the first 500 horses, written if it is not there."""
    folder = RUNS / "horses"
    if not folder.is_dir():
        folder.mkdir(parents=True)
        for number, image in enumerate(Cifar10(classes="horse").open(silent).reference(PHOTOS, seed=0)[0]):
            Image.fromarray(image).save(folder / f"{number:03}.png")
    return folder


def trained(data: str | Path, out: Path, **settings: Any) -> TrainedRun:
    """The run at ``out``, trained if it is not there."""
    return gannet.load(out) if out.exists() else gannet.train(str(data), recipe="dcgan", out=out, **settings)


def row(run: TrainedRun) -> dict[str, Any]:
    """Command and FD of every measured step."""
    record = run.run.record
    fd = {card.step: card.value for card in run.run.scores() if card.metric == "fd"}
    label = next(card.label for card in run.run.scores() if card.metric == "fd")
    return {
        "command": train_command(record).replace(str(RUNS.absolute()), str(RUNS)),
        "seed": record.settings["seed"],
        "init": record.init is not None,
        "label": label,
        "fd": fd,
        "device": record.environment["device"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--before", type=int, default=600)
    parser.add_argument("--steps", type=int, default=600)
    given = parser.parse_args()
    keys = KEYS | {"data.classes": "deer,dog", "measure.every": 0}
    before = trained("cifar10", RUNS / "before", steps=given.before, keys=keys)
    rows: list[dict[str, Any]] = []
    for seed in map(int, given.seeds.split(",")):
        for name, init in (("start", None), ("init", str(before.path))):
            run = trained(
                photos(),
                RUNS / f"{name}-{seed}",
                steps=given.steps,
                seed=seed,
                init=init,
                keys=KEYS | {"measure.every": EVERY},
            )
            rows.append(row(run))
            print(rows[-1], flush=True)
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
