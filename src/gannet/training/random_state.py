"""The default random generators of torch, numpy and Python, which all trainings of a process share: one uses them at a
time.

A training seeds torch's for every turn and draws everything from them, because dropout can draw from no other
generator. Code of the user may also draw from numpy's and Python's, which are then seeded too: a turn is a function of
(seed, step), and a resumed run continues exactly. Several trainings in threads therefore take turns.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import torch

LOCK = threading.RLock()
"""Held while something is drawn from a default generator."""


def seed_others(seed: int) -> None:
    """Seed the default generators of numpy and Python."""
    random.seed(seed)
    np.random.seed(seed % 2**32)


@contextmanager
def _others_restored() -> Iterator[None]:
    of_python, of_numpy = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(of_python)
        np.random.set_state(of_numpy)


@contextmanager
def restored(device: torch.device | str = "cpu") -> Iterator[None]:
    """Inside, the default generators are used alone; afterwards their states are as before."""
    with LOCK, _others_restored(), torch.random.fork_rng(devices=_accelerators(device)):
        yield


@contextmanager
def restored_at_end(device: torch.device | str = "cpu") -> Iterator[None]:
    """As :func:`restored`, but other threads may use the generators inside: each use needs :data:`LOCK`."""
    with ExitStack() as kept:
        with LOCK:
            kept.enter_context(_others_restored())
            kept.enter_context(torch.random.fork_rng(devices=_accelerators(device)))
        try:
            yield
        finally:
            with LOCK:
                kept.close()


def _accelerators(device: torch.device | str) -> list[torch.device]:
    device = torch.device(device)
    return [device] if device.type == "cuda" else []
