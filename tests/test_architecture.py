"""The shape of the project: arrows point one way, files stay short, the command line is frozen."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "gannet"
FILES = sorted(SOURCE.rglob("*.py"))
HEAVY = {"torch", "matplotlib", "sklearn", "datasets", "scipy", "ot", "plotly", "starlette", "uvicorn", "anyio"}

BELOW = {
    "errors": set(),
    "files": {"errors"},
    "types": set(),
    "seeding": set(),
    "discovery": {"errors"},
    "keys": {"errors"},
    "arguments": {"errors", "discovery", "keys"},
    "losses": set(),
    "augmentations": {"errors"},
    "regularizers": {"types", "augmentations"},
    "priors": set(),
    "encodings": {"seeding"},
    "networks": {"types", "errors", "encodings", "augmentations"},
    "games": {"types", "losses", "regularizers", "networks", "priors"},
    "data": {"errors", "discovery", "seeding", "files"},
    "theory": {"errors"},
    "metrics": {"errors", "discovery", "seeding", "data", "theory", "files"},
    "figures": {"errors", "files"},
    "runs": {"errors", "files", "figures", "keys"},
    "health": set(),
    "training": {"errors", "types", "seeding", "games", "data", "health", "runs", "files"},
    "recipes": {
        "arguments", "errors", "data", "games", "losses", "regularizers", "priors", "encodings", "augmentations", "networks",
        "training",
    },
    "planning": {"arguments", "data", "discovery", "errors", "keys", "recipes", "runs", "seeding", "training"},
    "measuring": {"errors", "data", "games", "metrics", "seeding", "training"},
    "reopening": {"data", "discovery", "errors", "planning", "runs"},
    "steering": {"planning", "data", "errors", "runs", "training"},
    "forking": {"planning", "data", "discovery", "errors", "keys", "reopening", "runs", "steering", "training"},
    "launching": {"errors", "runs"},
    # The page starts trainings: on drawings, which become data, by recipes, whose names are listed; none of it imports torch.
    "dashboard": {"data", "discovery", "errors", "keys", "launching", "runs"},
    "outcome": {"errors", "runs", "training"},
    "session": {
        "planning", "data", "discovery", "errors", "forking", "games", "measuring", "outcome", "reopening", "runs", "steering", "training",
    },
    "trained": {
        "planning", "data", "errors", "files", "games", "measuring", "metrics", "reopening", "runs", "seeding", "training", "figures",
    },
    "doctor": {"arguments", "discovery", "errors", "health", "runs", "training"},
    "probing": {"data", "errors", "games", "planning", "runs", "seeding", "trained", "training"},
    "comparison": {
        "data", "errors", "figures", "files", "measuring", "metrics", "planning", "runs", "session", "trained", "training",
    },
    "reporting": {"errors", "planning", "training"},
    "python_api": {
        "comparison", "data", "errors", "forking", "outcome", "planning", "reporting", "session", "trained", "training", "discovery",
    },
    "testing": {
        "types", "errors", "data", "games", "losses", "regularizers", "augmentations", "networks", "metrics", "training", "seeding",
    },
    "cli": {
        "comparison", "dashboard", "errors", "discovery", "data", "doctor", "forking",
        "metrics", "outcome", "planning", "session", "trained", "training", "runs",
    },
    "__main__": {"cli"},
    "__init__": {"errors", "python_api", "recipes", "training"},
}  # fmt: skip
"""What each part may import."""


def _imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module or "")
    return names


def _part(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def test_everything_is_looked_at():
    assert {_part(p) for p in FILES} == set(BELOW)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_arrows_point_one_way(path):
    part = _part(path)
    targets = {name.split(".")[1] for name in _imports(path) if name.startswith("gannet.")} - {part}
    assert targets <= BELOW[part], f"{part} must not import {targets - BELOW[part]}"


def test_there_are_no_circles():
    resolved: set[str] = set()
    while ready := {part for part, below in BELOW.items() if part not in resolved and below <= resolved}:
        resolved |= ready
    assert resolved == set(BELOW)


def test_training_knows_games_by_contract_only():
    for path in (SOURCE / "training").glob("*.py"):
        games = {n for n in _imports(path) if n.startswith(("gannet.games", "gannet.losses", "gannet.networks", "gannet.regularizers"))}
        assert games <= {"gannet.games.base"}, path


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_files_are_short_and_say_what_they_are(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 320
    assert ast.get_docstring(ast.parse(text)) or not text.strip()
    assert path.stem not in {"utils", "util", "common", "helpers", "misc"}


def test_the_diagram_points_as_imports_do():
    [diagram] = re.findall(r"```\n(cli .*?)```", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"), re.DOTALL)
    arrows = [
        re.split(r" +(──>|<──) +", part.strip().removeprefix("──> "))
        for line in diagram.splitlines()
        for part in re.split(r"[;()│├└▲┐┘]| {3,}", line)
    ]
    pairs = [
        (chain[i], chain[i + 2]) if chain[i + 1] == "──>" else (chain[i + 2], chain[i])
        for chain in arrows
        for i in range(0, len(chain) - 2, 2)
    ]
    wrong = [
        f"{above} ──> {below}"
        for above, below in pairs
        if above and not any(set(below.split(", ")) & BELOW.get(name, set()) for name in above.split(", "))
    ]
    assert len(pairs) >= 6
    assert wrong == []


def test_no_line_of_the_architecture_stands_twice():
    lines = [line for line in (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines() if len(line) > 60]
    starts = [start for line in lines if (start := re.match(r"- \*\*(.+?)[.,]?\*\*", line))]
    assert len({start[1] for start in starts}) == len(starts)
    assert len(set(lines)) == len(lines)


def test_every_function_is_used():
    """Found by file: recipes, losses and so on are decorated functions or classes. ``testing`` and ``theory`` are for others to call."""
    files = [*FILES, *(ROOT / "scripts").glob("*.py"), *(ROOT / "benchmarks").glob("*.py")]
    texts = "\n".join(path.read_text(encoding="utf-8") for path in files)
    unused = [
        f"{path.relative_to(SOURCE)}: {node.name}"
        for path in FILES
        if _part(path) not in {"testing", "theory"}
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and not node.decorator_list and not node.name.startswith("__")
        if len(re.findall(rf"\b{node.name}\b", texts)) == 1
    ]
    assert unused == []


def test_the_page_has_no_file_without_use():
    static = SOURCE / "dashboard" / "static"
    files = [path for path in static.rglob("*") if path.is_file()]
    texts = "\n".join(path.read_text(encoding="utf-8") for path in (*files, *FILES))
    # Panels are found by their folder.
    assert [path.name for path in files if path.parent.name != "panels" and path.name not in texts] == []
    assert [path.name for path in files if not path.read_text(encoding="utf-8").strip()] == []


def _run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_help_imports_nothing_heavy():
    code = "import sys\nfrom gannet.cli import run\nrun(['--help'])\nprint('LOADED', *{m.split('.')[0] for m in sys.modules})"
    loaded = set(_run(code).split("LOADED")[1].split())
    assert not loaded & HEAVY


def test_listing_imports_nothing_heavy():
    code = "import sys\nfrom gannet.cli import run\nrun(['list', 'recipes'])\nprint('LOADED', *{m.split('.')[0] for m in sys.modules})"
    assert not set(_run(code).split("LOADED")[1].split()) & HEAVY


VERBS = {
    "train": {"--recipe", "--steps", "--seed", "--out", "--device", "--precision", "--quiet", "--help"},
    "resume": {"--steps", "--recipe", "--quiet", "--help"},
    "sample": {"-n", "--seed", "--label", "-o", "--interpolate", "--traverse", "--recipe", "--help"},
    "measure": {"--metrics", "--samples", "--json", "--recipe", "--help"},
    "watch": {"--port", "--no-browser", "--read-only", "--once", "--terminal", "--help"},
    "compare": {"--recipes", "--seeds", "--steps", "--metrics", "--samples", "--out", "--json", "--help"},
    "report": {"-o", "--gif", "--help"},
    "doctor": {"--json", "--help"},
    "list": {"--help"},
    "data": {"--help"},
    "weights": {"--help"},
}
"""The whole command line. A new flag is a decision: freedom lives in KEY=VALUE arguments of recipes."""


def test_the_command_line_is_frozen():
    import typer

    from gannet.cli import app

    command = typer.main.get_command(app)
    found = {name: {o for p in verb.params for o in p.opts if o.startswith("-")} | {"--help"} for name, verb in command.commands.items()}
    assert found == VERBS
