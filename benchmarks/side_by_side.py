"""Measure how much time ``gannet compare --jobs 2`` and ``--on ray`` take in comparison with ``--jobs 1``.

usage: python benchmarks/side_by_side.py [--ways 1,2,ray] [--rounds 2] [--steps 300] [--more]

Compares gan, ragan and particle-gan on ring with three seeds, with few steps, in every way in turn (A B A B). The
time is that of the whole command: it contains starting, training and measuring of all nine runs, and of a local
cluster for ray. The tensors of all runs of every pass must have the hash of the first pass. Writes
benchmarks/results/side-by-side.json; ``--more`` adds passes to it, because a quiet machine may be had for short times
only. Nothing else should compute meanwhile.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from gannet_dev.machine import described

RESULT = Path(__file__).parent / "results" / "side-by-side.json"
WORDS = ["compare", "ring", "--recipes", "gan,ragan,particle-gan", "--seeds", "0,1,2"]
WAYS = {"1": ["--jobs", "1"], "2": ["--jobs", "2"], "ray": ["--on", "ray"]}
FILES = ("model", "average", "optimizers")
RUNS = 9


def timed(way: str, steps: int, out: Path) -> dict[str, Any]:
    """One pass: seconds of the command."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "gannet", *WORDS, "--steps", str(steps), *WAYS[way], "--out", str(out)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return {"way": way, "seconds": round(time.perf_counter() - began, 2)}


def digest(out: Path, steps: int) -> dict[str, Any]:
    """Number and hash of the tensors of the last checkpoints of all runs."""
    folders = sorted(out.glob(f"*/seed-*/checkpoints/step-{steps:09d}"))
    assert len(folders) == RUNS, f"{len(folders)} of {RUNS} runs are complete"
    count, hashed = 0, hashlib.sha256()
    for folder in folders:
        for file in FILES:
            for name, tensor in sorted(load_file(folder / f"{file}.safetensors").items()):
                hashed.update(f"{folder.relative_to(out)}/{file}/{name} {tuple(tensor.shape)}".encode())
                hashed.update(tensor.numpy().tobytes())
                count += 1
    return {"tensors": count, "sha256": hashed.hexdigest()}


def summary(passes: list[dict[str, Any]]) -> dict[str, Any]:
    """Median seconds of each way, and its share of the time of ``--jobs 1``."""
    seconds = {way: [p["seconds"] for p in passes if p["way"] == way] for way in WAYS}
    medians = {way: statistics.median(found) for way, found in seconds.items() if found}
    return {
        "seconds": {way: round(value, 2) for way, value in medians.items()},
        "share_of_one": {way: round(value / medians["1"], 3) for way, value in medians.items() if way != "1"},
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ways", default="1,2")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--more", action="store_true", help="add to the record")
    given = parser.parse_args()
    old = json.loads(RESULT.read_text()) if given.more else {"passes": []}
    assert old.get("steps", given.steps) == given.steps
    os.environ["OMP_NUM_THREADS"] = "1"
    passes = old["passes"]
    with tempfile.TemporaryDirectory() as folder:
        for number, way in enumerate(given.ways.split(",") * given.rounds):
            out = Path(folder, str(number))
            passes.append(timed(way, given.steps, out) | digest(out, given.steps))
            print(passes[-1], flush=True)
            assert passes[-1]["sha256"] == passes[0]["sha256"], "the tensors differ"
    record = {
        "command": " ".join(["gannet", *WORDS, "--steps", str(given.steps), *["--jobs 1 | --jobs 2 | --on ray"]]),
        "machine": described(),
        "cores": len(os.sched_getaffinity(0)),
        "steps": given.steps,
        "passes": passes,
    }
    RESULT.write_text(json.dumps(record | summary(passes), indent=1) + "\n")
    print(json.dumps(summary(passes)))


if __name__ == "__main__":
    main()
