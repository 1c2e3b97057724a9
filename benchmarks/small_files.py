"""How long a folder of many small image files takes to open, and how much memory a training from it needs.

usage: python benchmarks/small_files.py [--files 100000] [--steps 20] [-o FILE]

Writes PNG files of 32 x 32 pixels in ten class folders. The installed command trains the default recipe from a tenth of
a percent of them, then from all of them with an empty cache, then again. Between the two, the folder is opened alone.
Writes benchmarks/results/small_files.json.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from shards import run

from gannet_dev.machine import described

RESULTS = Path(__file__).parent / "results" / "small_files.json"
SIDE, CLASSES, DIFFERENT = 32, 10, 500
OPEN = """
import sys, time
from gannet.config.plan import source_from_keys
from gannet.data.base import silent
start, started = time.process_time(), time.monotonic()
source_from_keys(sys.argv[1], {})[1].open(silent)
print(time.process_time() - start, time.monotonic() - started)
"""


def write_files(folder: Path, count: int) -> int:
    """Write ``count`` files, of which 500 differ; their bytes."""
    rng, blobs = np.random.default_rng(0), []
    for _ in range(DIFFERENT):
        file = io.BytesIO()
        coarse = Image.fromarray(rng.integers(0, 256, (SIDE // 4, SIDE // 4, 3), dtype=np.uint8))
        coarse.resize((SIDE, SIDE)).save(file, "PNG")
        blobs.append(file.getvalue())
    for number in range(CLASSES):
        (folder / f"class{number}").mkdir(parents=True)
    for number in range(count):
        (folder / f"class{number % CLASSES}" / f"{number:06}.png").write_bytes(blobs[number % DIFFERENT])
    return sum(len(blobs[number % DIFFERENT]) for number in range(count))


def opened(folder: Path) -> dict[str, float]:
    """Open the folder in a new process: processor time and time, without the time of imports."""
    answer = subprocess.run([sys.executable, "-c", OPEN, folder], check=True, capture_output=True, text=True).stdout
    cpu, wall = map(float, answer.split())
    return {"cpu_seconds": round(cpu, 2), "seconds": round(wall, 2)}


def measure(folder: Path, files: int, steps: int) -> dict[str, Any]:
    """All openings and trainings, in ``folder``."""
    write_files(folder / "few", files // 1000)
    size = write_files(folder / "all", files)
    keys = ["--steps", steps, "--quiet"]
    return {
        "files": files,
        "megabytes": round(size / 1e6, 1),
        "steps": steps,
        "train from a tenth of a percent": run("train", folder / "few", "--out", folder / "r0", *keys),
        "train, first opening": run("train", folder / "all", "--out", folder / "r1", *keys),
        "second opening": opened(folder / "all"),
        "train, third opening": run("train", folder / "all", "--out", folder / "r2", *keys),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("-o", type=Path, default=RESULTS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["OMP_NUM_THREADS"] = "1"
        os.environ["GANNET_CACHE"] = str(Path(folder, "cache"))
        found = measure(Path(folder), given.files, given.steps)
    record = {
        "command": f"python benchmarks/small_files.py --files {given.files} --steps {given.steps}",
        "machine": {**described(), "cores": os.cpu_count()},
        **found,
        "recipe": f"dcgan-relativistic at {SIDE} x {SIDE} pixels, seed 0, one thread, on a machine that others use too",
    }
    given.o.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
