"""The shape of the project: arrows point one way, files stay short, the command line is frozen."""

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "gannet"
FILES = sorted(SOURCE.rglob("*.py"))
HEAVY = {"torch", "matplotlib", "sklearn", "datasets", "scipy", "ot", "plotly", "starlette", "uvicorn", "anyio"}

ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
BELOW = {
    room: set(imports.split(", ")) - {"-"}
    for room, imports in re.findall(
        r"^\| `([\w.]+)` \| [^|]+ \| ([\w., -]+) \|$", ARCHITECTURE.split("```mermaid")[0], re.MULTILINE
    )
}
"""What each room may import: the table of ARCHITECTURE.md is what this test enforces."""

NESTED = {"dashboard.probes"}
"""Rooms within a room that have their row: probes load networks, the server never does."""


def _imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module or "")
            names |= {f"gannet.{alias.name}" for alias in node.names if node.module == "gannet"}
    return names


def _part(path: Path) -> str:
    return _room(".".join(path.relative_to(SOURCE).with_suffix("").parts))


def _room(module: str) -> str:
    """``training.loop`` -> ``training``; ``dashboard.probes.base`` -> ``dashboard.probes``."""
    return next((room for room in NESTED if module == room or module.startswith(room + ".")), module.split(".")[0])


def test_everything_is_looked_at():
    assert {_part(p) for p in FILES} == set(BELOW)


def test_arrows_point_one_way():
    wrong = [
        f"{path.relative_to(SOURCE)} must not import {room}"
        for path in FILES
        for room in sorted(
            {_room(name.removeprefix("gannet.")) for name in _imports(path) if name.startswith("gannet.")}
        )
        if room not in BELOW[_part(path)] | {_part(path)}
    ]
    assert wrong == []


def test_no_arrow_of_the_table_is_unused():
    used: dict[str, set[str]] = {}
    for path in FILES:
        rooms = {_room(name.removeprefix("gannet.")) for name in _imports(path) if name.startswith("gannet.")}
        used.setdefault(_part(path), set()).update(rooms - {_part(path)})
    assert used == BELOW


def test_few_modules_lie_at_the_top():
    assert len([path for path in SOURCE.glob("*.py") if not path.stem.startswith("__")]) <= 7


def test_there_are_no_circles():
    resolved: set[str] = set()
    while ready := {part for part, below in BELOW.items() if part not in resolved and below <= resolved}:
        resolved |= ready
    assert resolved == set(BELOW)


def test_training_knows_games_by_contract_only():
    for path in (SOURCE / "training").glob("*.py"):
        games = {
            n
            for n in _imports(path)
            if n.startswith(("gannet.games", "gannet.losses", "gannet.networks", "gannet.regularizers"))
        }
        assert games <= {"gannet.games.base", "gannet.games.labels"}, path


def test_files_are_short_and_say_what_they_are():
    texts = {path.relative_to(SOURCE): path.read_text(encoding="utf-8") for path in FILES}
    assert [path for path, text in texts.items() if len(text.splitlines()) > 360] == []
    assert [path for path, text in texts.items() if text.strip() and not ast.get_docstring(ast.parse(text))] == []
    assert [path for path in texts if path.stem in {"utils", "util", "common", "helpers", "misc"}] == []


def test_the_diagram_shows_the_arrows_that_do_not_follow_from_others():
    [diagram] = re.findall(r"```mermaid\ngraph TD\n(.*?)```", ARCHITECTURE, re.DOTALL)
    drawn = {
        (a, b) for line in diagram.splitlines() for a, rest in [line.strip().split(" --> ")] for b in rest.split(" & ")
    }
    modules = {path.stem for path in SOURCE.glob("*.py")} - {"api"}
    arrows = {room: below - modules for room, below in BELOW.items() if room not in modules}

    def reached(room: str) -> set[str]:
        return arrows[room].union(*(reached(below) for below in arrows[room]))

    needed = {
        (a, b) for a, below in arrows.items() for b in below if not any(b in reached(other) for other in below - {b})
    }
    assert drawn == needed


def test_the_structure_fits_on_a_page():
    assert len(ARCHITECTURE.splitlines()) <= 120


