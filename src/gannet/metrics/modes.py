"""The family of modes: how many are captured, how evenly, how precisely and how wide."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from gannet.data.base import Kind
from gannet.errors import UserError
from gannet.features.extractors import describe
from gannet.metrics.assignment import Assignment, assign, known_modes
from gannet.metrics.base import NOT_NEGATIVE, SHARE, Better, Bounds, Estimate, Metric, Need, Samples
from gannet.metrics.inputs import checked_points
from gannet.metrics.intervals import FEWEST, LEAVE_ONE_OUT, NORMAL_95, around, leave_one_out, or_wilson, share
from gannet.metrics.mode_counts import mode_counts

CHUNK_ROWS = 200_000
RESAMPLES = 100
BOOTSTRAP = f"bootstrap, the points of every mode drawn again {RESAMPLES} times, normal"


class _ByMode(Metric):
    """Needs data whose modes are known."""

    needs: ClassVar[Need] = "modes"


@dataclass(frozen=True)
class _Counted(_ByMode):
    """Counts samples by mode: high-quality points, or images by the classes that a classifier sees."""

    sigmas: Annotated[float, Field(gt=0)] = 3.0
    """Radius of high quality in standard deviations."""
    classifier: str | None = None
    """Assigns images to modes; the data name it. None for points."""

    kinds: ClassVar[tuple[Kind, ...]] = ("points", "images")

    def label(self) -> str:
        """The name, with the classifier if any: ``modes``, ``modes[mnist-cnn-v1]``."""
        return f"{super().label()}[{self.classifier}]" if self.classifier else super().label()


@dataclass(frozen=True)
class ModesCaptured(_Counted):
    """Modes captured.

    Number of modes that have at least one high-quality point, or one image: 0 ... M, M is right.

    A point is high quality within ``sigmas`` (Mahalanobis) of the mode that it is nearest to. Says nothing about how
    evenly the modes are served: that is ``reverse_kl``. Lin et al. 2018 (PacGAN), section 4.1,
    https://arxiv.org/abs/1712.04086, who use one point and 2,500 samples.

    Where the modes are classes (``stacked-mnist``) every image counts for the combination of classes that
    ``classifier`` sees in its channels; published counts are of 26,000 images (section 4.2), and fewer find fewer modes
    of real data too.
    """

    at_least: Annotated[int, Field(ge=1)] = 1
    """High-quality points, or images, that make a mode captured."""

    name: ClassVar[str] = "modes"
    better: ClassVar[Better] = "higher"
    bounds: ClassVar[Bounds] = NOT_NEGATIVE
    blind_to: ClassVar[tuple[str, ...]] = ("shift",)

    def spec(self) -> dict[str, Any]:
        """Radius and threshold, or the classifier and the threshold."""
        if self.classifier:
            return {
                "version": 1,
                "at_least": self.at_least,
                **describe(self.classifier),
                "assigned": "most likely class of each channel",
            }
        return {
            "version": 1,
            "sigmas": self.sigmas,
            "at_least": self.at_least,
            "assigned": "nearest mode by Mahalanobis distance",
        }

    def compute(self, samples: Samples, rng: np.random.Generator) -> float:
        """A whole number."""
        counts, _ = mode_counts(samples, self.sigmas, self.classifier)
        return float((counts >= self.at_least).sum())


@dataclass(frozen=True)
class HighQuality(_ByMode):
    """Share of high-quality points.

    Share of points within ``sigmas`` (Mahalanobis) of the nearest mode, in [0, 1].

    The truth itself scores 1 - exp(-sigmas^2 / 2) = 0.989 in the plane. **More than that is not better**: it means
    modes narrower than the true ones, which ``spread`` shows. Srivastava et al. 2017 (VEEGAN), section 4.1,
    https://arxiv.org/abs/1705.07761.
    """

    sigmas: Annotated[float, Field(gt=0)] = 3.0
    """Radius of high quality in standard deviations."""

    name: ClassVar[str] = "high_quality"
    kinds: ClassVar[tuple[Kind, ...]] = ("points",)
    better: ClassVar[Better] = "higher"
    bounds: ClassVar[Bounds] = SHARE
    blind_to: ClassVar[tuple[str, ...]] = ("dropped modes",)

    def spec(self) -> dict[str, Any]:
        """Radius."""
        return {"version": 1, "sigmas": self.sigmas, "distance": "Mahalanobis"}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """A share, not a percentage."""
        modes = known_modes(samples.truth)
        _, fake = checked_points(samples)
        return share(assign(fake, modes).distance <= self.sigmas)


@dataclass(frozen=True)
class ReverseKL(_Counted):
    """Reverse KL divergence over modes.

    KL(q || p) = sum_m q_m log(q_m / p_m) in nats: q the generated shares of the modes, p their true weights.

    Range: 0 (right shares) to log(1 / min p) (everything on the rarest mode; log M for M equal modes). Serving k of M
    equal modes evenly gives log(M / k). Lin et al. 2018 (PacGAN), section 4.1, https://arxiv.org/abs/1712.04086.

    The convention follows their published program: only high-quality points are counted, each for its nearest mode, and
    q is their share among the high-quality points (not among all). Points in the void therefore do not count here:
    read it together with ``high_quality``. Where no point is of high quality, q does not exist: the value is then the
    worst of any q, log(1 / min p), with a warning, so that a curve over training stays finite and starts at its bad
    end.

    Where the modes are classes (``stacked-mnist``) every image counts, for the combination of classes that
    ``classifier`` sees in its channels. N images drawn from p itself give about (M - 1) / 2N: 0.019 for 26,000 of 1,000
    classes, and 0.015 where they are different rows out of 128,000.
    """

    name: ClassVar[str] = "reverse_kl"
    better: ClassVar[Better] = "lower"
    bounds: ClassVar[Bounds] = NOT_NEGATIVE

    def spec(self) -> dict[str, Any]:
        """Radius and the convention, or the classifier and the convention."""
        if self.classifier:
            return {
                "version": 1,
                **describe(self.classifier),
                "counted": "every picture, most likely class of each channel",
                "unit": "nats",
            }
        return {
            "version": 1,
            "sigmas": self.sigmas,
            "counted": "high-quality points",
            "unit": "nats",
            "when none": "log(1 / min weight)",
        }

    def compute(self, samples: Samples, rng: np.random.Generator) -> float | Estimate:
        """Finite, >= 0."""
        counts, truth = mode_counts(samples, self.sigmas, self.classifier)
        if not counts.sum():
            warnings.warn(
                f"No point within {self.sigmas:g} sigma of a mode: reverse_kl is its worst possible value.",
                stacklevel=2,
            )
            return float(-np.log(truth.min()))
        value = _divergence(counts, truth)
        if counts.sum() < FEWEST:
            return value
        half = NORMAL_95 * leave_one_out(lambda less: _divergence(less, truth), counts) ** 0.5
        return around(value, half, LEAVE_ONE_OUT).within((0.0, float(-np.log(truth.min()))))


@dataclass(frozen=True)
class ModeBalance(_Counted):
    """How evenly the modes are served.

    sum over modes of min(q, p): q the generated shares of the modes, p their true weights. 0 to 1, 1 is right.

    1 less the total variation: what is missing to 1 would have to move to other modes. Serving k of M equal modes
    evenly gives k / M, however many points. Counted as in ``reverse_kl``: high-quality points, each for its nearest
    mode; or every image, for the combination of classes that ``classifier`` sees, where modes are classes
    (``stacked-mnist``). n perfect points of M equal modes read about 1 - sqrt((M - 1) / (2 pi n)) instead of 1: 0.979
    for 8 modes and 2,500 points; compare with the real-data reference.
    """

    name: ClassVar[str] = "mode_balance"
    better: ClassVar[Better] = "higher"
    bounds: ClassVar[Bounds] = SHARE
    asked_for: ClassVar[tuple[Kind, ...]] = ("points", "images")

    def spec(self) -> dict[str, Any]:
        """The distance and what is counted."""
        common = {"version": 1, "formula": "sum of min(q, p)"}
        if self.classifier:
            return {
                **common,
                **describe(self.classifier),
                "counted": "every picture, most likely class of each channel",
            }
        return {**common, "sigmas": self.sigmas, "counted": "high-quality points"}

    def compute(self, samples: Samples, rng: np.random.Generator) -> float | Estimate:
        """In [0, 1]."""
        counts, truth = mode_counts(samples, self.sigmas, self.classifier)
        if not counts.sum():
            warnings.warn(
                f"No point within {self.sigmas:g} sigma of a mode: mode_balance is its worst possible value.",
                stacklevel=2,
            )
            return 0.0
        value = _balance(counts, truth)
        if counts.sum() < FEWEST:
            return value
        half = NORMAL_95 * leave_one_out(lambda less: _balance(less, truth), counts) ** 0.5
        return or_wilson(around(value, half, LEAVE_ONE_OUT), int(counts.sum()))


@dataclass(frozen=True)
class Spread(_ByMode):
    """Spread of the modes.

    Median over modes of the samples' own standard deviation over the mode's sigma: 1 is right, below 1 modes have
    shrunk.

    For each mode, of the points nearest to it and within ``reach`` sigma, whitened by the true covariance: the median
    squared distance from their own centre (the median of each axis) over 2 ln 2, the median of chi^2 with 2 degrees of
    freedom; then the root. A median needs no correction for the cut at ``reach`` (a Gaussian has exp(-50) beyond 10)
    and is not moved by a few stray points; own centre, so that a shifted mode of right width still reads 1. A mode
    squeezed onto a line reads 0.57.

    The relative noise is about 0.7 / sqrt(points of a mode), less for the median over modes. Modes that overlap (closer
    than about 5 sigma) share their points, and the value then reads low; the real-data reference on the card shows by
    how much.
    """

    reach: Annotated[float, Field(ge=5)] = 10.0
    """Points further than this many sigma from every mode are left out."""
    fewest: Annotated[int, Field(ge=3)] = 20
    """Modes with fewer points are left out."""

    name: ClassVar[str] = "spread"
    kinds: ClassVar[tuple[Kind, ...]] = ("points",)
    better: ClassVar[Better] = "one"
    bounds: ClassVar[Bounds] = NOT_NEGATIVE
    blind_to: ClassVar[tuple[str, ...]] = ("dropped modes", "shift")

    def spec(self) -> dict[str, Any]:
        """Reach, threshold and estimator."""
        return {
            "version": 1,
            "reach": self.reach,
            "fewest": self.fewest,
            "estimator": "median squared distance from own median / (2 ln 2), x (1 + 0.65/n)",
        }

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """>= 0.

        Raises:
            UserError: no mode has ``fewest`` points, so no width can be measured.
        """
        modes = known_modes(samples.truth)
        _, fake = checked_points(samples)
        assignment = assign(fake, modes)
        counts = assignment.counts_within(self.reach, len(modes.weights))
        usable = np.flatnonzero(counts >= self.fewest)
        if not len(usable):
            raise UserError(
                f"No mode has {self.fewest} points within {self.reach:g} sigma, so the spread of modes cannot be "
                f"measured."
            )
        own = [_points_of(assignment, int(mode), self.reach) for mode in usable]
        value = float(np.median([_deviations(points[None])[0] for points in own]))
        redrawn = np.median([_redrawn(points, rng) for points in own], axis=0)  # (RESAMPLES,)
        return around(value, NORMAL_95 * float(redrawn.std(ddof=1)), BOOTSTRAP)


def _divergence(counts: np.ndarray, truth: np.ndarray) -> float:
    share = counts / counts.sum()
    served = share > 0
    return max(0.0, float((share[served] * np.log(share[served] / truth[served])).sum()))


def _balance(counts: np.ndarray, truth: np.ndarray) -> float:
    return float(np.minimum(counts / counts.sum(), truth).sum())


def _points_of(assignment: Assignment, mode: int, reach: float) -> np.ndarray:
    return assignment.whitened[(assignment.mode == mode) & (assignment.distance <= reach)]


def _redrawn(own: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    at_once = max(1, CHUNK_ROWS // len(own))
    sizes = [min(at_once, RESAMPLES - done) for done in range(0, RESAMPLES, at_once)]
    return np.concatenate([_deviations(own[rng.integers(len(own), size=(size, len(own)))]) for size in sizes])


def _deviations(own: np.ndarray) -> np.ndarray:
    """(R, N, 2) whitened points of a mode, R times -> (R,)."""
    squared = np.square(own - np.median(own, axis=1, keepdims=True)).sum(axis=2)
    # An own centre takes some of the width: the median of this estimate is 1 - 0.65 / n (simulated, n = 20 ... 300).
    return np.sqrt(np.median(squared, axis=1) / (2 * np.log(2))) * (1 + 0.65 / own.shape[1])
