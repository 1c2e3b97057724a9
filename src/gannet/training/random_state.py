"""The default random generators of torch, which all trainings of a process share: one uses them at a time.

A training seeds them for every turn and draws everything from them, because dropout can draw from no other generator.
Several trainings in threads therefore take turns.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

LOCK = threading.RLock()
"""Held while something is drawn from a default generator."""


@contextmanager
def restored(device: torch.device | str = "cpu") -> Iterator[None]:
    """Inside, the default generators are used alone; afterwards their states are as before."""
    with LOCK, torch.random.fork_rng(devices=_accelerators(device)):
        yield


@contextmanager
def restored_at_end(device: torch.device | str = "cpu") -> Iterator[None]:
    """As :func:`restored`, but other threads may use the generators inside: each use needs :data:`LOCK`."""
    kept = torch.random.fork_rng(devices=_accelerators(device))
    with LOCK:
        kept.__enter__()
    try:
        yield
    finally:
        with LOCK:
            kept.__exit__(None, None, None)


def _accelerators(device: torch.device | str) -> list[torch.device]:
    device = torch.device(device)
    return [device] if device.type == "cuda" else []
