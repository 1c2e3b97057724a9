"""Frames in a format that a browser reads without a library."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np

MAGIC = b"GNF1"
NEGLIGIBLE = 1e-9
"""Share of the heaviest move of a plan below which a move is a rounding error of the solver."""


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


def packed_plan(frame: Mapping[str, np.ndarray]) -> bytes:
    """The earth mover's plan of a frame of points, packed: ``moves`` (K, 5), each x, y, dx, dy from a generated sample
    to a real one and its share of the mass; ``count`` of generated samples; ``w1``, the mean length.

    Raises:
        UserError: a set has no finite point.
    """
    from gannet.theory.earth_mover import plan_of_samples  # imports a solver, which few views need

    plan = plan_of_samples(frame["fake"], frame["real"])
    begin, end = np.nonzero(plan.mass > NEGLIGIBLE * plan.mass.max())
    start, share = plan.sources[begin], plan.mass[begin, end]
    moves = np.concatenate([start, plan.targets[end] - start, share[:, None]], axis=1)
    return packed({"moves": moves, "count": np.array([len(plan.sources)]), "w1": np.array([plan.cost])})
