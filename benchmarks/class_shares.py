"""How often each class comes among the samples of runs, benchmarks/results/class-shares.json.

    python benchmarks/class_shares.py EXTRACTOR RUN[@STEP]...

5,000 samples of the EMA generator and all training images, each with the class that the classifier EXTRACTOR finds
likeliest: the share of samples divided by the share of training images, for every class.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

import gannet
from gannet.features.extractors import responses

RESULTS = Path(__file__).parent / "results" / "class-shares.json"
SAMPLES = 5_000


def shares(extractor: str, images: np.ndarray) -> np.ndarray:
    """Share of each class among uint8 (N, H, W, C) images."""
    _, logits = responses(extractor, images)
    assert logits is not None
    return np.bincount(logits.argmax(1), minlength=logits.shape[1]) / len(images)


def main(extractor: str, *paths: str) -> None:
    rows = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    for path in paths:
        run = gannet.load(path)
        data = run.open_data()
        assert data.size is not None
        real, _ = data.reference(data.size, seed=0)
        made, _ = run.sample(SAMPLES)
        ratio = shares(extractor, made) / shares(extractor, real)
        row = {"recipe": run.run.record.recipe, "seed": run.run.record.settings["seed"], "step": run.step}
        row |= {"planned_steps": run.run.record.arguments["steps"], "extractor": extractor}
        rows = [other for other in rows if any(other[key] != row[key] for key in row)]
        rows.append(row | {"share_over_real_share": [round(float(value), 3) for value in ratio]})
        print(json.dumps(rows[-1]))
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
