"""Keep what `gannet compare` found among the results, so that `make docs` shows it.

usage: python benchmarks/keep.py DIR NAME [--add]  -> benchmarks/results/compare-NAME.json and docs/pictures/compare-NAME.png

With --add the recipes join those that are kept under NAME already, which takes the same data, seeds, measurement and machine.
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
SHARED = ("version", "data", "environment", "seeds", "measurement")


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


def joined(kept: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Both as one comparison.

    Raises:
        SystemExit: they are not of one kind, or share a recipe.
    """
    if differ := [name for name in SHARED if kept[name] != new[name]]:
        sys.exit(f"The kept comparison differs in {', '.join(differ)}: keep the new one under another name.")
    recipes = kept["recipes"] + new["recipes"]
    names = [entry["recipe"] for entry in recipes]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        sys.exit(f"Kept already: {', '.join(twice)}.")
    budget = {"steps": "steps", "batch_size": "batch size", "samples_seen": f"{kept['data']['form']['kind']} seen"}
    differences = [words for key, words in budget.items() if len({entry[key] for entry in recipes}) > 1]
    return kept | {"specs": kept["specs"] | new["specs"], "recipes": recipes, "budgets_differ_in": differences}


def picture(sheet: Path, above: Path | None) -> Image.Image:
    """The sheet of samples, no wider than the docs, below another one if one is given."""
    with Image.open(sheet) as large:
        width = min(WIDTH, large.width)
        small = large.convert("RGB").resize((width, round(large.height * width / large.width)), Image.Resampling.LANCZOS)
    if above:
        with Image.open(above) as older:
            both = Image.new("RGB", (max(older.width, small.width), older.height + small.height), "white")
            both.paste(older.convert("RGB"), (0, 0))
            both.paste(small, (0, older.height))
        small = both
    return small.quantize(255, method=Image.Quantize.MAXCOVERAGE)


def main(folder: Path, name: str, *, add: bool) -> None:
    results, shown = ROOT / "benchmarks/results" / f"compare-{name}.json", ROOT / "docs/pictures" / f"compare-{name}.png"
    document = compact(json.loads((folder / "compare.json").read_text(encoding="utf-8")))
    if add:
        document = joined(json.loads(results.read_text(encoding="utf-8")), document)
    drawn = picture(folder / "samples.png", shown if add else None)
    results.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")
    drawn.save(shown, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], add="--add" in sys.argv[3:])
