"""Content hashes: equal data have equal digests on every machine."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from hashlib import blake2b
from typing import Any

import numpy as np


def digest(*parts: Any) -> str:
    """32 hex digits for a list of plain values (text, numbers, None, tuples, dictionaries)."""
    return blake2b(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode(), digest_size=16).hexdigest()


def digest_fields(source: Any) -> str:
    """The digest of a frozen dataclass that its fields define completely."""
    return digest(type(source).__name__, asdict(source))


def digest_arrays(arrays: Iterable[np.ndarray | None], *parts: Any) -> str:
    """The digest of arrays (values, shape and type) and of additional plain values."""
    hasher = blake2b(digest(*parts).encode(), digest_size=16)
    for array in arrays:
        hasher.update(b"none" if array is None else f"{array.dtype.str}{array.shape}".encode())
        if array is not None:
            hasher.update(np.ascontiguousarray(array).data)
    return hasher.hexdigest()
