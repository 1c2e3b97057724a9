"""A comparison as a notebook shows it: the table of scores, and samples of every run."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from gannet.reports.notebook import file_html
from gannet.runs.rounding import written
from gannet.runs.score_cards import ARROWS

if TYPE_CHECKING:
    from gannet.comparison.result import Result, Summary

HEADINGS = ("metric", "", "recipe", "mean ± sd", "runs", "real data")


def result_html(result: Result) -> str:
    """Mean and standard deviation over the seeds of every metric of every recipe, with samples.png below it."""
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in _cells(summary))}</tr>" for summary in result.summaries()
    )
    head = "".join(f"<th>{name}</th>" for name in HEADINGS)
    picture = result.path / "samples.png"
    shown = f"<div>{file_html(picture)}</div>" if picture.is_file() else ""
    done = f"{len(result.rows)} of {len(result.comparison.entries)} runs in <code>{escape(str(result.path))}</code>"
    return f"<div>{done}<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{shown}</div>"


def _cells(summary: Summary) -> tuple[str, ...]:
    mean = "none" if summary.mean is None else written(summary.mean, summary.n_fake)
    spread = "" if summary.deviation is None else f" ± {summary.deviation:.2g}"
    reference = "" if summary.reference is None else written(summary.reference, summary.n_fake)
    runs = f"{summary.count} of {summary.runs}"
    return summary.label, ARROWS.get(summary.better, ""), summary.recipe, f"{mean}{spread}", runs, reference
