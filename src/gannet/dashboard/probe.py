"""Ask a separate process about the newest checkpoints, so that the server never imports torch."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

from gannet.errors import UserError
from gannet.runs.schema import CHECKPOINTS_FOLDER

SECONDS_AT_MOST = 300.0
WAITING_AT_MOST = 16
"""Maximum number of waiting questions; each takes one of the threads that streams also need."""
KEPT_BYTES = 32_000_000


class Prober:
    """Asks one question at a time and caches the answers until the newest checkpoint changes."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._room = threading.BoundedSemaphore(WAITING_AT_MOST)
        self._process: subprocess.Popen[bytes] | None = None
        self._kept: OrderedDict[tuple[object, ...], bytes] = OrderedDict()

    def ask(self, run: Path, name: str, arguments: dict[str, float]) -> bytes:
        """The answer of ``gannet.dashboard.probes`` as JSON.

        Raises:
            UserError: there is no checkpoint, the game does not support the question, or the process died or took too
            long.
        """
        if not self._room.acquire(blocking=False):
            raise UserError("Too many images are being drawn. Try again later.")
        try:
            return self._answer(run, name, arguments)
        finally:
            self._room.release()

    def _answer(self, run: Path, name: str, arguments: dict[str, float]) -> bytes:
        key = (run, _newest(run), name, *sorted(arguments.items()))
        with self._guard:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            question = json.dumps({"run": str(run), "ask": name, "arguments": arguments}).encode() + b"\n"
            # Once more if the process has ended meanwhile.
            answer = self._exchange(question) or self._exchange(question)
            if not answer:
                raise UserError("The process that draws images ended without an answer.")
            found: dict[str, Any] = json.loads(answer)
            if "error" in found:
                raise UserError(found["error"])
            self._keep(key, answer)
        return answer

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _exchange(self, question: bytes) -> bytes:
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-m", "gannet.dashboard.probes"]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Timer(SECONDS_AT_MOST, process.kill)
        late.start()
        try:
            process.stdin.write(question)
            process.stdin.flush()
            answer = process.stdout.readline()
        except OSError:
            answer = b""
        finally:
            late.cancel()
        if not answer:
            self.close()
        return answer

    def _keep(self, key: tuple[object, ...], answer: bytes) -> None:
        self._kept[key] = answer
        while sum(map(len, self._kept.values())) > KEPT_BYTES:
            self._kept.popitem(last=False)


def _newest(run: Path) -> tuple[str, int]:
    folders = sorted(path for path in (run / CHECKPOINTS_FOLDER).glob("step-*") if ".tmp-" not in path.name)
    if not folders:
        raise UserError("There is no checkpoint yet. These images appear with the first one.")
    return folders[-1].name, folders[-1].stat().st_mtime_ns
