"""Where the runs of a comparison train: in this process, in processes side by side."""

from __future__ import annotations

import os
from typing import Literal

from gannet.comparison.processes import side_by_side
from gannet.comparison.work import Engine, one_by_one


def engine_of(jobs: int | Literal["auto"] | None) -> tuple[Engine, int]:
    """The engine for ``--jobs``, and how many runs it trains at once. ``auto`` is the number of cores that this process may use."""
    if jobs is None:
        return one_by_one, 1
    at_once = len(os.sched_getaffinity(0)) if jobs == "auto" else jobs
    return side_by_side(at_once), at_once
