"""A training starts without libraries that only other commands need."""

from __future__ import annotations

import subprocess
import sys

import pytest

EXPENSIVE = ("torch._dynamo", "sympy", "sklearn", "scipy", "pandas", "matplotlib", "plotly", "datasets", "ot")


@pytest.mark.parametrize("words", ["train ring --recipe gan hidden=8", "train digits --recipe cgan"])
def test_a_training_imports_no_expensive_library(words, tmp_path):
    script = "import sys; from gannet import cli; status = cli.run(sys.argv[1:]); print(status, *sys.modules)"
    command = [
        sys.executable,
        "-c",
        script,
        *words.split(),
        "--steps",
        "2",
        "batch_size=8",
        "--out",
        str(tmp_path / "run"),
    ]
    status, *modules = (
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1].split()
    )
    assert status == "0"
    assert not set(EXPENSIVE) & set(modules)
