"""Pages of docs/ from the source: one for each recipe and for each kind of component.

The sources of docs/methods/NAME.md are the docstrings of the recipe (CONTRIBUTING.md describes its paragraphs) and of
its game, loss and regularizers, its typed arguments, docs/pictures/NAME.png if it exists, and results in
benchmarks/results/*.json. docs/results/compare-NAME.md shows a comparison stored by gannet_dev/keep.py. The other
results pages come from benchmarks/results/tables-NAME.json (see tables.py), watching-MODE.json, speed-KIND.json,
speedrun-NAME.json, cifar10.json and few-images.json; the README files contain a table of speed-KIND.json.
"""

from __future__ import annotations

from pathlib import Path

from gannet.catalogue.kinds import SINGULAR
from gannet.catalogue.page import below_summary
from gannet.catalogue.parts import SUITS, made_of, suits
from gannet.catalogue.text import Paragraphs, links, markdown, one_line
from gannet.discovery import Component, components
from gannet.recipes.base import Recipe
from gannet_dev.docs import cifar10, few_images
from gannet_dev.docs.arguments import argument_table
from gannet_dev.docs.comparison import comparison_page, comparisons
from gannet_dev.docs.faults import RECORD, fault_page
from gannet_dev.docs.measured import Measured, measured_tables, read_measured
from gannet_dev.docs.proofs import proof_tables
from gannet_dev.docs.speed import READMES, speed_page, with_speed_table
from gannet_dev.docs.speedrun import speedrun_page
from gannet_dev.docs.tables import method_sections, table_pages
from gannet_dev.docs.translations import translation_table
from gannet_dev.docs.watching import watching_page

ROOT = Path(__file__).resolve().parents[3]
METHODS = Path("docs/methods")
PICTURES = Path("docs/pictures")
RESULTS = Path("docs/results")
MEASURED = Path("benchmarks/results")
NOTICE = "<!-- Made by `make docs` from the source. Do not edit. -->"
PARTS = {
    "games": "Games",
    "losses": "Losses",
    "regularizers": "Regularizers",
    "augmentations": "Augmentations",
    "degradations": "Degradations",
    "priors": "Priors",
    "metrics": "Metrics",
}
"""Kinds of components with a separate page -> title of the page."""
PROOFS = "tests/learning explains the figures, and [methods with a bug](../results/plausible-bugs.md) miss the bounds"


def pages(root: Path = ROOT) -> dict[Path, str]:
    """Every generated page by its path relative to the root of the repository."""
    measured = read_measured(root / MEASURED)
    recipes = components("recipes")
    made = {METHODS / f"{name}.md": method_page(found, measured, root) for name, found in recipes.items()}
    made[METHODS / "README.md"] = index_page(recipes)
    made |= {Path("docs") / f"{kind}.md": parts_page(kind, title) for kind, title in PARTS.items()}
    made |= {RESULTS / f"{name}.md": text for name, text in table_pages(root / MEASURED, measured).items()}
    if list((root / MEASURED).glob("watching-*.json")):
        made[RESULTS / "watching.md"] = watching_page(root / MEASURED)
    if (root / MEASURED / RECORD).is_file():
        made[RESULTS / "faults.md"] = fault_page(root / MEASURED)
    if list((root / MEASURED).glob("speed-*.json")):
        made[RESULTS / "speed.md"] = speed_page(root / MEASURED)
    if list((root / MEASURED).glob("speedrun-*.json")):
        made[RESULTS / "speedrun.md"] = speedrun_page(root / MEASURED)
    if (root / MEASURED / cifar10.RECORD).is_file():
        made[RESULTS / "cifar10.md"] = cifar10.cifar10_page(root / MEASURED)
    if (root / MEASURED / few_images.RECORD).is_file():
        made[RESULTS / "few-images.md"] = few_images.few_images_page(root / MEASURED)
    for name, words in READMES.items():
        if (root / name).is_file():
            text = (root / name).read_text(encoding="utf-8")
            made[Path(name)] = with_speed_table(text, words, root / MEASURED)
    made |= {RESULTS / file.name.replace(".json", ".md"): comparison_page(file, root) for file in comparisons(root)}
    return made


