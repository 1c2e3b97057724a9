"""What runs of `cyclegan` between two classes of CIFAR-10 do with held-out photos, seen by a classifier and by FD.

usage: GANNET_DATA=FOLDER python benchmarks/unpaired_photos.py RUN [RUN ...]

FOLDER has cifar10-train.zip and cifar10-test.zip. All 1,000 test images of each class are translated to the other one.
`seen` is the share in which a linear classifier of the two classes on the features of effnet-lite0 sees the target
class; it is fitted to 5,000 training images by ridge regression, like that of benchmarks/cifar10.py. `fd` is
FD[effnet-lite0] to the 1,000 test images of the target class. Next to each of them stands the same of the inputs, the
untranslated baseline. `reference` of FD are 1,000 training images of the target class; `accuracy` is that of the
classifier on the test images. `change` is the median root mean square between input and output in levels of 255. Writes
benchmarks/results/unpaired-photos.json, where the rows of other runs stay.
"""

from __future__ import annotations

import json
import os
import sys
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from gannet.features.extractors import extract
from gannet.games.cyclegan import CycleGAN
from gannet.metrics.frechet import frechet_distance
from gannet.runs.command_line import train_command
from gannet.sessions.trained_run import TrainedRun
from gannet.training.sampling import evaluating

RESULTS = Path(__file__).parent / "results" / "unpaired-photos.json"
EFFNET = "effnet-lite0"
RIDGE = 10.0
"""Weight of the squared coefficients of the classifier, whose features are standardised."""
TRAINING = 2_500
"""Images of each class that the classifier is fitted to."""


@cache
def images(archive: str, name: str, count: int) -> np.ndarray:
    """uint8 (count, 32, 32, 3): the first images of a class."""
    with zipfile.ZipFile(Path(os.environ["GANNET_DATA"]) / archive) as file:
        names = sorted(n for n in file.namelist() if n.startswith(f"{name}/") and n.endswith(".jpg"))[:count]
        return np.stack([np.asarray(Image.open(file.open(n)).convert("RGB")) for n in names])


class Judge:
    """A linear classifier of two classes on the features of effnet-lite0."""

    def __init__(self, names: tuple[str, str]) -> None:
        rows = np.concatenate([seen(images("cifar10-train.zip", name, TRAINING)) for name in names])
        self.mean, self.deviation = rows.mean(0), rows.std(0) + 1e-6
        standard = self._standard(rows)
        gram = standard.T @ standard + RIDGE * np.eye(standard.shape[1])
        self.weights = np.linalg.solve(gram, standard.T @ np.repeat([0.0, 1.0], TRAINING))

    def second(self, rows: np.ndarray) -> float:
        """The share of the images that look like the second class."""
        return float((self._standard(rows) @ self.weights > 0.5).mean())

    def _standard(self, rows: np.ndarray) -> np.ndarray:
        return np.concatenate([(rows - self.mean) / self.deviation, np.ones((len(rows), 1))], axis=1)


def seen(shown: np.ndarray) -> np.ndarray:
    """Features of effnet-lite0."""
    return extract(EFFNET, shown, on_disk=True)[0]


@torch.no_grad()
def translated(run: TrainedRun, shown: np.ndarray, label: int) -> np.ndarray:
    """What the run makes of images for one class."""
    assert isinstance(run.game, CycleGAN)
    with evaluating(run.game):
        made = run.game.translate(run.form.encode(shown), torch.full((len(shown),), label))
    return run.form.decode(made)


def row(path: str) -> dict[str, Any]:
    """Command and figures of one run."""
    run = TrainedRun(path)
    names = (run.form.class_names[0], run.form.class_names[1])
    judge = Judge(names)
    found: dict[str, Any] = {}
    for label, name in enumerate(names):
        other = names[1 - label]
        inputs, target = (images("cifar10-test.zip", each, 1_000) for each in (other, name))
        outputs = translated(run, inputs, label)
        rows = {"output": seen(outputs), "input": seen(inputs)}
        second = {key: judge.second(value) for key, value in rows.items()}
        shares = {key: share if label else 1 - share for key, share in second.items()}
        real = seen(target)
        found[f"{other} to {name}"] = {
            "seen": shares["output"],
            "seen_of_inputs": shares["input"],
            "fd": frechet_distance(rows["output"], real),
            "fd_of_inputs": frechet_distance(rows["input"], real),
            "fd_reference": frechet_distance(seen(images("cifar10-train.zip", name, 1_000)), real),
            "change": float(np.median(np.sqrt(np.square(outputs.astype(float) - inputs).mean(axis=(1, 2, 3))))),
        }
    wrong = [each["seen_of_inputs"] for each in found.values()]
    return {
        "command": train_command(run.run.record, run.step).replace(os.environ["GANNET_DATA"].rstrip("/"), "FOLDER"),
        "seed": run.plan.settings.seed,
        "step": run.step,
        "device": run.run.record.environment["device"],
        "images_of_each_class": 1_000,
        "accuracy": 1 - sum(wrong) / len(wrong),
        **found,
    }


def main() -> None:
    if not sys.argv[1:]:
        raise SystemExit(__doc__)
    rows = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    for path in sys.argv[1:]:
        made = row(path)
        rows = [other for other in rows if other["command"] != made["command"]] + [made]
        RESULTS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
        print(json.dumps(made), flush=True)


if __name__ == "__main__":
    main()
