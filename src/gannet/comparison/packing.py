"""A run as bytes that travel to another machine and back."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

from gannet.files import written_whole
from gannet.runs.schema import LOCK_FILE


def pack(run: Path) -> bytes:
    """All files of a run, without its lock."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.add(run, arcname=".", filter=lambda member: None if member.name.endswith(f"/{LOCK_FILE}") else member)
    return content.getvalue()


def unpack(packed: bytes, run: Path) -> None:
    """Write the files of :func:`pack` into a run, each whole: an interruption leaves old files or new ones.

    Raises:
        UserError: a file cannot be written.
    """
    run.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for member in archive:
            place = run / tarfile.data_filter(member, str(run)).name
            content = archive.extractfile(member)
            if content is None:
                place.mkdir(parents=True, exist_ok=True)
            else:
                with written_whole(place) as file:
                    shutil.copyfileobj(content, file)
