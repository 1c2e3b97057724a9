"""One run of a comparison as a task on a node of a Ray cluster."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gannet.comparison.job import carry_out_job
from gannet.comparison.packing import pack, unpack
from gannet.comparison.telling import Interrupted, Narrator
from gannet.errors import UserError
from gannet.runs.schema import LOCK_FILE

if TYPE_CHECKING:
    from gannet.config.plan import Plan
    from gannet.training.trainer import Trainer

REPORT_SECONDS = 0.5
"""Between two reports of a task."""
PATIENCE_SECONDS = 60.0
"""How long a run may still be written by a task of a comparison that was killed; a Ray client is missed after 30 s."""


class TaskNarrator(Narrator):
    """Reports from within a task, and stops its training when the comparison stops.

    Training does not wait for the answers of the board. Waiting in ``ray.get`` would also lend the CPU of the task to
    another one, for which Ray starts one more worker.

    Args:
        board: the actor to report to.
        name: of the run.
    """

    def __init__(self, board: Any, name: str) -> None:
        self._board, self._name = board, name
        self._last, self._steps = 0.0, 0
        self._is_stopping = False
        self._answer: Future[bool] | None = None

    def started(self, path: Path, plan: Plan, trainer: Trainer) -> None:
        """Report the first step. Training does not handle signals yet."""
        self._steps = trainer.steps
        self._board.step.remote(self._name, trainer.step)

    def advanced(self, step: int) -> None:
        """Report a step, at most every ``REPORT_SECONDS``, and the last one."""
        if step >= self._steps or time.monotonic() - self._last >= REPORT_SECONDS:
            self._last = time.monotonic()
            if self._answer is None or self._answer.done():
                should_stop = self._answer is not None and self._answer.result()
                self._answer = self._board.step.remote(self._name, step).future()
                if should_stop and not self._is_stopping:
                    self._is_stopping = True
                    # Training handles it: a checkpoint, then the end. Ray blocks SIGINT in its workers.
                    signal.raise_signal(signal.SIGTERM)

    def terms(self, step: int, values: Mapping[str, float]) -> None:
        """Report the step too: in a slow training ``advanced`` is rarely called."""
        self.advanced(step)

    def warned(self, sentence: str) -> None:
        """An alarm, or a warning."""
        self._board.tell.remote("warned", f"{self._name}: {sentence}")

    def say(self, sentence: str) -> None:
        """A note."""
        self._board.tell.remote("said", sentence)


def run_task(
    job: dict[str, Any], place: Mapping[str, str], packed: bytes | None, name: str, board: Any
) -> tuple[dict[str, Any], bytes | None]:
    """A task: bring one run to its end, in the folder of the comparison if this machine sees it, else in a scratch
    folder, ``gannet-ray`` in the folder for temporary files.

    Args:
        job: see :mod:`gannet.comparison.job`.
        place: ``folder`` of the run below the folder of the comparison; ``cwd``, the folder where the command was
            given, to which paths are relative; ``lock``, text of the comparison's lock file, by which its folder is
            recognised; ``scratch``, name of the scratch folder, the same for every try.
        packed: what the run holds already, for a machine that does not see the folder.
        name: of the run.
        board: the actor to report to.

    Returns:
        The row, or why there is none; and the run, if the comparison cannot see it.
    """
    if board.begin.remote(name).future().result():  # not ray.get, see TaskNarrator
        return {"problems": ["It was stopped before it began."]}, None
    if Path(place["cwd"]).is_dir():
        os.chdir(place["cwd"])
    out = Path(job["out"])
    is_shared = lock_text(out) == place["lock"]
    if not is_shared:
        out = Path(tempfile.gettempdir()) / "gannet-ray" / place["scratch"]
        if packed is not None and not (out / place["folder"]).exists():
            unpack(packed, out / place["folder"])
    try:
        row = carry_out_job(job | {"out": str(out)}, TaskNarrator(board, name), PATIENCE_SECONDS)
        answer: dict[str, Any] = {"row": row.as_json()}
    except UserError as error:
        answer = {"problems": list(error.problems)}
    except Interrupted:
        answer = {"problems": ["It was stopped."]}
    run = out / place["folder"]
    return answer, None if is_shared or not run.exists() else pack(run)


def lock_text(out: Path) -> str:
    """Who works in the folder of a comparison; empty if it is not there."""
    try:
        return (out / LOCK_FILE).read_text()
    except OSError:
        return ""
