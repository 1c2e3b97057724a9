"""Check that the working tree trains the same tensors as an earlier commit, bit for bit.

``python scripts/check_equal.py OLD_COMMIT [--steps 200]`` trains a few recipes with seed 0 in separate processes, once
from the source of the commit and once from the working tree. It compares every tensor of the last checkpoints
(parameters, EMA, optimizer states) and prints a table. The exit status is 1 if a tensor differs or a training fails.

Both sides are used through the command line only, so the layout of the source may differ.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

ROOT = Path(__file__).resolve().parent.parent
TRAININGS = (("gan", "ring"), ("particle-gan", "ring"), ("dcgan", "digits"), ("bigan", "digits"))
"""Recipe and data of every comparison: points without and with a penalty, images, and a game with an encoder."""


def main() -> int:
    """Train, compare, print; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commit", help="the commit to compare with")
    parser.add_argument("--steps", type=int, default=200, help="generator steps of every training (default: 200)")
    arguments = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory(prefix="check-equal-") as folder:
        old_root = Path(folder, "commit")
        extract(arguments.commit, old_root)
        print(
            f"| recipe | data | steps | tensors | {arguments.commit} and working tree |\n|---|---|---|---|---|",
            flush=True,
        )
        for recipe, data in TRAININGS:
            try:
                old, new = (
                    last_tensors(train(root, recipe, data, arguments.steps, Path(folder, f"{recipe}-{side}")))
                    for side, root in (("old", old_root), ("new", ROOT))
                )
            except RuntimeError as error:
                print(f"| {recipe} | {data} | {arguments.steps} | | failed: {error} |", flush=True)
                failed = True
                continue
            different = differences(old, new)
            verdict = (
                f"DIFFERENT: {', '.join(different[:3])}{', ...' if len(different) > 3 else ''}"
                if different
                else "equal"
            )
            print(f"| {recipe} | {data} | {arguments.steps} | {len(new)} | {verdict} |", flush=True)
            failed |= bool(different)
    return int(failed)


def extract(commit: str, folder: Path) -> None:
    """Write the source of a commit into a new folder."""
    archive = subprocess.run(["git", "-C", str(ROOT), "archive", commit, "src"], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")


def train(root: Path, recipe: str, data: str, steps: int, out: Path) -> Path:
    """Train with the source below ``root`` in a separate process; returns the run directory.

    Raises:
        RuntimeError: the training failed; the message holds its last line.
    """
    command = [sys.executable, "-m", "gannet", "train", data, "--recipe", recipe, "--steps", str(steps), "--seed", "0"]
    command += ["--device", "cpu", "--precision", "fp32", "--quiet", "--out", str(out)]
    environment = os.environ | {"PYTHONPATH": str(root / "src")}
    result = subprocess.run(command, cwd=out.parent, env=environment, capture_output=True, text=True)
    if result.returncode:
        last = (result.stderr.strip() or result.stdout.strip() or "no output").splitlines()[-1]
        raise RuntimeError(f"{root / 'src'} exits with {result.returncode}: {last}")
    return out


def last_tensors(run: Path) -> dict[str, Tensor]:
    """Every tensor of the last checkpoint as ``file/name``.

    Raises:
        RuntimeError: the run has no checkpoint.
    """
    checkpoints = sorted(path for path in (run / "checkpoints").glob("step-*") if path.is_dir())
    if not checkpoints:
        raise RuntimeError(f"no checkpoint in {run}")
    files = sorted(checkpoints[-1].glob("*.safetensors"))
    tensors = {f"{file.stem}/{name}": tensor for file in files for name, tensor in load_file(file).items()}
    if not tensors:
        raise RuntimeError(f"no tensors in {checkpoints[-1]}")
    return {f"{checkpoints[-1].name}/{name}": tensor for name, tensor in tensors.items()}


def differences(old: dict[str, Tensor], new: dict[str, Tensor]) -> list[str]:
    """Names of tensors that only one side has, or whose bytes differ."""
    return sorted(old.keys() ^ new.keys()) + [
        name for name in sorted(old.keys() & new.keys()) if not same_bytes(old[name], new[name])
    ]


def same_bytes(a: Tensor, b: Tensor) -> bool:
    """Equal in type, shape and every bit, so that -0.0 and 0.0 differ and a NaN equals itself."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    return torch.equal(a.contiguous().flatten().view(torch.uint8), b.contiguous().flatten().view(torch.uint8))


if __name__ == "__main__":
    sys.exit(main())
