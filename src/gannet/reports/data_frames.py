"""What a run recorded as data frames of pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gannet.runs.reader import Run

if TYPE_CHECKING:
    from pandas import DataFrame


def terms_frame(run: Run) -> DataFrame:
    """One row for each step at which terms were recorded, one column for each term; NaN where a value is missing."""
    from pandas import DataFrame, Series

    columns = {name: Series(values, index=steps) for name, (steps, values) in run.terms().items()}
    made = DataFrame({name: series[~series.index.duplicated(keep="last")] for name, series in columns.items()})
    return made.sort_index().rename_axis("step")


def frames_frame(run: Run) -> DataFrame:
    """One row for each recorded frame: its step and ``path``, for ``run.load_frame``."""
    from pandas import DataFrame

    frames = run.frames()
    return DataFrame({"path": [str(path) for _, path in frames]}, index=[step for step, _ in frames]).rename_axis(
        "step"
    )


def scores_frame(run: Run) -> DataFrame:
    """One row for each score card, in the order in which they were measured."""
    from pandas import DataFrame

    rows = [
        {
            "step": card.step,
            "metric": card.metric,
            "value": card.value,
            "low": card.ci95[0] if card.ci95 else None,
            "high": card.ci95[1] if card.ci95 else None,
            "reference": card.reference,
            "better": card.better,
            "n": card.n_fake,
            "weights": card.weights,
            "fingerprint": card.fingerprint,
        }
        for card in run.scores()
    ]
    return DataFrame(rows)
