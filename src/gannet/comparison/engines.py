"""Where the runs of a comparison train: in this process, in processes side by side, or on a Ray cluster."""

from __future__ import annotations

import os
from typing import Literal

from gannet.comparison.processes import in_processes
from gannet.comparison.work import Engine, one_by_one


def engine_of(jobs: int | Literal["auto"] | None, on: str | None = None) -> tuple[Engine, int]:
    """The engine for ``--jobs`` and ``--on``, and how many runs share the threads of a machine.

    ``auto`` is the number of cores that this process may use. On Ray a number of jobs limits the tasks at a time.

    Raises:
        UserError: see :func:`gannet.comparison.on_ray.on_ray`.
    """
    cores = len(os.sched_getaffinity(0))
    if on is not None:
        from gannet.comparison.on_ray import on_ray

        limit = jobs if isinstance(jobs, int) else None
        return on_ray(on, limit), limit or cores
    if jobs is None:
        return one_by_one, 1
    at_once = cores if jobs == "auto" else jobs
    return in_processes(at_once), at_once
