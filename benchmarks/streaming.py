"""Peak memory of a training that reads Parquet files while it trains (`data.streaming=true`).

usage: python benchmarks/streaming.py [--gigabytes 5] [--file-mb 64] [--steps 100] [-o FILE]

Writes one Parquet file of PNG noise (256 x 256) in row groups of 100 images, and links it under as many names as make
up the size: each name is a file for Gannet, and the disk holds one. Trains `mlp-gan` by the installed command from one
file and from all of them, then stops a third training with SIGKILL and resumes it. Writes
benchmarks/results/streaming.json.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import tempfile
from pathlib import Path

import numpy as np
from datasets import ClassLabel, Dataset, Features
from datasets import Image as ImageColumn
from PIL import Image
from shards import BATCH_SIZE, SIDE, equal, run

from gannet_dev.machine import described

RESULTS = Path(__file__).parent / "results" / "streaming.json"
GROUP = 100


def write_file(path: Path, size: int) -> int:
    """Write a Parquet file of about ``size`` bytes; the number of its images."""
    rng, cells, total = np.random.default_rng(0), [], 0
    while total < size:
        file = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)).save(file, "PNG", compress_level=1)
        cells.append({"bytes": file.getvalue(), "path": None})
        total += len(file.getvalue())
    columns = Features({"image": ImageColumn(), "label": ClassLabel(names=[str(digit) for digit in range(10)])})
    labels = [number % 10 for number in range(len(cells))]
    Dataset.from_dict({"image": cells, "label": labels}, features=columns).to_parquet(path, batch_size=GROUP)
    return len(cells)


def link(folder: Path, file: Path, count: int) -> Path:
    """A folder that holds the file under ``count`` names."""
    folder.mkdir()
    for number in range(count):
        os.link(file, folder / f"train-{number:05}-of-{count:05}.parquet")
    return folder


def main() -> None:
    """Measure, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=5.0)
    parser.add_argument("--file-mb", type=float, default=64.0)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("-o", type=Path, default=RESULTS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        os.environ["GANNET_CACHE"] = str(folder / "cache")
        images = write_file(folder / "file.parquet", round(given.file_mb * 1e6))
        size = (folder / "file.parquet").stat().st_size
        count = max(2, round(given.gigabytes * 1e9 / size))
        one, all_files = (link(folder / name, folder / "file.parquet", n) for name, n in (("one", 1), ("all", count)))
        words = ["--recipe", "mlp-gan", "data.streaming=true", "data.size=16", f"batch_size={BATCH_SIZE}", "--quiet"]
        words += [f"--steps={given.steps}", f"checkpoint.every={given.steps // 4}"]
        found = {
            "one_file": run("train", one, *words, "--out", folder / "run-one"),
            "all_files": run("train", all_files, *words, "--out", folder / "run-all"),
        }
        saved = folder / f"run-cut/checkpoints/step-{given.steps // 4:09}"
        run("train", all_files, *words, "--out", folder / "run-cut", kill_at=saved)
        run("resume", folder / "run-cut", "--quiet")
        record = {
            "command": f"python benchmarks/streaming.py --gigabytes {given.gigabytes:g} --steps {given.steps}",
            "machine": {**described(), "cores": os.cpu_count()},
            "gigabytes": round(count * size / 1e9, 2),
            "files": count,
            "images": count * images,
            "row_group_mb": round(size / images * GROUP / 1e6, 1),
            **found,
            "resumed_equal": equal(folder / "run-all", folder / "run-cut"),
        }
    given.o.write_text(json.dumps(record, indent=1) + "\n")
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
