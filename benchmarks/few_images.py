"""Few images: the default for few images against the plain recipe, benchmarks/results/few-images.json.

usage: python benchmarks/few_images.py FOLDER SET COUNT RECIPE SEED STEPS RUN [EXTRACTOR ...] [KEY=VALUE ...]

SET is horses (of CIFAR-10: FOLDER has cifar10-train.zip and cifar10-test.zip) or mnist (FOLDER has its IDX files). The
first COUNT training images are cut out and trained on; 4,000 others are held out: the last 3,000 training horses and
the 1,000 test horses, or the first 4,000 test digits. RECIPE is plain, the recommended recipe without augmentation, or
default, what `gannet train` chooses for so few images. The run is trained in the folder RUN; if it is finished, it is
only measured.

2,000 samples of the EMA generator are compared with 2,000 held-out images (FD; the reference is that of the other
2,000) and with all training images (C_T, AuthPct, distances to the nearest training image), in the features of every
EXTRACTOR; randconv-v1, which is untrained, if none is named.
"""

from __future__ import annotations

import json
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

import gannet
from gannet.features.extractors import features
from gannet.metrics.frechet import frechet_distance
from gannet.metrics.memorisation import authentic_percent, mann_whitney_z, nearest_squared
from gannet.recipes.base import RECOMMENDED
from gannet.runs.reader import Run

RESULTS = Path(__file__).parent / "results" / "few-images.json"
SAMPLES = 2_000
HELD_OUT = 4_000
QUICK = {"frames.every": 0, "measure.every": 0, "checkpoint.every": 0}


def images_of(folder: Path, name: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """uint8 (count, H, W, C) training images and (4000, H, W, C) held-out ones."""
    if name == "horses":
        train = [zipfile.ZipFile(folder / "cifar10-train.zip"), zipfile.ZipFile(folder / "cifar10-test.zip")]
        files = [
            sorted(n for n in archive.namelist() if n.startswith("horse/") and n.endswith(".jpg")) for archive in train
        ]
        pixels = [
            np.stack([np.asarray(Image.open(archive.open(n)).convert("RGB")) for n in names])
            for archive, names in zip(train, files, strict=True)
        ]
        return pixels[0][:count], np.concatenate([pixels[0][2_000:], pixels[1]])
    import gzip

    def digits(file: str) -> np.ndarray:
        data = gzip.decompress((folder / file).read_bytes())
        return np.frombuffer(data, np.uint8, offset=16).reshape(-1, 28, 28, 1)

    return digits("train-images-idx3-ubyte.gz")[:count], digits("t10k-images-idx3-ubyte.gz")[:HELD_OUT]


def save(images: np.ndarray, folder: Path) -> None:
    """One PNG for each image."""
    folder.mkdir(parents=True)
    for index, image in enumerate(images):
        Image.fromarray(image if image.shape[2] == 3 else image[:, :, 0]).save(folder / f"{index:05}.png")


def measured(extractors: list[str], train: np.ndarray, held_out: np.ndarray, fake: np.ndarray) -> dict[str, Any]:
    """The figures of each extractor."""
    found = {}
    for extractor in extractors:
        known, others, made = (features(extractor, images) for images in (train, held_out, fake))
        real, reference = others[:SAMPLES], others[SAMPLES:]
        near, near_held_out = (np.sqrt(nearest_squared(rows, known)) for rows in (made, others))
        found[extractor] = {
            "fd": frechet_distance(real, made),
            "fd reference": frechet_distance(real, reference),
            "fd of the training images": frechet_distance(real, known),
            "ct": mann_whitney_z(near, near_held_out),
            "authpct": authentic_percent((known,), (made,)),
            "authpct reference": authentic_percent((known,), (reference,)),
            "nearest training image, median": float(np.median(near)),
            "nearest training image, median of held-out": float(np.median(near_held_out)),
            "nearer than 98 % of held-out": float((near < np.quantile(near_held_out, 0.02)).mean()),
        }
    return found


def row(folder: Path, name: str, count: int, recipe: str, seed: int, steps: int, out: Path, more: list[str]) -> Any:
    """Train, if the run is not there, and measure."""
    train, held_out = images_of(folder, name, count)
    extractors = [word for word in more if "=" not in word] or ["randconv-v1"]
    typed = [word for word in more if "=" in word]
    data = out.with_name(f"{name}-{count}")
    if not data.exists():
        save(train, data / "train")
        save(held_out, data / "test")
    begin = time.process_time()
    if not out.exists():
        gannet.train(
            str(data),
            recipe=RECOMMENDED["images"] if recipe == "plain" else None,
            seed=seed,
            steps=steps,
            out=out,
            keys=QUICK | dict(word.split("=", 1) for word in typed),
        )
    seconds = round(time.process_time() - begin, 1)
    run = gannet.load(out)
    events = Run(out).events()
    vitals, terms = ([event.values for event in events if event.kind == kind] for kind in ("vitals", "terms"))
    probability = [values.get("discriminator/augmentation_probability") for values in terms]
    places = np.linspace(0, len(terms) - 1, 11).astype(int)
    fake, _ = run.sample(SAMPLES)
    words = ["python benchmarks/few_images.py FOLDER", name, str(count), recipe, str(seed), str(steps), "RUN", *typed]
    record = run.run.record
    return {
        "command": " ".join(words),
        "set": name,
        "images": count,
        "recipe": record.recipe,
        "seed": seed,
        "steps": steps,
        "keys": typed,
        "processor_seconds": seconds if seconds > 1 else None,
        "figures": measured(extractors, train, held_out, fake),
        "augmentation_probability": [round(probability[k], 3) for k in places] if probability[-1] is not None else [],
        "training_above_held_out": [round(values["training_above_held_out"] or 0, 3) for values in vitals][-8:],
        "separation": [round(values["separation"] or 0, 3) for values in vitals][-8:],
        "environment": {key: record.environment[key] for key in ("torch", "cpu_capability", "threads", "precision")},
    }


def main() -> None:
    """Add a row to the record; a row of the same command gets the new figures."""
    folder, name, count, recipe, seed, steps, out, *more = sys.argv[1:]
    torch.set_num_threads(1)
    found = row(Path(folder), name, int(count), recipe, int(seed), int(steps), Path(out), more)
    rows = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    for older in rows:
        if older["command"] == found["command"]:
            found["figures"] = older["figures"] | found["figures"]
            found["processor_seconds"] = found["processor_seconds"] or older["processor_seconds"]
    rows = [older for older in rows if older["command"] != found["command"]] + [found]
    rows.sort(key=lambda r: (r["set"], r["images"], r["steps"], r["recipe"], r["keys"], r["seed"]))
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
