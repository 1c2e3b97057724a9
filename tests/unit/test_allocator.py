"""Freed memory of a training is used again."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import resource, sys
import torch
from gannet.training.allocator import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
for _ in range(20):
    torch.ones(10_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a setting of glibc")
def test_a_tensor_takes_the_pages_of_the_one_before():
    faults = {
        how: int(subprocess.run([sys.executable, "-c", SCRIPT, how], capture_output=True, text=True, check=True).stdout)
        for how in ("default", "keep")
    }
    # 40 MB are about 10,000 pages of 4 KiB.
    assert faults["default"] - faults["keep"] > 100_000
