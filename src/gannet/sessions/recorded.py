"""What a run recorded, for Python: figures, data frames and an animation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gannet.data.base import Progress, silent
from gannet.errors import UserError
from gannet.runs.reader import Run

if TYPE_CHECKING:
    from pandas import DataFrame

    from gannet.figures.shown import ShownFigure


class Recorded:
    """The part of :class:`TrainedRun` that needs no checkpoint."""

    run: Run
    """The run directory."""

    def figure(self, what: Literal["training", "samples", "plan"] = "training") -> ShownFigure:
        """A figure of matplotlib whose axes can be restyled: the recorded terms, the newest recorded samples, or the
        earth mover's plan of points.

        Raises:
            UserError: an unknown name, nothing recorded, or a plan of images.
        """
        from gannet.reports import run_figures

        known = {
            "training": run_figures.training_figure,
            "samples": run_figures.samples_figure,
            "plan": run_figures.plan_figure,
        }
        if what not in known:
            raise UserError(f"figure({what!r}): no such figure. Allowed: {', '.join(known)}.")
        return known[what](self.run)

    def terms(self) -> DataFrame:
        """The recorded terms: one row for each recorded step, one column for each term."""
        from gannet.reports.data_frames import terms_frame

        return terms_frame(self.run)

    def frames(self) -> DataFrame:
        """The recorded frames: one row for each, with its step and ``path``, which ``run.run.load_frame`` reads."""
        from gannet.reports.data_frames import frames_frame

        return frames_frame(self.run)

    def scores(self) -> DataFrame:
        """All score cards of the run: one row for each."""
        from gannet.reports.data_frames import scores_frame

        return scores_frame(self.run)

    def animate(self, path: str | Path, *, progress: Progress = silent) -> Path:
        """Write the run's frames as an animation: .gif, .webp, or .mp4 if ffmpeg is installed."""
        from gannet.reports.notebook import Animation
        from gannet.reports.pictures import animate

        animate(self.run, Path(path), progress)
        return Animation(path)
