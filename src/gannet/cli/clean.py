"""``gannet clean``."""

from __future__ import annotations

from typing import Annotated

import typer

from gannet.cli.status import Folder


def clean(
    folder: Folder = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be removed.")] = False,
) -> int:
    """Remove temporary files that killed processes left behind.

    Only files that were never finished, are an hour old, and belong to a process that no longer exists. Runs,
    checkpoints, frames and scores are never removed.
    """
    from gannet.cli.status import folder_of_runs
    from gannet.errors import one_line
    from gannet.runs.debris import find_debris, remove, size_of

    root = folder_of_runs(folder)
    count = total = 0
    for path in find_debris(root):
        size = size_of(path)
        print(f"{'would remove' if dry_run else 'removed'} {one_line(str(path))} ({size:,} bytes)")
        count, total = count + 1, total + size
        if dry_run:
            continue
        remove(path)
    print(
        f"{one_line(str(root))}: {count} left-over {'file' if count == 1 else 'files'}, {total:,} bytes."
        if count
        else f"{one_line(str(root))}: nothing to remove."
    )
    return 0
