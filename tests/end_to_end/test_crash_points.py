"""ckpt-chaos kills a training at its file operations and half-way through writes; the same command continues it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent.parent / "src"
CASES = {
    "points": ("ring", "gan", "hidden=16", "batch_size=16"),
    "digits": ("digits", "mlp-gan", "prior.size=8", "batch_size=16"),
}
POINTS = int(os.environ.get("GANNET_CRASH_POINTS", "25"))


@pytest.mark.slow
@pytest.mark.parametrize("data", CASES)
def test_every_crash_point_is_survived(tmp_path, data, record_property):
    pytest.importorskip("ckpt_chaos", reason="pip install ckpt-chaos==0.1.8")
    name, recipe, *keys = CASES[data]
    train = [
        *(sys.executable, "-m", "gannet", "train", name, "--recipe", recipe, *keys, "--steps", "40"),
        *("checkpoint.every=10", "checkpoint.keep=9", "frames.every=20", "health.every=0", "--out", "{out}/run"),
        *("--resume", "--seed", "3"),
    ]
    options = {
        "--work": str(tmp_path / "work"),
        "--max-points": str(POINTS),
        "--checkpoint-glob": "{out}/run/checkpoints/step-*",
        "--step-regex": r"(?:after step|already has all) (\d+)",
        "--result-file": "{out}/run/checkpoints/step-000000040/model.safetensors",
        "--fail-on": "HARD_FAIL,SILENT_DIVERGENCE,LOST_WORK",
    }
    words = [word for pair in options.items() for word in pair]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(SOURCE), *filter(None, sys.path)])}
    environment |= {"GANNET_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "ckpt_chaos", "run", *words, "--ckpt-ignore-size", "--", *train],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    verdicts = Counter(re.findall(r"\b(PASS|HARD_FAIL|SILENT_DIVERGENCE|LOST_WORK|INVALID)\b", done.stdout))
    record_property("verdicts", json.dumps(verdicts))
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
