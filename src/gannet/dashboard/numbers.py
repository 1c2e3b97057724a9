"""Numbers in the addresses that a page asks for; an odd one is a bad request."""

from __future__ import annotations

import math
import re

from gannet.errors import UserError


class Missing(Exception):
    """No such run, frame or page."""


def step_of(text: str) -> int:
    """A step in a path.

    Raises:
        Missing: not a whole number of at most 18 digits.
    """
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise Missing("A step is a whole number.")
    return int(text)


def whole_number(text: str | None) -> int | None:
    """A bound of a range; None if it is missing or not a number."""
    try:
        return None if text is None else int(float(text))
    except (ValueError, OverflowError):
        return None


def decimal(text: str) -> float:
    """An argument of a probe.

    Raises:
        UserError: not a finite number.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UserError("The arguments of a question are numbers.")
    return value
