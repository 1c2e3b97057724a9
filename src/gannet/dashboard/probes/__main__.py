"""``python -m gannet.dashboard.probes``: reads JSON questions from standard input and writes JSON answers, one per
line.

A question is ``{"run": path, "ask": name or "", "arguments": {name: number}}``; an empty name asks for the available
questions. An answer is ``{"step": s, ...}`` or ``{"error": sentence}``. The process ends with its input, or after some
time without questions. It uses one thread with the lowest priority.
"""

from __future__ import annotations

import json
import os
import select
import sys
from pathlib import Path
from typing import IO, Any

IDLE_SECONDS = 300.0


class Desk:
    """Answers questions and keeps the last checkpoint in memory."""

    def __init__(self) -> None:
        self._known: tuple[object, Any] = (None, None)

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer to one question; an error is one sentence."""
        from gannet.dashboard.probes.questions import QUESTIONS, listed
        from gannet.errors import UserError

        try:
            look = self._look(Path(question["run"]))
            name, arguments = question["ask"], {k: float(v) for k, v in question.get("arguments", {}).items()}
            if not name:
                return {"step": look.step, **listed(look)}
            chosen = QUESTIONS.get(name)
            if chosen is None or not chosen.suits(look):
                return {"error": f"This run does not support the question {name!r}."}
            return {"step": look.step, **chosen.answer(look, arguments).as_json()}
        except UserError as error:
            return {"error": str(error)}
        except Exception as error:  # the page shows the error, and the next question is answered
            return {"error": f"This could not be drawn ({type(error).__name__}: {error})."}

    def _look(self, path: Path) -> Any:
        from gannet.dashboard.probes.base import Look
        from gannet.errors import UserError
        from gannet.runs.schema import CHECKPOINTS_FOLDER
        from gannet.training.checkpoint import newest_first

        found = newest_first(path / CHECKPOINTS_FOLDER)
        if not found:
            raise UserError("There is no checkpoint yet. These images appear with the first one.")
        key = path, found[0].name, found[0].stat().st_mtime_ns
        if self._known[0] != key:
            self._known = None, None  # free its memory before the next checkpoint is loaded
            self._known = key, Look(path)
        return self._known[1]


def serve(questions: IO[bytes], answers: IO[bytes]) -> None:
    """Answer until the input ends."""
    desk = Desk()
    while True:
        if not select.select([questions], [], [], IDLE_SECONDS)[0]:
            return
        line = questions.readline()
        if not line:
            return
        answers.write(json.dumps(desk.answer(json.loads(line))).encode() + b"\n")
        answers.flush()


def main() -> None:
    """Set up the process and answer questions."""
    # Libraries may print, but only answers may be written to the pipe.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    os.nice(10)

    import torch

    torch.set_num_threads(1)
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as questions:
        serve(questions, answers)


if __name__ == "__main__":
    main()
