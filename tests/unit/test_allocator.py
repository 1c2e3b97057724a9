"""Freed memory of a training is used again."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import resource
import sys
import torch
from gannet.sessions.measuring_files import measure_files
from gannet.training.allocator import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        torch.ones(10_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

default = faults()
{call}
print(default, faults())
"""
CALLS = {
    "itself": "keep_freed_memory()",
    "measuring files": "measure_files(sys.argv[1], 'ring', metrics=['w1'])",
}


@pytest.mark.skipif(sys.platform != "linux", reason="a setting of glibc")
@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
def test_a_tensor_takes_the_pages_of_the_one_before(call, tmp_path):
    points = tmp_path / "points.csv"
    points.write_text("x,y\n" + "\n".join(f"{n / 40},{n / 80}" for n in range(80)) + "\n")
    script = SCRIPT.replace("{call}", call)
    done = subprocess.run([sys.executable, "-c", script, points], capture_output=True, text=True, check=True)
    default, kept = map(int, done.stdout.split())
    # 40 MB are about 10,000 pages of 4 KiB.
    assert default - kept > 100_000
