"""Start `gannet train` as a detached process that outlives its parent."""

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
"""Maximum time for decoding the data before the caller continues."""


def start(
    data: str,
    out: Path,
    *,
    recipe: str | None = None,
    steps: int | None = None,
    keys: Mapping[str, object] | None = None,
) -> int:
    """Run ``gannet train DATA`` and return its process id as soon as its run directory exists.

    It is a separate session, so closing the terminal or the page does not stop it. The command ``stop`` does.

    Args:
        data: as on the command line; the path of a run repeats it, ``RUN@STEP`` forks it from a checkpoint.
        out: the run directory, new or empty.
        recipe: the recommended recipe if None.
        steps: the recipe's default if None.
        keys: other keys, as on the command line.

    Raises:
        UserError: the command refuses the input; its message.
    """
    if Run.is_at(out):
        raise UserError(f"{out} already contains a run. Give another directory.")
    options = [
        f"--out={out}",
        *([f"--recipe={recipe}"] if recipe else []),
        *([f"--steps={steps}"] if steps is not None else []),
    ]
    words = ["train", "--quiet", *options, "--", data, *(f"{key}={value}" for key, value in (keys or {}).items())]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "gannet", *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=process.wait, daemon=True).start()  # avoids a zombie process
        until = time.monotonic() + PATIENCE_SECONDS
        while process.poll() is None and not Run.is_at(out) and time.monotonic() < until:
            time.sleep(0.05)
        if process.poll():
            said.seek(0)
            sentences = [
                line.removeprefix("gannet: ") for line in said.read().splitlines() if line.startswith("gannet: ")
            ]
            raise UserError(*(sentences or [f"Training could not be started (status {process.returncode})."]))
    return process.pid