def stale(root: Path = ROOT) -> list[str]:
    """One sentence for each page on disk that is out of date."""
    made = pages(root)
    wrong = [
        f"{path} is out of date."
        for path, text in made.items()
        if not (root / path).is_file() or (root / path).read_text(encoding="utf-8") != text
    ]
    there = {path.relative_to(root) for path in (root / METHODS).glob("*.md")}
    return wrong + [f"{path} belongs to no recipe." for path in sorted(there - set(made))]


def method_page(found: Component, measured: list[Measured], root: Path) -> str:
    recipe: Recipe = found.load()
    docstring = Paragraphs(below_summary(recipe.function, found.summary))
    sections = [NOTICE, f"# {found.name}", f"{markdown(found.summary)} {suits(recipe)}", docstring.opening]
    picture = PICTURES / f"{found.name}.png"
    if (root / picture).is_file():
        sections.append(f"![Samples of {found.name}](../pictures/{picture.name})")
    sections += [f"## {name}\n\n{text}" for name, text in docstring.named.items() if name != "Keys"]
    sections.append("## Components\n\n" + "\n\n".join(part_of_page(part) for part in made_of(recipe)))
    sections.append("## Arguments\n\n" + argument_table(recipe, docstring.named.get("Keys", "")))
    tables = [
        measured_tables(found.name, measured),
        method_sections(found.name, root / MEASURED, measured),
        translation_table(found.name, root / MEASURED),
    ]
    sections.append(
        "## Measured\n\n" + ("\n\n".join(filter(None, tables)) or "benchmarks/results contains only the proof.")
    )
    if proofs := proof_tables(found.name, root / MEASURED):
        sections.append(f"## Proof that it learns\n\n`make learn` runs these short trainings; {PROOFS}.\n\n{proofs}")
    sections.append(
        f"Source: [`{found.path.name}`](../../src/gannet/recipes/{found.path.name}). [All methods](README.md)."
    )
    return "\n\n".join(sections) + "\n"


def part_of_page(part: Component) -> str:
    return (
        f"**{SINGULAR[part.kind].capitalize()} [`{part.name}`](../{part.kind}.md#{part.name})**: "
        f"{markdown(part.load().__doc__ or '')}"
    )


def index_page(recipes: dict[str, Component]) -> str:
    rows = ["| method | | data | components | paper |", "|---|---|---|---|---|"]
    for name, found in recipes.items():
        recipe: Recipe = found.load()
        parts = ", ".join(f"[{p.name}](../{p.kind}.md#{p.name})" for p in made_of(recipe))
        papers = links(recipe.function.__doc__ or "")
        paper = f"[{papers[0].removeprefix('https://')}]({papers[0]})" if papers else ""
        suited = SUITS[recipe.kind] + (" with labels" if recipe.labels else "")
        rows.append(f"| [`{name}`]({name}.md) | {one_line(found.summary)} | {suited} | {parts} | {paper} |")
    head = f"{NOTICE}\n\n# Methods\n\n{len(recipes)} recipes: `gannet train DATA --recipe NAME` trains one."
    others = ", ".join(f"[{title.lower()}](../{kind}.md)" for kind, title in PARTS.items())
    return f"{head} Their components: {others}.\n\n" + "\n".join(rows) + "\n"


def parts_page(kind: str, title: str) -> str:
    sections = [NOTICE, f"# {title}"]
    for name, found in components(kind).items():
        loaded = found.load()
        text = loaded.__doc__ if isinstance(loaded, type) else ""
        facts = f"\n\nBetter: {loaded.better}. Measures: {', '.join(loaded.kinds)}." if kind == "metrics" else ""
        sections.append(f"## {name}\n\n{markdown(text or found.summary)}{facts}")
    return "\n\n".join(sections) + "\n"


def main(*words: str) -> int:
    """Write all pages; with ``--check`` only say which are out of date, with exit status 1."""
    if words == ("--check",):
        wrong = stale()
        print("\n".join([*wrong, "Run `make docs` and commit the pages."] if wrong else ["docs are up to date"]))
        return 1 if wrong else 0
    made = pages()
    for path in (ROOT / METHODS).glob("*.md"):
        if path.relative_to(ROOT) not in made:
            path.unlink()
    for path, text in made.items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")
    print(f"wrote {len(made)} pages")
    return 0
