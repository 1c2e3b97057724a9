"""Keep what `gannet compare` found among the results, so that `make docs` shows it.

usage: python benchmarks/keep.py DIR NAME  -> benchmarks/results/compare-NAME.json and docs/pictures/compare-NAME.png

The specs of the cards, which repeat, are written once each, by their fingerprints; nothing is lost.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 720
"""Pixels of the picture in the docs."""


def compact(document: dict[str, Any]) -> dict[str, Any]:
    """The document with every spec under its fingerprint, and without the paths of the runs.

    Raises:
        SystemExit: runs are missing.
    """
    if not document["complete"]:
        sys.exit("This comparison is not complete: the same command of gannet compare goes on with it.")
    specs: dict[str, Any] = {}
    for recipe in document["recipes"]:
        for run in recipe["runs"]:
            run.pop("path", None)
            for card in run["cards"]:
                specs[card["fingerprint"]] = card.pop("spec")
    return {"specs": specs, **document}


def main(folder: Path, name: str) -> None:
    document = compact(json.loads((folder / "compare.json").read_text(encoding="utf-8")))
    text = json.dumps(document, separators=(",", ":"))
    (ROOT / "benchmarks/results" / f"compare-{name}.json").write_text(text + "\n", encoding="utf-8")
    with Image.open(folder / "samples.png") as sheet:
        small = sheet.convert("RGB").resize((WIDTH, round(sheet.height * WIDTH / sheet.width)), Image.Resampling.LANCZOS)
        small.quantize(255, method=Image.Quantize.MAXCOVERAGE).save(ROOT / "docs/pictures" / f"compare-{name}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
