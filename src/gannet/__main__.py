"""``python -m gannet`` and the command ``gannet``."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the command."""
    try:
        from gannet.cli import run
    except KeyboardInterrupt:  # while the libraries of the command line are imported
        print("gannet: Interrupted before anything was done.", file=sys.stderr)
        sys.exit(130)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
