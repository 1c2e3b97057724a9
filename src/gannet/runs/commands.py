"""Commands to a training process: files in RUN/commands/, taken between two steps."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from gannet.errors import UserError


def submit(run_path: Path, name: str, arguments: dict[str, Any]) -> int:
    """Leave a command for the process that trains a run; its number.

    Raises:
        UserError: the command cannot be written.
    """
    folder = run_path / "commands"
    try:
        folder.mkdir(exist_ok=True)
        number = 1 + max((int(file.stem) for file in folder.glob("*.json") if file.stem.isdigit()), default=0)
        temporary = folder / f".{number}.tmp"
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump({"name": name, "arguments": arguments}, file)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, folder / f"{number:06d}.json")
        temporary.unlink()
    except OSError as error:
        raise UserError(f"Cannot leave a command in {folder}: {error.strerror}.") from None
    return number
