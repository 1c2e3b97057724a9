"""Derived seeds: every random draw is a function of the run's seed and its place in the program, so no state is
stored.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def derive(seed: int, *path: str | int) -> int:
    """A 63-bit seed for one purpose, such as ``derive(seed, "noise", step, turn)``.

    Equal arguments give equal seeds on every machine; different arguments give unrelated seeds.
    """
    text = "/".join(map(str, (seed, *path)))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def torch_rng(seed: int, *path: str | int, device: torch.device | str = "cpu") -> torch.Generator:
    """A private torch generator seeded by :func:`derive`."""
    import torch  # imported here because the live view's server needs numpy only, and torch takes 200 MB

    return torch.Generator(device).manual_seed(derive(seed, *path))


def numpy_rng(seed: int, *path: str | int) -> np.random.Generator:
    """A private numpy generator seeded by :func:`derive`."""
    return np.random.default_rng(derive(seed, *path))
