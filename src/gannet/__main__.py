"""``python -m gannet`` and the command ``gannet``."""

from __future__ import annotations

import os
import sys
from contextlib import suppress


def main() -> None:
    """Entry point of the command."""
    _open_closed_streams()
    try:
        from gannet.cli import run
        from gannet.cli.output import guard_output
        from gannet.cli.spread import leave
    except KeyboardInterrupt:  # while the libraries of the command line are imported
        print("gannet: Interrupted before anything was done.", file=sys.stderr)
        sys.exit(130)
    guard_output()
    status = run(sys.argv[1:])
    unwritten = _drop_what_cannot_be_written()
    if unwritten and not status:
        with suppress(OSError):
            print(f"gannet: Cannot write the output: {unwritten}.", file=sys.stderr)
        status = 2
    leave(status)


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


def _drop_what_cannot_be_written() -> str:
    """Drop what is left of the output if its reader is gone or its disk is full; otherwise Python's own flush at the
    end replaces the exit status by 120. Returns why standard output cannot be written, unless its reader is gone.
    """
    reason = ""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError) as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            if stream is sys.stdout and not isinstance(error, BrokenPipeError):
                reason = getattr(error, "strerror", None) or str(error)
    return reason


if __name__ == "__main__":
    main()
