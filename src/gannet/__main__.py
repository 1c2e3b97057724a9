"""``python -m gannet`` and the command ``gannet``."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Entry point of the command."""
    _open_closed_streams()
    try:
        from gannet.cli import run
        from gannet.cli.output import guard_output
    except KeyboardInterrupt:  # while the libraries of the command line are imported
        print("gannet: Interrupted before anything was done.", file=sys.stderr)
        sys.exit(130)
    guard_output()
    status = run(sys.argv[1:])
    _drop_what_nobody_reads()
    sys.exit(status)


def _open_closed_streams() -> None:
    """Give a standard stream that was closed when the command began (``2>&-``) to /dev/null. Otherwise the next file
    that is opened takes its number, and messages of libraries are written into that file.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            mode = os.O_RDONLY if number == 0 else os.O_WRONLY
            os.open(os.devnull, mode)  # takes the lowest free number
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))


def _drop_what_nobody_reads() -> None:
    """Drop output whose reader is gone; otherwise Python's own flush at the end replaces the exit status by 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    main()
