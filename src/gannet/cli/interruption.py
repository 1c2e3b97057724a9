"""Signals that end a verb: Ctrl-C, SIGTERM and SIGHUP. A training handles them itself once it takes steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
BY_DEFAULT = (signal.SIG_DFL, signal.default_int_handler)


class Interrupted(KeyboardInterrupt):
    """A signal of :data:`ENDING`. Python ends with SIGINT instead of the exit status if a KeyboardInterrupt itself, not
    of a subclass, was raised within ``exec``, which dataclasses call at imports.
    """


class Interruption:
    """A signal handler that raises :class:`Interrupted`."""

    def __init__(self) -> None:
        self.signal: int = signal.SIGINT
        """What was received; SIGINT if code raised a KeyboardInterrupt itself."""

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Signal handler."""
        self.signal = number
        raise Interrupted


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Let each signal of :data:`ENDING` raise :class:`Interrupted` in the block, so that what it has half written is
    removed: by default SIGTERM and SIGHUP end a process at once. A signal that is ignored, as SIGHUP is under
    ``nohup``, or that has another handler, stays as it is.
    """
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    before = {number: handler for number in ENDING if (handler := signal.getsignal(number)) in BY_DEFAULT}
    for number in before:
        signal.signal(number, interruption)
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is interruption:  # a rank that has trained ignores it
                signal.signal(number, handler)


@contextmanager
def held_back() -> Iterator[None]:
    """Hold the signals of :func:`interruptible` back until the end of the block, for imports: torch ends the whole
    process if its own import is interrupted.

    Raises:
        Interrupted: at the end, if one of them was received.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in ENDING}
    held = {number: handler for number, handler in handlers.items() if isinstance(handler, Interruption)}
    received: list[int] = []
    for number in held:
        signal.signal(number, lambda number, _: received.append(number))
    try:
        yield
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)
    if received:
        signal.raise_signal(received[0])