def test_no_decision_stands_twice():
    lines = [
        line for line in (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8").splitlines() if len(line) > 60
    ]
    starts = [start for line in lines if (start := re.match(r"- \*\*(.+?)[.,]?\*\*", line))]
    assert len(starts) > 30
    assert len({start[1] for start in starts}) == len(starts)
    assert len(set(lines)) == len(lines)


def test_every_function_is_used():
    """Found by file: recipes, losses and so on are decorated functions or classes. ``testing`` and ``theory`` are
    for others to call.
    """
    files = [
        *FILES,
        *(path for folder in ("src/gannet_dev", "scripts", "benchmarks") for path in (ROOT / folder).rglob("*.py")),
    ]
    words = Counter(word for path in files for word in re.findall(r"\w+", path.read_text(encoding="utf-8")))
    unused = [
        f"{path.relative_to(SOURCE)}: {node.name}"
        for path in FILES
        if _part(path) not in {"testing", "theory"}
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and not node.decorator_list and not node.name.startswith("__")
        if words[node.name] == 1
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
    code = (
        "import sys\nfrom gannet.cli import run\nrun(['--help'])\nprint('LOADED', *{m.split('.')[0] for m in "
        "sys.modules})"
    )
    loaded = set(_run(code).split("LOADED")[1].split())
    assert not loaded & HEAVY


def test_listing_imports_nothing_heavy():
    code = (
        "import sys\nfrom gannet.cli import run\nrun(['list', 'recipes'])\nprint('LOADED', *{m.split('.')[0] for m "
        "in sys.modules})"
    )
    assert not set(_run(code).split("LOADED")[1].split()) & HEAVY


VERBS = {
    "train": {
        "--devices",
        "--shard",
        "--recipe",
        "--steps",
        "--seed",
        "--out",
        "--init",
        "--device",
        "--precision",
        "--resume",
        "--max-time",
        "--stop-when",
        "--patience",
        "--quiet",
        "--help",
    },
    "resume": {
        "--steps",
        "--recipe",
        "--devices",
        "--shard",
        "--max-time",
        "--stop-when",
        "--patience",
        "--quiet",
        "--help",
    },
    "status": {"--json", "--help"},
    "stop": {"--help"},
    "sample": {
        "-n",
        "--seed",
        "--label",
        "-o",
        "--interpolate",
        "--traverse",
        "--truncate",
        "--recipe",
        "--caption",
        "--help",
    },
    "invert": {"-o", "--label", "--seed", "--json", "--recipe", "--help"},
    "apply": {"--to", "-o", "--recipe", "--help"},
    "export": {"--format", "--part", "-o", "--recipe", "--help"},
    "measure": {"--metrics", "--samples", "--json", "--recipe", "--against", "-o", "--help"},
    "watch": {"--port", "--no-browser", "--read-only", "--once", "--terminal", "--help"},
    "table": {"-o", "--metrics", "--help"},
    "compare": {
        "--recipes",
        "--seeds",
        "--steps",
        "--metrics",
        "--samples",
        "--jobs",
        "--on",
        "--sweep",
        "--out",
        "--json",
        "--help",
    },
    "report": {"-o", "--gif", "--help"},
    "doctor": {"--json", "--help"},
    "clean": {"--dry-run", "--help"},
    "list": {"--help"},
    "describe": {"--help"},
    "data": {"--help"},
    "config": {"--help"},
    "weights": {"--help"},
}
"""The whole command line. A new flag is a decision: freedom lives in KEY=VALUE arguments of recipes."""


def test_the_command_line_is_frozen():
    import typer

    from gannet.cli import app

    command = typer.main.get_command(app)
    found = {
        name: {o for p in verb.params for o in p.opts if o.startswith("-")} | {"--help"}
        for name, verb in command.commands.items()
    }
    assert found == VERBS
    assert {o for p in command.params for o in p.opts} == {"--version", "--install-completion", "--show-completion"}


def test_what_tests_import_is_declared_once():
    """Their shared code and the scripts that they test are found by ``pythonpath`` in pyproject.toml, and by nothing
    else.
    """
    changed = re.compile(r"^\s*sys\.path(\.insert|\.append|\.extend|\[.*\] =| =| \+=)", re.MULTILINE)
    assert [
        str(file) for file in Path(__file__).parent.rglob("*.py") if changed.search(file.read_text(encoding="utf-8"))
    ] == []
