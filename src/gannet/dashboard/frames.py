"""Frames in a format that a browser reads without a library."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np

MAGIC = b"GNF1"


def packed(frame: Mapping[str, np.ndarray]) -> bytes:
    """Pack arrays: ``GNF1``, uint32 length of the header, header (JSON), then the bytes of each array, aligned to 8.

    The header is ``{"arrays": [{"name", "type": "float32" | "uint8", "shape", "offset"}]}``, offsets from the end of
    the header's padding; little endian. All types except uint8 become float32, which represents float16 exactly.
    """
    arrays = {
        name: np.ascontiguousarray(array, array.dtype if array.dtype == np.uint8 else "<f4")
        for name, array in frame.items()
    }
    described, offset = [], 0
    for name, array in arrays.items():
        described.append(
            {"name": name, "type": array.dtype.name, "shape": list(np.shape(frame[name])), "offset": offset}
        )
        offset += -(-array.nbytes // 8) * 8
    header = json.dumps({"arrays": described}, separators=(",", ":")).encode()
    header += b" " * (-(len(header) + 8) % 8)
    body = b"".join(array.tobytes() + bytes(-array.nbytes % 8) for array in arrays.values())
    return MAGIC + len(header).to_bytes(4, "little") + header + body
