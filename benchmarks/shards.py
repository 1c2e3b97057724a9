"""Peak memory of a training from shards, and whether a resumed one is equal.

usage: python benchmarks/shards.py [--gigabytes 20] [--shard-mb 64] [--steps 200] [-o FILE]

Writes one shard of PNG noise (256 x 256), and links it under as many names as make up the size: each name is a shard
for Gannet, and the disk holds one. Trains `mlp-gan` by the installed command from one shard and from all of them, then
stops a third training with SIGKILL and resumes it. Writes benchmarks/results/shards.json.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gannet_dev.machine import described

RESULTS = Path(__file__).parent / "results" / "shards.json"
COMMAND = Path(sys.executable).parent / "gannet"
SIDE = 256
BATCH_SIZE = 64


def write_shard(path: Path, size: int) -> int:
    """Write a tar file of about ``size`` bytes; the number of its images."""
    rng, count = np.random.default_rng(0), 0
    with path.open("wb") as file, tarfile.open(fileobj=file, mode="w") as archive:
        while file.tell() < size:
            image = io.BytesIO()
            Image.fromarray(rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)).save(image, "PNG", compress_level=1)
            for suffix, content in (("cls", str(count % 10).encode()), ("png", image.getvalue())):
                member = tarfile.TarInfo(f"{count:06}.{suffix}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
            count += 1
    return count


def run(*words: object, kill_at: Path | None = None) -> dict[str, float]:
    """Run `gannet` with these words: its peak memory, processor time and time. It is killed once ``kill_at`` exists."""
    started = time.monotonic()
    process = subprocess.Popen([COMMAND, *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while kill_at is not None and not kill_at.exists():
        time.sleep(0.2)
    if kill_at is not None:
        process.send_signal(signal.SIGKILL)
    assert process.stderr is not None
    said = process.stderr.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    if status and kill_at is None:
        sys.exit(f"gannet {' '.join(map(str, words))} failed:\n{said}")
    return {
        "peak_mb": round(used.ru_maxrss / 1000, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "seconds": round(time.monotonic() - started, 1),
    }


def equal(a: Path, b: Path) -> bool:
    """Whether the newest checkpoints of two runs hold the same tensors, byte for byte."""
    ends = [sorted(path.glob("checkpoints/step-*"))[-1] for path in (a, b)]
    names = [sorted(file.name for file in end.glob("*.safetensors")) for end in ends]
    return (
        ends[0].name == ends[1].name
        and bool(names[0])
        and names[0] == names[1]
        and all((ends[0] / name).read_bytes() == (ends[1] / name).read_bytes() for name in names[0])
    )


def measure(folder: Path, gigabytes: float, shard_mb: float, steps: int) -> dict[str, Any]:
    """All trainings, in ``folder``."""
    one, many = folder / "one", folder / "many"
    one.mkdir()
    many.mkdir()
    images = write_shard(one / "00000.tar", round(shard_mb * 1e6))
    size = (one / "00000.tar").stat().st_size
    count = max(2, round(gigabytes * 1e9 / size))
    for number in range(count):
        os.link(one / "00000.tar", many / f"{number:05}.tar")
    keys = ["--recipe", "mlp-gan", "data.size=8", f"steps={steps}", f"batch_size={BATCH_SIZE}", "frames.every=0"]
    keys += ["health.every=0", f"checkpoint.every={steps // 2}"]
    found = {"read once for the index": run("data", "info", many)}
    found["train, one shard"] = run("train", one, "--out", folder / "small", *keys)
    found["train, all shards"] = run("train", many, "--out", folder / "whole", *keys)
    half = folder / "killed" / "checkpoints" / f"step-{steps // 2:09}"
    run("train", many, "--out", folder / "killed", *keys, kill_at=half)
    found["resume, all shards"] = run("resume", folder / "killed")
    return {
        "shards": count,
        "shard_mb": round(size / 1e6, 1),
        "gigabytes": round(count * size / 1e9, 2),
        "images": count * images,
        "steps": steps,
        "batch_size": BATCH_SIZE,
        "images_used": steps * BATCH_SIZE,
        "processes": found,
        "more_peak_mb_than_one_shard": round(
            found["train, all shards"]["peak_mb"] - found["train, one shard"]["peak_mb"], 1
        ),
        "resumed_equals_uninterrupted": equal(folder / "whole", folder / "killed"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=20)
    parser.add_argument("--shard-mb", type=float, default=64)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("-o", type=Path, default=RESULTS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["OMP_NUM_THREADS"] = "1"
        os.environ["GANNET_CACHE"] = str(Path(folder, "cache"))
        found = measure(Path(folder), given.gigabytes, given.shard_mb, given.steps)
    record = {
        "command": f"python benchmarks/shards.py --gigabytes {given.gigabytes:g} --shard-mb {given.shard_mb:g} "
        f"--steps {given.steps}",
        "machine": {**described(), "cores": os.cpu_count()},
        **found,
        "recipe": "mlp-gan at 8 x 8 pixels, seed 0, one thread",
    }
    given.o.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
