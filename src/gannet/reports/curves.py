"""The curves of a run as a figure for a paper."""

from __future__ import annotations

from pathlib import Path

from gannet.errors import UserError
from gannet.figures.curves import paper_curves
from gannet.figures.paper import file_of
from gannet.files import written_whole
from gannet.runs.reader import Run


def save_curves(run: Run, path: str | Path) -> int:
    """Write the recorded terms as ``.svg`` or ``.pdf``, as wide as a column of a paper. Returns the size in bytes.

    Raises:
        UserError: nothing was recorded, or the file cannot be written.
    """
    terms = run.terms()
    if not terms:
        raise UserError(f"{run.path} has no recorded terms, so there are no curves to draw.")
    content = file_of(paper_curves(terms), Path(path).suffix)
    with written_whole(Path(path)) as file:
        file.write(content)
    return len(content)
