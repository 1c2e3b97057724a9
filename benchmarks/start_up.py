"""How long does the command take to start? `python benchmarks/start_up.py [MNIST]`: whole processes, five of each in
turn, after one that fills the caches: the help, a training of one step on points, and one on images.

A training of one step also writes its first frame and its checkpoint, so it takes longer than its first step does.
MNIST is the path of the data set; without it, the built-in digits stand in for it. Writes
benchmarks/results/start-up.json.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from statistics import median

from gannet_dev.machine import described

ROUNDS = 5
RESULT = Path(__file__).parent / "results" / "start-up.json"


def spent(command: list[str]) -> tuple[float, float]:
    """Wall and processor seconds of a process."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([sys.executable, "-m", "gannet", *command], check=True, capture_output=True)
    wall, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(images: str = "digits") -> None:
    works = {
        "gannet --help": ["--help"],
        "gannet train ring steps=1": ["train", "ring", "steps=1", "--quiet"],
        f"gannet train {Path(images).name} steps=1": ["train", images, "steps=1", "--quiet"],
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS + 1):
            for name, command in works.items():
                is_training = command[0] == "train"
                took = spent([*command, *([f"--out={folder}/{Path(command[1]).name}-{number}"] if is_training else [])])
                if number:  # the first fills the caches
                    times[name].append(took)
    rows = {
        name: {
            side: {"median": median(each), "least": min(each), "most": max(each)}
            for side, each in zip(("wall_seconds", "processor_seconds"), zip(*found, strict=True), strict=True)
        }
        for name, found in times.items()
    }
    command = f"python benchmarks/start_up.py {Path(images).name}"
    document = {"command": command, "date": str(date.today()), "machine": described(), "rows": rows}
    RESULT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
