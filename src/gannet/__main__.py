"""``python -m gannet`` and the command ``gannet``."""

from __future__ import annotations

import sys

from gannet.cli import run


def main() -> None:
    """Entry point of the command."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
