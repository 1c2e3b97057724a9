"""``gannet`` and the comparisons of recipes as processes under torchrun."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
GANNET = [sys.executable, "-m", "gannet"]


def gannet(environment: dict[str, str], folder: Path, *words: str) -> None:
    """Run a command in ``folder``, one thread for each process; it must succeed."""
    environment = environment | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([*GANNET, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr


def compared(environment: dict[str, str], module: str, *words: str) -> list[dict]:
    """The lines that a module of ``support`` prints on two ranks."""
    tests = str(Path(__file__).parents[1])
    paths = os.pathsep.join(filter(None, [environment.get("PYTHONPATH", ""), tests]))
    done = subprocess.run(
        [*TORCHRUN, "2", "-m", f"support.{module}", *words],
        env=environment | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
