"""The process of one run of a comparison: a job as JSON on stdin; messages, then the row, as lines of JSON on
stdout.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from gannet.comparison.job import carry_out_job
from gannet.comparison.telling import Interrupted, Narrator
from gannet.errors import UserError

if TYPE_CHECKING:
    from gannet.config.plan import Plan
    from gannet.training.trainer import Trainer

MESSAGE_SECONDS = 0.5
"""Between two messages about steps."""
REFUSED = 2


class Messenger(Narrator):
    """Writes what happens as messages ``{"step": 5}``, ``{"warned": "..."}``, ``{"said": "..."}``.

    If the comparison that reads them has ended, SIGHUP is raised, which stops a training with a checkpoint.
    """

    def __init__(self) -> None:
        self._last, self._steps = -MESSAGE_SECONDS, 0
        self._gone = False

    def send(self, **message: Any) -> None:
        """One message."""
        if self._gone:
            return
        try:
            print(json.dumps(message, allow_nan=False), flush=True)
        except OSError:
            self._gone = True
            signal.raise_signal(signal.SIGHUP)

    def started(self, path: Path, plan: Plan, trainer: Trainer) -> None:
        """Report the first step at once."""
        self._steps = trainer.steps
        self.send(step=trainer.step)

    def advanced(self, step: int) -> None:
        """Report a step, at most every ``MESSAGE_SECONDS``."""
        if step >= self._steps or time.monotonic() - self._last >= MESSAGE_SECONDS:
            self._last = time.monotonic()
            self.send(step=step)

    def terms(self, step: int, values: Mapping[str, float]) -> None:
        """Report the step too: in a slow training ``advanced`` is rarely called."""
        self.advanced(step)

    def warned(self, sentence: str) -> None:
        """An alarm, or a warning."""
        self.send(warned=sentence)

    def say(self, sentence: str) -> None:
        """A note."""
        self.send(said=sentence)


def main() -> int:
    """The exit status: 0 with a row, 2 with a sentence instead, 128 + the number of a signal."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Interrupted(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    messenger = Messenger()
    try:
        row = carry_out_job(json.loads(sys.stdin.readline()), messenger)
    except UserError as error:
        messenger.send(problems=list(error.problems))
        return REFUSED
    except Interrupted as stopped:
        return 128 + stopped.signal
    messenger.send(row=row.as_json())
    return 0


if __name__ == "__main__":
    sys.exit(main())
