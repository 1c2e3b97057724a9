"""Execute a notebook's cells in this process, as Jupyter does: the value of the last expression is shown."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "examples" / "notebooks"


def cells_of(path: Path) -> list[str]:
    """The code of every code cell."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in document["cells"] if cell["cell_type"] == "code"]


def executed(path: Path, replaced: dict[str, str] | None = None) -> list[Any]:
    """What each code cell shows: HTML, PNG or text of its last expression; None without one.

    Args:
        path: the notebook.
        replaced: text of the cells -> what stands there instead, such as fewer steps.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    shown = []
    for number, code in enumerate(cells_of(path)):
        for old, new in (replaced or {}).items():
            code = code.replace(old, new)
        tree = ast.parse(code)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, f"{path.stem}, cell {number}", "exec"), names)
        value = None if last is None else eval(compile(ast.Expression(last.value), path.stem, "eval"), names)
        shown.append(None if code.rstrip().endswith(";") else _shown(value))
    return shown


def _shown(value: object) -> object:
    for method in ("_repr_html_", "_repr_png_"):
        if hasattr(value, method) and (shown := getattr(value, method)()) is not None:
            return shown
    return None if value is None else repr(value)
