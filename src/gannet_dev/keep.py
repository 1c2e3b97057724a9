"""Store a comparison of `gannet compare` in the results, so that `make docs` shows it.

usage: python -m gannet_dev.keep DIR NAME [--add | --replace]  -> benchmarks/results/compare-NAME.json and
docs/pictures/compare-NAME.png

--add adds the recipes to those stored under NAME; data, seeds, measurement and machine must be equal. --replace puts
them in the place of stored recipes of the same names, which the page then says; the figure is not drawn again. Every
spec is stored once, under its fingerprint, because the specs of cards repeat.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 720
"""Maximum width of the figure in the docs in pixels."""
SHARED = ("version", "data", "environment", "seeds", "measurement")


def compact(document: dict[str, Any]) -> dict[str, Any]:
    """The document with every spec under its fingerprint, and without the paths of the runs.

    Raises:
        SystemExit: runs are missing.
    """
    if not document["complete"]:
        sys.exit("This comparison is not complete. Repeat the same command of gannet compare to continue it.")
    specs: dict[str, Any] = {}
    for recipe in document["recipes"]:
        for run in recipe["runs"]:
            run.pop("path", None)
            for card in run["cards"]:
                specs[card["fingerprint"]] = card.pop("spec")
    return {"specs": specs, **document}


def joined(stored: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Both as one comparison.

    Raises:
        SystemExit: they differ in data, seeds, measurement or machine, or share a recipe.
    """
    if differ := [name for name in SHARED if stored[name] != new[name]]:
        sys.exit(f"The stored comparison differs in {', '.join(differ)}: store the new one under another name.")
    recipes = stored["recipes"] + new["recipes"]
    names = [entry["recipe"] for entry in recipes]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        sys.exit(f"Already stored: {', '.join(twice)}.")
    budget = {"steps": "steps", "batch_size": "batch size", "samples_seen": f"{stored['data']['form']['kind']} seen"}
    differences = [words for key, words in budget.items() if len({entry[key] for entry in recipes}) > 1]
    return stored | {"specs": stored["specs"] | new["specs"], "recipes": recipes, "budgets_differ_in": differences}


def replaced(stored: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The stored comparison with the new recipes in the place of those of the same names, which are named in it.

    Raises:
        SystemExit: they differ in data, seeds, measurement or machine, or a new recipe is not stored.
    """
    names = [entry["recipe"] for entry in new["recipes"]]
    order = [entry["recipe"] for entry in stored["recipes"]]
    if missing := sorted(set(names) - set(order)):
        sys.exit(f"Not stored: {', '.join(missing)}. Use --add.")
    others = stored | {"recipes": [entry for entry in stored["recipes"] if entry["recipe"] not in names]}
    made = joined(others, new)
    made["recipes"].sort(key=lambda entry: order.index(entry["recipe"]))
    used = {card["fingerprint"] for entry in made["recipes"] for run in entry["runs"] for card in run["cards"]}
    specs = {fingerprint: spec for fingerprint, spec in made["specs"].items() if fingerprint in used}
    return made | {"specs": specs, "replaced": sorted({*stored.get("replaced", []), *names})}


def picture(sheet: Path, above: Path | None) -> Image.Image:
    """The sheet of samples, scaled to the width of the docs, below the figure ``above`` if given."""
    with Image.open(sheet) as large:
        width = min(WIDTH, large.width)
        small = large.convert("RGB").resize(
            (width, round(large.height * width / large.width)), Image.Resampling.LANCZOS
        )
    if above:
        with Image.open(above) as older:
            both = Image.new("RGB", (max(older.width, small.width), older.height + small.height), "white")
            both.paste(older.convert("RGB"), (0, 0))
            both.paste(small, (0, older.height))
        small = both
    return small.quantize(255, method=Image.Quantize.MAXCOVERAGE)


def main(folder: Path, name: str, *, add: bool, replace: bool = False) -> None:
    results, shown = (
        ROOT / "benchmarks/results" / f"compare-{name}.json",
        ROOT / "docs/pictures" / f"compare-{name}.png",
    )
    document = compact(json.loads((folder / "compare.json").read_text(encoding="utf-8")))
    if add:
        document = joined(json.loads(results.read_text(encoding="utf-8")), document)
    if replace:
        document = replaced(json.loads(results.read_text(encoding="utf-8")), document)
        results.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")
        return
    drawn = picture(folder / "samples.png", shown if add else None)
    results.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")
    drawn.save(shown, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], add="--add" in sys.argv[3:], replace="--replace" in sys.argv[3:])
