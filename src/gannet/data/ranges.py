"""Ranges of the numbers that describe distributions of points: what a float32 can hold next to the other points."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Length = Annotated[float, Field(gt=0, le=1e6)]
"""A distance, such as a radius."""
Sigma = Annotated[float, Field(ge=1e-6, le=1e6)]
"""The standard deviation of a mode. Its square is a variance that can be inverted."""
Noise = Annotated[float, Field(ge=0, le=1e6)]
"""The standard deviation of noise; 0 for none."""
