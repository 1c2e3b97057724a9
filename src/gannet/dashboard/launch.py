"""Starting a training as a process of its own, which goes on whatever becomes of who started it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from gannet.errors import UserError
from gannet.runs.reader import Run

PATIENCE_SECONDS = 120.0
"""How long decoding the data may take before the caller is told that training began."""


def start(data: str, out: Path, *, recipe: str | None = None, steps: int | None = None, keys: Mapping[str, object] | None = None) -> int:
    """Run ``gannet train DATA`` and return its process id when its run directory is there.

    It is a session of its own: closing the terminal or the page does not reach it. Stop it by the command ``stop``.

    Args:
        data: as on the command line; a run's path trains it again, ``RUN@STEP`` goes on from a checkpoint.
        out: the run directory, new or empty.
        recipe: the recommended one if None.
        steps: the recipe's if None.
        keys: other keys, as on the command line.

    Raises:
        UserError: what the command itself says about the input.
    """
    if Run.is_at(out):
        raise UserError(f"{out} is a run already. Give another directory.")
    options = [f"--out={out}", *([f"--recipe={recipe}"] if recipe else []), *([f"--steps={steps}"] if steps is not None else [])]
    words = ["train", "--quiet", *options, "--", data, *(f"{key}={value}" for key, value in (keys or {}).items())]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "gannet", *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=process.wait, daemon=True).start()  # leaves no zombie
        until = time.monotonic() + PATIENCE_SECONDS
        while process.poll() is None and not Run.is_at(out) and time.monotonic() < until:
            time.sleep(0.05)
        if process.poll():
            said.seek(0)
            sentences = [line.removeprefix("gannet: ") for line in said.read().splitlines() if line.startswith("gannet: ")]
            raise UserError(*(sentences or [f"Training could not be started (status {process.returncode})."]))
    return process.pid
