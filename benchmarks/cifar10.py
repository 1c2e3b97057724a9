"""Recipes on CIFAR-10 at equal processor time, benchmarks/results/cifar10.json.

    python benchmarks/cifar10.py train FOLDER SET SECONDS SEED OUT "RECIPE [KEY=VALUE ...]"
    python benchmarks/cifar10.py measure FOLDER OUT...
    python benchmarks/cifar10.py picture FOLDER OUT... FILE.png
    python benchmarks/cifar10.py protocol FOLDER OUT [STEPS]

FOLDER has cifar10-train.zip and cifar10-test.zip. SET is ``all`` (the 50,000 training images) or ``horses`` (the 5,000
of that class).

``train`` trains on one thread until the process has used SECONDS of processor time, imports and data included, or until
the last step: for a recipe with a learning-rate schedule, give ``steps`` that just fit. It takes steps only: no frames,
checkpoints or measurements. Then it draws 10,000 samples of the EMA generator (the generator in evaluation mode where a
recipe has none), equally many of each class if the recipe uses labels, and keeps them in OUT.npy, and the facts in
OUT.json. ``all`` compares 5,000 of them, ``horses`` 2,500.

``measure`` adds a row for each OUT to the record:

- FD[effnet-lite0] and FD[randconv-v1], for ``all`` against every second test image, which the training did not see, for
  ``horses`` against every second training horse.
- Reference: as many real images against the same ones: training images for ``all``, the other half for ``horses``.
- Class accuracy, for recipes that use labels: how often a linear classifier on the features of effnet-lite0, fitted to
  5,000 training images by ridge regression, sees the requested class; its reference is its accuracy on test images.

``protocol`` trains and measures what the literature does (Lee and Town 2020, https://arxiv.org/abs/2005.02494): batches
of 64, 100,000 steps or STEPS, Adam 2e-4 (0, 0.9), five critic steps for WGAN-GP and SNGAN, three
seeds; Inception features of 50,000 samples against the 50,000 training images, whose weights you bring (`gannet weights
add inception FILE`). It needs a GPU, and was tried with few steps only. Runs are below the folder OUT; a repeated call
continues them.

effnet-lite0 was trained on ImageNet, so it knows what CIFAR-10 shows; randconv-v1 is untrained. No recipe trains with
either.
"""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from speedrun import OfRecipe, clock

from gannet.errors import UserError
from gannet.features.extractors import describe, extract, features
from gannet.figures.comparison import comparison_sheet
from gannet.figures.grid import image_grid
from gannet.figures.theme import PAPER
from gannet.games.base import Conditional
from gannet.metrics.frechet import frechet_distance
from gannet.seeding import torch_rng
from gannet.training.allocator import keep_freed_memory
from gannet.training.precision import with_threads
from gannet.training.sampling import sample_chunks
from gannet_dev.machine import described

RESULTS = Path(__file__).parent / "results" / "cifar10.json"
SAMPLES = 10_000
COMPARED = {"all": 5_000, "horses": 2_500}
"""Images on each side of FD."""
RIDGE = 10.0
"""Weight of the squared coefficients of the classifier, whose features are standardised."""
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
EFFNET = "effnet-lite0"
EXTRACTORS = (EFFNET, "randconv-v1")
ADAM = ("optimizer.generator", "optimizer.discriminator")
PROTOCOL = {
    "dcgan-strided": [f"{player}.{name}" for player in ADAM for name in ("beta1=0", "beta2=0.9")],
    "wgan-gp": [],
    "sngan-resnet": ["width=128", "critic_steps=5", "lr=2e-4"],
    "dcgan-relativistic": [],
}
"""Recipe -> keys that differ from its defaults; the recommended recipe as it is."""


