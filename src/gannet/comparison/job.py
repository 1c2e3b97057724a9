"""One run of a comparison as a document that another process can carry out: what the user typed for it, and nothing
else.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from gannet.comparison.one_run import bring_to_end
from gannet.comparison.plan import Entry, Measurement, prepare
from gannet.comparison.result import Row
from gannet.comparison.telling import Narrator
from gannet.errors import UserError
from gannet.runs.command_line import as_text
from gannet.runs.lock import is_held

PATIENCE_SECONDS = 15.0
"""How long a run may still be written by a worker whose comparison was killed: it stops by itself, with a
checkpoint.
"""


def job_of(entry: Entry, measurement: Measurement) -> dict[str, Any]:
    """The document: every value is text as on the command line, so that it passes the same checks.

    Raises:
        UserError: a value from Python that cannot be written as text.
    """
    try:
        given = {key: as_text(value) for key, value in entry.typed.given.items()}
    except TypeError as error:
        raise UserError(f"Runs in other processes take keys as text and numbers: {error}.") from None
    return {
        "data": entry.typed.data,
        "recipe": entry.plan.recipe_name,
        "seed": entry.seed,
        "given": given,
        "sweep": {key: [value] for key, value in entry.changes},
        "measurement": measurement.as_json(),
        "out": str(entry.path.parent.parent),
        "threads": entry.threads,
    }


def carry_out_job(job: dict[str, Any], narrator: Narrator, patience: float = PATIENCE_SECONDS) -> Row:
    """Plan the run of a job again, and bring it to its end.

    Args:
        job: the document.
        narrator: reports what happens.
        patience: seconds to wait for another process that still writes the run.

    Raises:
        UserError: see :func:`gannet.comparison.one_run.bring_to_end`.
        Interrupted: likewise.
    """
    measurement = Measurement(**job["measurement"])
    planned = prepare(
        job["data"],
        [job["recipe"]],
        seeds=[job["seed"]],
        given=job["given"],
        measurement=measurement,
        out=Path(job["out"]),
        progress=narrator.work,
        threads=job["threads"],
        sweep=job["sweep"],
    )
    [entry] = planned.entries
    began = time.monotonic()
    while is_held(entry.path) and time.monotonic() - began < patience:
        time.sleep(0.2)
    return bring_to_end(entry, measurement, narrator)
