"""A limit on the time of a training: ``--max-time``."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from gannet.errors import UserError

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}
_TIME = re.compile(r"(?=.)(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?")
LONGEST_SECONDS = 366 * 24 * 3600.0


def parse_time(text: str) -> float:
    """Seconds in a time such as ``90s``, ``30m``, ``3h``, ``1h30m`` or ``5400``.

    Raises:
        UserError: not a time, zero, or more than a year.
    """
    found = _TIME.fullmatch(text.strip().lower())
    seconds = (
        sum(float(number) * unit for number, unit in zip(found.groups(), _UNITS.values(), strict=True) if number)
        if found
        else 0.0
    )
    if not 0 < seconds <= LONGEST_SECONDS:
        raise UserError(
            f"--max-time {text!r} is not a time between 1 second and a year: write for example 90s, 30m, 3h or 1h30m."
        )
    return seconds


@contextmanager
def limited(text: str | None) -> Iterator[None]:
    """Send this process SIGALRM once the time has passed, and every second after that; None is no limit.

    The signal is ignored until a training listens, which then stops with a checkpoint. The time counts from the start
    of the command, because a scheduler's does.
    """
    if text is None:
        yield
        return
    seconds = parse_time(text)
    before = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
