"""How many digits of a value are printed."""

from __future__ import annotations


def written(value: float, count: int) -> str:
    """A value with no more digits than ``count`` samples can carry: 3 significant from 1,000 on, 2 below.

    Their relative noise is at best about 1 / sqrt(count). Whole numbers are counts and are written as such.
    """
    if value == int(value):
        return str(int(value))
    digits = 3 if count >= 1000 else 2
    rounded = float(f"{value:.{digits}g}")
    if 1e-4 <= abs(rounded) < 10**digits:
        return f"{rounded:#.{digits}g}".rstrip(".")
    return f"{value:.0f}" if 10**digits <= abs(rounded) < 1e6 else f"{rounded:.{digits - 1}e}"
