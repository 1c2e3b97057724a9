"""Settings that every run has, independent of its recipe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

Every = Annotated[int, Field(ge=0, le=10**9)]


@dataclass(frozen=True)
class MeasureSettings:
    """Score cards during training, and the best checkpoint by FD, which is kept."""

    every: Every | None = None
    """Steps between two measurements of all default metrics; none measures FD and class balance of images a few times
    unless the training is very short, 0 disables measurement during training."""


@dataclass(frozen=True)
class CheckpointSettings:
    """Checkpoints."""

    every: Every = 1000
    """Steps between two checkpoints; 0 saves only the last state."""
    keep: Annotated[int, Field(ge=1, le=10**6)] = 2
    """Number of checkpoints to keep, the newest ones."""


@dataclass(frozen=True)
class FrameSettings:
    """Frames show samples of the generator, always from the same noise."""

    every: Every | None = None
    """Steps between two frames; none uses the recipe's default, 0 disables frames."""
    count: Annotated[int, Field(ge=1, le=10_000)] = 64
    """Images in a grid. Points frames hold 500 points."""


@dataclass(frozen=True)
class HealthSettings:
    """Health checks during training, see training/vitals.py."""

    every: Every | None = None
    """Steps between two health checks; none gives at most 40 checks in total, 0 disables them."""


@dataclass(frozen=True)
class LogSettings:
    """Terms: losses and other recorded values."""

    every: Annotated[int, Field(ge=1, le=10**9)] | None = None
    """Steps between two records of the terms, each of which is printed; none records every 50 steps and prints one
    every few seconds."""


@dataclass(frozen=True)
class Settings:
    """Settings of a run besides its recipe and data."""

    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    """All random numbers of the run derive from it."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device to train on; auto uses a CUDA GPU if available."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Number format of the networks; training/precision.py explains what auto chooses."""
    compile: bool = False
    """Compile the step of a game with small networks, which then takes about half the processor time, in trainings of
    10,000 steps or more; compiling itself takes a minute or more the first time. The tensors differ by rounding. On a
    GPU steps are CUDA graphs without this key, with the same tensors, except those with code of yours."""
    measure: MeasureSettings = field(default_factory=MeasureSettings)
    checkpoint: CheckpointSettings = field(default_factory=CheckpointSettings)
    frames: FrameSettings = field(default_factory=FrameSettings)
    health: HealthSettings = field(default_factory=HealthSettings)
    log: LogSettings = field(default_factory=LogSettings)
