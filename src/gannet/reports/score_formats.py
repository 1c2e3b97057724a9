"""A score table as Markdown, CSV or LaTeX (booktabs), chosen by the suffix of a file."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Sequence
from pathlib import Path

from gannet.errors import UserError, one_line
from gannet.files import written_whole
from gannet.reports.score_table import Cell, ScoreTable

ARROWS = {"lower": "↓", "higher": "↑", "one": "→ 1", "real": "→ real"}
TEX_ARROWS = {"lower": r"$\downarrow$", "higher": r"$\uparrow$", "one": r"$\to 1$", "real": r"$\to$ real"}
TEX_LETTERS = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$"} | {
    letter: f"\\{letter}" for letter in "&%$#_{}"
}
CSV_HEAD = (
    "metric", "label", "better", "mean", "standard_deviation", "low", "high", "runs_with_value", "runs", "seeds",
    "reference",
    "n_real", "n_fake", "weights", "fingerprint",
)  # fmt: skip


def markdown(table: ScoreTable) -> str:
    """A Markdown table with its notes below."""
    head = ["", *(f"{c.label} {ARROWS.get(c.better, '')}".strip() for c in table.columns)]
    lines = [head, [":--", *("--:" for _ in table.columns)]]
    for method in table.methods:
        cells = [
            f"**{text}**" if table.is_best(method, c) else text
            for c in table.columns
            for text in [written(table.cells[method.name, c.metric])]
        ]
        lines.append([method.name, *cells])
    if any(c.reference is not None for c in table.columns):
        lines.append(["real data", *("-" if c.reference is None else _number(c.reference) for c in table.columns)])
    rows = "\n".join(f"| {' | '.join(one_line(cell).replace('|', '&#124;') for cell in line)} |" for line in lines)
    return f"{one_line(table.title)}\n\n{rows}\n\n" + "\n".join(f"- {one_line(note)}" for note in table.notes) + "\n"


def latex(table: ScoreTable) -> str:
    """A ``table`` environment for the package booktabs, with the protocol as a footnote below the rules."""

    def line(cells: Sequence[str]) -> str:
        return "    " + " & ".join(cells) + r" \\"

    rows = []
    for method in table.methods:
        cells = [_tex(written(table.cells[method.name, c.metric])) for c in table.columns]
        bold = [
            rf"\textbf{{{text}}}" if table.is_best(method, c) else text
            for c, text in zip(table.columns, cells, strict=True)
        ]
        rows.append(line([_tex(method.name), *bold]))
    if any(c.reference is not None for c in table.columns):
        references = ["--" if c.reference is None else _number(c.reference) for c in table.columns]
        rows += [r"    \midrule", line(["real data", *references])]
    return "\n".join(
        [
            r"% \usepackage{booktabs}",
            r"\begin{table}",
            r"  \centering",
            rf"  \caption{{{_tex(table.title)}}}",
            rf"  \begin{{tabular}}{{l{'r' * len(table.columns)}}}",
            r"    \toprule",
            line(["", *(f"{_tex(c.label)} {TEX_ARROWS.get(c.better, '')}".strip() for c in table.columns)]),
            r"    \midrule",
            *rows,
            r"    \bottomrule",
            r"  \end{tabular}",
            r"  \par\smallskip",
            rf"  {{\footnotesize {' '.join(_tex(note) for note in table.notes)}}}",
            r"\end{table}",
            "",
        ]
    )


def as_csv(table: ScoreTable) -> str:
    """A line for each method and metric, with full precision; empty where there is no value. Keys that differ have
    columns.
    """
    keys = list(dict.fromkeys(key for method in table.methods for key in method.keys))
    content = io.StringIO()
    writer = csv.writer(content, lineterminator="\n")
    writer.writerow(["method", *keys, *CSV_HEAD])
    for method in table.methods:
        for c in table.columns:
            cell = table.cells[method.name, c.metric]
            low, high = cell.interval or (None, None)
            seeds = " ".join(map(str, method.seeds))
            values = [
                cell.mean,
                cell.spread,
                low,
                high,
                len(cell.values),
                cell.runs,
                seeds,
                c.reference,
                c.n_real,
                c.n_fake,
            ]
            texts = ["" if value is None else value for value in values]
            writer.writerow(
                [
                    method.name,
                    *(method.keys.get(key, "") for key in keys),
                    c.metric,
                    c.label,
                    c.better,
                    *texts,
                    c.weights,
                    c.fingerprint,
                ]
            )
    return content.getvalue()


WRITERS: dict[str, Callable[[ScoreTable], str]] = {".md": markdown, ".csv": as_csv, ".tex": latex}


def require_suffix(path: Path) -> None:
    """Raise a :class:`UserError` for a file whose suffix is not that of a format."""
    if path.suffix not in WRITERS:
        raise UserError(
            f"-o {path}: write to a file that ends in .md (Markdown), .csv (for pandas) or .tex (LaTeX with booktabs)."
        )


def save(table: ScoreTable, path: Path) -> None:
    """Write the table in the format of the file's suffix.

    Raises:
        UserError: another suffix, or the file cannot be written.
    """
    require_suffix(path)
    with written_whole(path) as file:
        file.write(WRITERS[path.suffix](table).encode(errors="backslashreplace"))


def written(cell: Cell) -> str:
    """``0.25 ± 0.03``: the spread with two digits, the mean as exact as its spread."""
    if cell.mean is None:
        return f"none (0 of {cell.runs})"
    some = "" if len(cell.values) == cell.runs else f" ({len(cell.values)} of {cell.runs})"
    if cell.spread is None:
        interval = "" if cell.interval is None else f" ({_number(cell.interval[0])} to {_number(cell.interval[1])})"
        return _number(cell.mean) + interval + some
    if not cell.spread:
        return f"{_number(cell.mean)} ± 0{some}"
    places = 1 - math.floor(math.log10(cell.spread))
    if places > 6 or abs(cell.mean) >= 1e6:
        return f"{cell.mean:.3g} ± {cell.spread:.2g}{some}"
    return f"{round(cell.mean, places):.{max(0, places)}f} ± {round(cell.spread, places):.{max(0, places)}f}{some}"


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e6 else f"{value:.3g}"


def _tex(text: str) -> str:
    return "".join(TEX_LETTERS.get(letter, letter) for letter in text)
