"""Settings that every run has, whatever its recipe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

Every = Annotated[int, Field(ge=0)]


@dataclass(frozen=True)
class MeasureSettings:
    """Score cards while training."""

    every: Every = 0
    """Steps between two measurements; 0 measures never while training."""


@dataclass(frozen=True)
class CheckpointSettings:
    """Checkpoints."""

    every: Every = 1000
    """Steps between two checkpoints; 0 keeps only the last state."""
    keep: Annotated[int, Field(ge=1)] = 2
    """How many of the newest are kept."""


@dataclass(frozen=True)
class FrameSettings:
    """Pictures of what the generator makes, always from the same noise."""

    every: Every | None = None
    """Steps between two frames; none leaves it to the recipe, 0 records none."""
    count: Annotated[int, Field(ge=1, le=10_000)] = 64
    """Images in a grid. Points frames hold 500 points."""


@dataclass(frozen=True)
class HealthSettings:
    """What looks after the training, see training/vitals.py."""

    every: Every | None = None
    """Steps between two looks; none for 40 looks in all or fewer, 0 for no look."""


@dataclass(frozen=True)
class Settings:
    """How a run is carried out."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Every random number of the run follows from it."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of the networks; see training/precision.py for what auto chooses."""
    measure: MeasureSettings = field(default_factory=MeasureSettings)
    checkpoint: CheckpointSettings = field(default_factory=CheckpointSettings)
    frames: FrameSettings = field(default_factory=FrameSettings)
    health: HealthSettings = field(default_factory=HealthSettings)
