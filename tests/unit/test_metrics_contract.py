"""The contract of metrics can fail: each broken metric breaks the check that is there for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pytest

from gannet.data.base import Kind
from gannet.discovery import components
from gannet.metrics.base import Metric, Samples
from gannet.metrics.inputs import checked_points
from gannet.runs.records import ScoreCard
from gannet.testing.metrics import check_metric


def gap(real: np.ndarray, fake: np.ndarray) -> float:
    return float(np.linalg.norm(real.mean(axis=0) - fake.mean(axis=0)))


@dataclass(frozen=True)
class MeanGap(Metric):
    """Distance of the means; whole unless a formula breaks it."""

    formula: Callable[[np.ndarray, np.ndarray], float] = gap
    guarded: bool = True

    kinds: ClassVar[tuple[Kind, ...]] = ("points",)
    better: ClassVar[Literal["lower", "higher", "one"]] = "lower"
    symmetric: ClassVar[bool] = True

    def label(self) -> str:
        return "mean_gap"

    def spec(self) -> dict[str, Any]:
        return {"version": 1, "formula": "mean", "guarded": self.guarded}

    def compute(self, samples: Samples, rng: np.random.Generator) -> float:
        real, fake = checked_points(samples) if self.guarded else (samples.real, samples.fake)
        return self.formula(real, fake)


def test_a_whole_metric_passes() -> None:
    check_metric(MeanGap())


@pytest.mark.parametrize(
    ("formula", "why"),
    [
        (lambda real, fake: 1 + gap(real, fake), "equal sets give"),
        (lambda real, fake: gap(real, fake) * (1 + real[:, 0].var()), "in one direction"),
        (lambda real, fake: 0.0, "no corruption"),
        (lambda real, fake: -gap(real, fake), "better under more"),
        (lambda real, fake: gap(real, fake) + 0.01 * abs(float(real[0, 0] - fake[0, 0])), "order"),
        (lambda real, fake: gap(real, fake) + 1e-9 * np.random.rand(), "the same seed"),
        (lambda real, fake: float(np.abs(np.sort(real, 0) - np.sort(fake, 0)).mean()), "broadcast"),
        (lambda real, fake: np.float64(gap(real, fake)), "not float"),
    ],
)
def test_a_broken_metric_fails(formula: Callable[[np.ndarray, np.ndarray], float], why: str) -> None:
    with pytest.raises((AssertionError, ValueError), match=why):
        check_metric(MeanGap(formula))


def test_measuring_nan_fails() -> None:
    with pytest.raises(AssertionError, match="NaN or too few"):
        check_metric(MeanGap(guarded=False))


def test_a_label_is_the_name_that_is_listed() -> None:
    """Up to capitals and punctuation: C_T and ct; brackets name the extractor."""
    for name, component in components("metrics").items():
        label = component.load()().label()
        assert re.sub(r"\[.*|\^2|\W|_", "", label.lower()) == name.replace("-", ""), label
        assert "_" not in label or label == "C_T"


def test_labels_of_earlier_versions_are_spelled_as_today() -> None:
    written = {"metric": "class_accuracy[my_cnn]", "label": "class_accuracy[my_cnn]", "value": 1.0}
    assert ScoreCard.model_validate(written).label == "class-accuracy[my_cnn]"
    assert ScoreCard.model_validate({"metric": "ct", "label": "C_T", "value": 1.0}).label == "C_T"
