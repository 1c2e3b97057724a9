"""A cache on disk for features of real images, so that the next measurement of the same data is faster."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from gannet.data.cache_folder import cache_folder
from gannet.data.digest import digest
from gannet.errors import UserError
from gannet.files import written_whole

LARGEST_FOLDER_BYTES = 2 << 30
"""If the folder is larger, the least recently used entries are deleted."""
CHECKSUM_BYTES = 32
Responses = tuple[np.ndarray, np.ndarray | None]


def entry(content: str, spec: Mapping[str, Any]) -> Path:
    """The file for one set of images (by the hash of its content) and one extractor (by its whole specification)."""
    return cache_folder() / "features" / f"{digest(content, dict(spec))}.features"


def recall(content: str, spec: Mapping[str, Any]) -> Responses | None:
    """The stored responses; None if there are none, or if the file is damaged."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = entry(content, spec)
    try:
        whole = memoryview(path.read_bytes())
        if _checksum(whole[CHECKSUM_BYTES:]) != whole[:CHECKSUM_BYTES]:
            return None
        arrays = load(bytes(whole[CHECKSUM_BYTES:]))
        path.touch()
    except (OSError, SafetensorError):
        return None
    logits = arrays.get("logits")
    return arrays["features"].astype(np.float64), None if logits is None else logits.astype(np.float64)


def remember(content: str, spec: Mapping[str, Any], responses: Responses) -> None:
    """Store the responses with a checksum. A full or read-only disk is not an error."""
    from safetensors.numpy import save

    named = zip(("features", "logits"), responses, strict=True)
    # Networks return float32, so no precision is lost.
    payload = save({name: np.ascontiguousarray(array, np.float32) for name, array in named if array is not None})
    path = entry(content, spec)
    with suppress(OSError, UserError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as file:
            file.write(_checksum(payload))
            file.write(payload)
        _sweep(path.parent)


def _checksum(payload: bytes | memoryview) -> bytes:
    return blake2b(payload, digest_size=CHECKSUM_BYTES).digest()


def _sweep(folder: Path) -> None:
    entries = sorted(
        ((path.stat().st_mtime, path.stat().st_size, path) for path in folder.glob("*.features")), reverse=True
    )
    total = 0
    for _, size, path in entries:
        total += size
        if total > LARGEST_FOLDER_BYTES:
            path.unlink(missing_ok=True)
