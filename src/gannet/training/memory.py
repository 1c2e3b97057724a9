"""Running out of memory, in words."""

from __future__ import annotations

from collections.abc import Collection

import torch

LOWERING = ("batch_size", "data.size", "width", "hidden", "frames.count")
"""Keys that decide how much memory a training needs, the most effective first."""
ALLOCATOR = ("can't allocate memory", "not enough memory", "std::bad_alloc")
"""Messages of torch's allocator for the CPU."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception means that the device or the machine has too little memory."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and any(text in str(error) for text in ALLOCATOR)
    )


def less_memory(keys: Collection[str]) -> str:
    """A sentence that names the keys to lower.

    Args:
        keys: that the run has.
    """
    there = [key for key in LOWERING if key in keys]
    return f"Lower {', '.join(there[:-1])}{' or ' if there[1:] else ''}{there[-1]}, or end other processes."
