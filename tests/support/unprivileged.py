"""A process that obeys the permissions of files, also where the tests run as root.

Root without the capabilities to override them is an ordinary owner of its files: a mode of 0 cannot be read.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

DROP_FROM_BOUNDING_SET = 24
OVERRIDE, READ_SEARCH = 1, 2
"""Capabilities of Linux: to write and read, and to read and search, whatever the mode."""


def drop_overrides() -> None:
    """Before another program begins in this process, give up what lets root read and write every file."""
    if os.geteuid() == 0:
        for capability in (OVERRIDE, READ_SEARCH):
            ctypes.CDLL(None).prctl(DROP_FROM_BOUNDING_SET, capability, 0, 0, 0)


def obeys_permissions(folder: Path) -> bool:
    """Whether such a process cannot read a file of mode 0 in a folder."""
    path = folder / "of-mode-0"
    path.touch(mode=0)
    words = [sys.executable, "-S", "-c", "import sys; open(sys.argv[1])", str(path)]
    done = subprocess.run(words, preexec_fn=drop_overrides, capture_output=True, text=True)
    path.unlink()
    return "PermissionError" in done.stderr
