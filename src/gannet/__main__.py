"""``python -m gannet`` and the command ``gannet``."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Entry point of the command."""
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


def _drop_what_nobody_reads() -> None:
    """Drop output whose reader is gone; otherwise Python's own flush at the end replaces the exit status by 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except AttributeError:  # the stream was closed when the command began
            continue
        except (OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    main()