def train(folder: Path, name: str, seconds: float, seed: int, out: Path, entry: str) -> None:
    """Train for a number of processor seconds, and keep samples."""
    recipe, *words = entry.split()
    keys = dict(word.split("=", 1) for word in words) | ({"data.classes": "horse"} if name == "horses" else {})
    with with_threads(1):
        run = OfRecipe(recipe, keys, str(folder / "cifar10-train.zip"), seed)
        while not run.done() and clock() < seconds:
            run.step()
    used = clock()
    game, form = run.game, run.dataset.form
    conditional = isinstance(game, Conditional) and game.num_classes > 1
    chunks = sample_chunks(game, SAMPLES, torch_rng(seed, "samples"))
    np.save(out.with_suffix(".npy"), np.concatenate([form.decode(chunk) for chunk in chunks]))
    facts = {
        "set": name,
        "entry": entry,
        "seed": seed,
        "seconds": seconds,
        "processor_seconds": round(used, 1),
        "steps": run.steps_taken,
        "planned_steps": run.trainer.steps,
        "class_labels": conditional,
        "precision": run.precision,
        "machine": described(),
        "date": date.today().isoformat(),
    }
    out.with_suffix(".json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(facts))


def real_images(folder: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    """uint8 (N, 32, 32, 3) images that FD compares with, and as many of the reference; sorted by class."""

    def read(archive: str, start: int, step: int, within: str = "") -> np.ndarray:
        with zipfile.ZipFile(folder / archive) as file:
            names = sorted(n for n in file.namelist() if n.endswith(".jpg") and n.startswith(within))[start::step]
            return np.stack([np.asarray(Image.open(file.open(n)).convert("RGB")) for n in names])

    if name == "horses":
        return read("cifar10-train.zip", 0, 2, "horse/"), read("cifar10-train.zip", 1, 2, "horse/")
    return read("cifar10-test.zip", 0, 2), read("cifar10-train.zip", 0, 10)


class Real:
    """Features of the real images of a set, and the classifier."""

    def __init__(self, folder: Path, name: str) -> None:
        compared, other = real_images(folder, name)
        self.compared = {e: extract(e, compared, on_disk=True)[0] for e in EXTRACTORS}
        self.other = {e: extract(e, other, on_disk=True)[0] for e in EXTRACTORS}
        self.reference = {e: frechet_distance(self.compared[e], self.other[e]) for e in EXTRACTORS}
        if name == "all":
            rows = self.other[EFFNET]
            self.mean, self.deviation = rows.mean(0), rows.std(0) + 1e-6
            standard, classes = self._standard(rows), np.repeat(np.arange(10), len(rows) // 10)
            gram = standard.T @ standard + RIDGE * np.eye(standard.shape[1])
            self.weights = np.linalg.solve(gram, standard.T @ np.eye(10)[classes])
            self.accuracy = self.accuracy_of(self.compared[EFFNET], np.repeat(np.arange(10), len(compared) // 10))

    def _standard(self, rows: np.ndarray) -> np.ndarray:
        """Standardised features and a column of ones."""
        return np.concatenate([(rows - self.mean) / self.deviation, np.ones((len(rows), 1))], axis=1)

    def accuracy_of(self, rows: np.ndarray, classes: np.ndarray) -> float:
        return float(((self._standard(rows) @ self.weights).argmax(1) == classes).mean())


def measured(out: Path, real: Real) -> dict[str, Any]:
    """The row of one training."""
    facts = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
    images = np.load(out.with_suffix(".npy"))[: COMPARED[facts["set"]]]
    made = {extractor: features(extractor, images) for extractor in EXTRACTORS}
    values = {f"fd[{e}]": round(frechet_distance(real.compared[e], made[e]), 4) for e in EXTRACTORS}
    values |= {f"fd[{e}] reference": round(real.reference[e], 4) for e in EXTRACTORS}
    if facts["set"] == "all" and facts["class_labels"]:
        # The labels of the samples are all classes in turn.
        values["class accuracy"] = round(real.accuracy_of(made[EFFNET], np.arange(len(images)) % 10), 4)
        values["class accuracy reference"] = round(real.accuracy, 4)
    return facts | values


def picture(folder: Path, outs: list[Path], file: Path) -> None:
    """Two rows of test images and of each OUT: all classes in turn where labels are used."""
    real, _ = real_images(folder, "all")
    first = real.reshape(len(CLASSES), -1, *real.shape[1:])[:, :2].swapaxes(0, 1)
    rows = [("test images", image_grid(first.reshape(-1, *real.shape[1:]), len(CLASSES), column_labels=CLASSES))]
    for out in outs:
        facts = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
        heads = CLASSES if facts["class_labels"] else None
        samples = np.load(out.with_suffix(".npy"))[: 2 * len(CLASSES)]
        name = f"{facts['entry'].split()[0]}, {facts['seconds'] / 60:g} minutes of one thread, seed {facts['seed']}"
        rows.append((name, image_grid(samples, len(CLASSES), column_labels=heads)))
    height = max(picture.height for _, picture in rows)
    rows = [(name, _taller(picture, height)) for name, picture in rows]
    comparison_sheet([(name, [picture]) for name, picture in rows], [""]).save(file, optimize=True)


def _taller(picture: Image.Image, height: int) -> Image.Image:
    """The picture on paper of that height."""
    page = Image.new("RGB", (picture.width, height), PAPER)
    page.paste(picture)
    return page


def protocol(folder: Path, out: Path, steps: int) -> None:
    """Every recipe of PROTOCOL with three seeds, by the commands that a person would type."""
    try:
        describe("inception")
    except UserError as error:
        sys.exit(str(error))
    for recipe, keys in PROTOCOL.items():
        for seed in range(3):
            run = str(out / f"{recipe}-{seed}")
            typed = [f"steps={steps}", "--recipe", recipe, "--seed", str(seed), "--out", run, "--resume", *keys]
            command("train", str(folder / "cifar10-train.zip"), *typed)
            command("measure", run, "--metrics", "fd[inception]", "--samples", "50000")


def command(*words: str) -> None:
    """A command of gannet; the script ends if it fails."""
    if status := subprocess.run([sys.executable, "-m", "gannet", *words], check=False).returncode:
        sys.exit(status)


def main() -> None:
    verb, folder, *rest = sys.argv[1:]
    if verb == "train":
        name, seconds, seed, out, entry = rest
        train(Path(folder), name, float(seconds), int(seed), Path(out), entry)
        return
    keep_freed_memory()
    if verb == "picture":
        picture(Path(folder), list(map(Path, rest[:-1])), Path(rest[-1]))
        return
    if verb == "protocol":
        protocol(Path(folder), Path(rest[0]), int(rest[1]) if rest[1:] else 100_000)
        return
    real: dict[str, Real] = {}
    for out in map(Path, rest):
        name = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))["set"]
        real[name] = real.get(name) or Real(Path(folder), name)
        row = measured(out, real[name])
        print(json.dumps({key: row[key] for key in row if key not in ("machine", "date")}), flush=True)
        rows = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
        same = ("set", "entry", "seed", "seconds")
        rows = [other for other in rows if any(other[key] != row[key] for key in same)] + [row]
        rows.sort(key=lambda r: (r["set"], r["seconds"], r["entry"], r["seed"]))
        RESULTS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
