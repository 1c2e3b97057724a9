"""How evenly the modes are served."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from gannet.data.base import Kind
from gannet.features.extractors import describe
from gannet.metrics.base import SHARE, Better, Bounds, Estimate, Metric, Need, Samples
from gannet.metrics.intervals import FEWEST, LEAVE_ONE_OUT, NORMAL_95, around, leave_one_out, or_wilson
from gannet.metrics.mode_counts import mode_counts


@dataclass(frozen=True)
class ModeBalance(Metric):
    """sum over modes of min(q, p): q the generated shares of the modes, p their true weights. 0 to 1, 1 is right.

    1 less the total variation: what is missing to 1 would have to move to other modes. Serving k of M equal modes evenly gives k / M,
    however many points. Counted as in ``reverse_kl``: high-quality points, each for its nearest mode; or every picture, for the
    combination of classes that ``classifier`` sees, where modes are classes (``stacked-mnist``). n perfect points of M equal
    modes read about 1 - sqrt((M - 1) / (2 pi n)) instead of 1: 0.979 for 8 modes and 2,500 points; compare with the floor.
    """

    sigmas: Annotated[float, Field(gt=0)] = 3.0
    """Radius of high quality in standard deviations."""
    classifier: str | None = None
    """What tells the modes of pictures apart; the data say which. None for points."""

    kinds: ClassVar[tuple[Kind, ...]] = ("points", "images")
    better: ClassVar[Better] = "higher"
    bounds: ClassVar[Bounds] = SHARE
    needs: ClassVar[Need] = "modes"
    asked_for: ClassVar[tuple[Kind, ...]] = ("points", "images")

    def label(self) -> str:
        """``mode_balance``, or ``mode_balance[classifier]``."""
        return f"mode_balance[{self.classifier}]" if self.classifier else "mode_balance"

    def spec(self) -> dict[str, Any]:
        """The distance and what is counted."""
        common = {"version": 1, "formula": "sum of min(q, p)"}
        if self.classifier:
            return {**common, **describe(self.classifier), "counted": "every picture, most likely class of each channel"}
        return {**common, "sigmas": self.sigmas, "counted": "high-quality points"}

    def compute(self, samples: Samples, rng: np.random.Generator) -> float | Estimate:
        """In [0, 1]."""
        counts, truth = mode_counts(samples, self.sigmas, self.classifier)
        if not counts.sum():
            warnings.warn(f"No point within {self.sigmas:g} sigma of a mode: mode_balance is its worst possible value.", stacklevel=2)
            return 0.0
        value = _balance(counts, truth)
        if counts.sum() < FEWEST:
            return value
        half = NORMAL_95 * leave_one_out(lambda less: _balance(less, truth), counts) ** 0.5
        return or_wilson(around(value, half, LEAVE_ONE_OUT), int(counts.sum()))


def _balance(counts: np.ndarray, truth: np.ndarray) -> float:
    return float(np.minimum(counts / counts.sum(), truth).sum())
