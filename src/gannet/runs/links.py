"""Nothing outside a run directory is written or deleted, wherever links in it lead: it can be somebody else's."""

from __future__ import annotations

from pathlib import Path

from gannet.errors import UserError
from gannet.runs.schema import (
    CHECKPOINTS_FOLDER,
    COMMANDS_FOLDER,
    CRASH_FOLDER,
    EVENTS_FILE,
    FRAMES_FOLDER,
    LOCK_FILE,
    SCORES_FILE,
    SLOW_FOLDER,
)

WRITTEN = (
    LOCK_FILE, EVENTS_FILE, SCORES_FILE, FRAMES_FOLDER, CHECKPOINTS_FOLDER, COMMANDS_FOLDER, CRASH_FOLDER, SLOW_FOLDER,
)  # fmt: skip
"""Names in a run directory that commands write in place, or delete in. The directory itself may be a link."""


def refuse_links(run: Path) -> None:
    """Check a run directory before it is written.

    Raises:
        UserError: one of :data:`WRITTEN` is a link.
    """
    linked = [run / name for name in WRITTEN if (run / name).is_symlink()]
    if linked:
        raise UserError(
            f"{linked[0]} is a link to {linked[0].readlink()}, where this command would write and delete. Replace it "
            f"by a copy, such as of the whole run with cp -rL."
        )
