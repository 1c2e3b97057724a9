"""The contract of a metric: ``check_metric(MyMetric())`` checks your own class."""

from __future__ import annotations

import dataclasses
import json
import pickle
import random
from collections.abc import Callable, Sequence

import numpy as np
import torch

from gannet.data.base import ClassModes, Kind, Truth
from gannet.errors import UserError
from gannet.evaluation.choice import ASKED
from gannet.metrics.base import Answers, Better, Labels, Metric, Samples, as_estimate
from gannet.runs.records import ScoreCard
from gannet.testing.metric_bounds import check_interval, check_intervals
from gannet.testing.metric_captions import check_drawn
from gannet.testing.metric_data import (
    COUNT,
    corruptions,
    draw,
    drawn_with_classes,
    labelled_digits,
    stacked_digits,
    truth_of,
)

HELD_OUT_SEED = 300
"""Seed of :func:`draw` for held-out samples."""
SLACK = 0.15
"""Share of the metric's range over all corruptions by which noise may improve the value when a corruption grows."""
SEEN = 4
"""Number of standard deviations over draws of true samples by which damage must make the value worse, unless the
metric is blind to it.
"""


def check_metric(metric: Metric) -> None:
    """Run every check for every kind of data that the metric supports.

    Raises:
        AssertionError: the metric violates its contract; the message names the requirement.
    """
    check_declaration(metric)
    if metric.needs == "drawn":
        check_drawn(metric)
        return
    if metric.needs in ASKED:
        for kind in metric.kinds:
            check_answers(metric, kind)
        return
    if metric.needs in ("classes", "followed"):
        check_labelled(metric)
        return
    for kind in metric.kinds:
        if metric.needs == "modes" and kind == "images":
            check_classes(metric)
            continue
        check_best_value(metric, kind)
        check_symmetry(metric, kind)
        check_worsens(metric, kind)
        check_order_is_ignored(metric, kind)
        check_reproducible(metric, kind)
        check_unequal_sizes(metric, kind)
        check_refuses(metric, kind)
        kept_back = draw(kind, HELD_OUT_SEED) if metric.needs == "held_out" else None
        check_intervals(metric, kind, truth_of(kind), kept_back)


def check_declaration(metric: Metric) -> None:
    """A frozen dataclass with a label, and a spec of plain JSON with a version, equal at every call."""
    assert dataclasses.is_dataclass(metric), "a metric must be a dataclass"
    try:
        metric.no_such_field = 1  # type: ignore[attr-defined]
    except dataclasses.FrozenInstanceError:
        pass
    else:
        raise AssertionError("a metric must be frozen")
    assert metric.kinds, "kinds must not be empty"
    assert metric.label(), "label must not be empty"
    assert json.loads(json.dumps(metric.spec(), allow_nan=False)) == metric.spec(), "spec must consist of JSON values"
    assert "version" in metric.spec(), "spec needs a version"
    for field in dataclasses.fields(metric):
        assert getattr(metric, field.name) is None or field.name in json.dumps(metric.spec()), (
            f"spec tells {field.name}"
        )
    known = {name for kind in metric.kinds for name in corruptions(kind)} | {"noise", "shrunken modes"}
    assert set(metric.blind_to) <= known, f"blind_to may name damage of {sorted(known)}"


def check_answers(metric: Metric, kind: Kind) -> None:
    """Correct answers give the best value, and more wrong ones a worse value; the order of the samples does not
    matter.
    """
    if metric.needs_classifier:
        metric = dataclasses.replace(metric, extractor="digits-cnn-v1")  # type: ignore[type-var]
    best = 0.0 if metric.better == "lower" else metric.bounds[1]
    values = [
        as_estimate(metric.compute(_answered(metric, kind, wrong), np.random.default_rng(0))).value
        for wrong in (0.0, 0.2, 0.5, 0.9)
    ]
    assert np.isclose(values[0], best, rtol=1e-12, atol=0), f"correct answers give {values[0]}, not {best}"
    worse = np.diff(values) if metric.better == "lower" else -np.diff(values)
    assert (worse > 0).all(), f"not worse with more wrong answers: {values}"
    order = np.random.default_rng(1).permutation(COUNT[kind])
    shuffled = as_estimate(metric.compute(_answered(metric, kind, 0.5, order), np.random.default_rng(0))).value
    assert np.isclose(shuffled, values[2], rtol=1e-9), f"{values[2]} in one order and {shuffled} in another"
    for wrong in (0.0, 0.5, 1.0):
        result = metric.measure(_answered(metric, kind, wrong), np.random.default_rng(0))
        assert type(result.value) is float, f"compute returns {type(result.value).__name__}, not float"
        check_interval(metric, result, f"{wrong:.0%} wrong answers")
    try:
        metric.compute(_answered(metric, kind, 0.0, order[:9]), np.random.default_rng(0))
    except UserError:
        return
    raise AssertionError("9 samples must be refused")


def check_labelled(metric: Metric) -> None:
    """For class-conditional samples: the more images show another class than requested, the worse the value."""
    images, classes = labelled_digits()
    chosen = dataclasses.replace(metric, extractor="digits-cnn-v1")  # type: ignore[type-var]
    half, names = len(images) // 2, tuple("0123456789")

    def value(wrong: float, order: np.ndarray | None = None) -> float:
        asked = classes[half:].copy()
        changed = np.random.default_rng(7).permutation(half)[: round(wrong * half)]
        asked[changed] = (asked[changed] + 1) % 10
        order = np.arange(half) if order is None else order
        labels = Labels(names, classes[:half], classes[half:], asked[order])
        estimate = chosen.measure(
            Samples(images[:half], images[half:][order], Truth(), labels=labels), np.random.default_rng(0)
        )
        check_interval(chosen, estimate, f"{wrong:.0%} wrong classes")
        assert set(estimate.parts) == set(names), f"the card must contain every class, not {set(estimate.parts)}"
        return estimate.value

    before = global_random_state()
    values = [value(wrong) for wrong in (0.0, 0.1, 0.3, 0.9)]
    value(1.0)
    assert (np.diff(values) * (1 if metric.better == "lower" else -1) > 0).all(), (
        f"not worse with more wrong classes: {values}"
    )
    shuffled = value(0.1, np.random.default_rng(5).permutation(half))
    assert np.isclose(shuffled, values[1], rtol=1e-6), f"{values[1]} in one order and {shuffled} in another"
    assert global_random_state() == before, "a global random generator was used"
    for labels in (None, Labels(names, classes[:9], classes[:9], classes[:9])):
        problems = _refusal(chosen, Samples(images[:half], images[half:], Truth(), labels=labels))
        assert len(problems) == 1, "no labels, or not one for every sample, must be refused"


def _answered(metric: Metric, kind: Kind, wrong: float, order: np.ndarray | None = None) -> Samples:
    """Answers about the samples of :func:`draw`, or about real digits for a classifier; a share of them belongs to
    another sample.
    """
    real, classes = (
        part[: COUNT[kind]] for part in (labelled_digits() if metric.needs_classifier else drawn_with_classes(kind, 0))
    )
    rng = np.random.default_rng(7)
    rows = np.arange(len(real))
    changed = rng.permutation(len(real))[: round(wrong * len(real))]
    rows[changed] = np.roll(changed, 1)
    order = np.arange(len(real)) if order is None else order
    answers = Answers(
        real[order],
        classes[order],
        reconstructed=real[rows][order],
        inverted=real[rows][order],
        predicted=classes[rows][order],
        clusters=(7 - classes)[rows][order],
        translated=_inverted(real, changed)[order] if kind == "images" else None,
        trivial={"one grey": np.full_like(real, 128)},
        contradictions=np.isin(np.arange(len(real)), changed)[order].astype(np.float64),
    )
    return Samples(real, real, truth_of(kind), answers)


def _inverted(images: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Some images in negative: another image would leave the distribution as it is."""
    changed = images.copy()
    changed[rows] = 255 - changed[rows]
    return changed


def check_best_value(metric: Metric, kind: Kind) -> None:
    """A distance is 0 for equal sets, or on average for draws of the same distribution; a distance to the truth is
    near its best value.
    """
    real = draw(kind, 0)
    if metric.unbiased:
        check_zero_on_average(metric, kind)
    elif metric.needs == "samples" and metric.better == "lower":
        value = compute(metric, real, real.copy(), Truth())
        assert abs(value) < 1e-6, f"equal sets give {value}, not 0"
    elif metric.better in ("lower", "one"):
        worst = abs(compute(metric, real, draw(kind, 1), truth_of(kind)) - (metric.better == "one"))
        assert worst < 0.1, f"true samples are {worst} from the best value"


def check_zero_on_average(metric: Metric, kind: Kind, *, repeats: int = 16) -> None:
    """Over pairs of draws of the same distribution, the mean is 0 within 4 standard errors."""
    values = np.array(
        [compute(metric, draw(kind, 100 + 2 * i), draw(kind, 101 + 2 * i), truth_of(kind)) for i in range(repeats)]
    )
    error = values.std(ddof=1) / np.sqrt(repeats)
    assert abs(values.mean()) < 4 * error, (
        f"biased: {values.mean()} on average for equal distributions, standard error {error}"
    )


def check_symmetry(metric: Metric, kind: Kind) -> None:
    """Exchanging the sets does not change the value of a metric that claims symmetry."""
    if metric.symmetric:
        first, second = draw(kind, 0), corruptions(kind)["dropped modes"][1]
        there, back = compute(metric, first, second, truth_of(kind)), compute(metric, second, first, truth_of(kind))
        assert np.isclose(there, back, rtol=1e-5, atol=1e-9), f"{there} in one direction and {back} in the other"


def check_worsens(metric: Metric, kind: Kind) -> None:
    """Growing damage makes the value worse, and never better except for noise. Damage that the metric is blind to
    has little effect.
    """
    real, truth = draw(kind, 1), truth_of(kind)
    values_of = {
        name: [compute(metric, real, fake, truth) for fake in steps] for name, steps in corruptions(kind).items()
    }
    badness = {
        name: np.array([_badness(metric, value, values[0]) for value in values]) for name, values in values_of.items()
    }
    # Narrow modes have high quality, so only metrics whose ideal value is 1 must penalise them.
    if metric.better != "one":
        badness.pop("shrunken modes", None)
    not_noticed = {name: badness.pop(name) for name in metric.blind_to if name in badness}
    spread = max(values.max() for values in badness.values()) - min(values.min() for values in badness.values())
    assert spread > 0, f"no corruption changes the value: {badness}"
    noise = np.std([compute(metric, real, draw(kind, seed), truth) for seed in range(200, 205)], ddof=1)
    for name, values in badness.items():
        assert all(np.diff(values) >= -SLACK * spread), f"better under more {name}: {values}"
        assert values[-1] - values[0] > SEEN * noise, f"hardly worse under {name}: {values}, noise {noise}"
    assert any(values[-1] - values[0] > spread / 2 for values in badness.values()), (
        f"no corruption is clearly worse: {badness}"
    )
    for name, values in not_noticed.items():
        assert values[-1] - values[0] < spread / 2, f"declared blind to {name}, but clearly worse: {values}"


def check_order_is_ignored(metric: Metric, kind: Kind) -> None:
    """The order of the samples does not matter."""
    real, fake, rng = draw(kind, 0), draw(kind, 1), np.random.default_rng(5)
    plain = compute(metric, real, fake, truth_of(kind))
    shuffled = compute(metric, rng.permutation(real), rng.permutation(fake), truth_of(kind))
    assert np.isclose(plain, shuffled, rtol=1e-4, atol=1e-9), f"{plain} in one order and {shuffled} in another"


def check_reproducible(metric: Metric, kind: Kind) -> None:
    """Equal seeds give bitwise equal values, and the global generators do not change."""
    before = global_random_state()
    values = {compute(metric, draw(kind, 0), draw(kind, 1), truth_of(kind), seed=3) for _ in range(2)}
    assert len(values) == 1, f"the same seed gave {values}"
    assert global_random_state() == before, "a global random generator was used"


def check_unequal_sizes(metric: Metric, kind: Kind) -> None:
    """Sets of different sizes can be compared, and the card is complete."""
    value = compute(metric, draw(kind, 0), draw(kind, 1)[: COUNT[kind] * 5 // 8], truth_of(kind))
    assert type(value) is float, f"compute returns {type(value).__name__}, not float"
    assert np.isfinite(value), f"{value} is not finite"
    result = metric.measure(_samples(metric, draw(kind, 0), draw(kind, 1), truth_of(kind)), np.random.default_rng(0))
    about = {"label": metric.label(), "n_real": 1, "n_fake": 1, "spec": metric.spec(), "better": metric.better}
    card = ScoreCard(metric="name", value=value, ci95=result.ci95, parts=dict(result.parts), **about)
    json.dumps(card.as_json(), allow_nan=False)


def check_refuses(metric: Metric, kind: Kind) -> None:
    """NaN and too few samples, real or generated, raise a :class:`UserError` with one sentence."""
    good = draw(kind, 0)
    bad = good.astype(np.float32)
    bad.reshape(len(bad), -1)[3, 0] = np.nan
    for wrong in (bad, good[:9]):
        for real, fake in ((good, wrong), (wrong, good)):
            problems = _problems(metric, real, fake, truth_of(kind))
            assert len(problems) == 1, f"NaN or too few samples gave {problems or 'a value'}, not one sentence"


def check_classes(metric: Metric) -> None:
    """If modes are classes of images: near the best value on real stacks of digits, and worse with every dropped
    digit.
    """
    chosen = dataclasses.replace(metric, classifier="digits-cnn-v1")  # type: ignore[type-var]
    assert chosen.label() != metric.label(), "the label must name the classifier"
    assert chosen.spec() != metric.spec(), "the spec must name the classifier"
    truth = Truth(classes=ClassModes("digits-cnn-v1", np.full(100, 0.01)))
    values = [compute(chosen, stacked_digits(10), stacked_digits(kept), truth) for kept in (10, 9, 5, 1)]
    assert (np.diff(values) * (1 if metric.better == "lower" else -1) > 0).all(), (
        f"not worse with fewer digits: {values}"
    )
    for name, fake in (
        ("all digits", stacked_digits(10)),
        ("one digit", stacked_digits(1)),
        ("one image", stacked_digits(1)[[0] * 200]),
    ):
        check_interval(chosen, chosen.measure(Samples(stacked_digits(10), fake, truth), np.random.default_rng(0)), name)
    before = global_random_state()
    shuffled = compute(chosen, stacked_digits(10), np.random.default_rng(5).permutation(stacked_digits(9)), truth)
    assert shuffled == values[1], f"{values[1]} in one order and {shuffled} in another"
    assert global_random_state() == before, "a global random generator was used"
    assert len(_problems(chosen, stacked_digits(10), stacked_digits(10)[:9], truth)) == 1, "9 samples must be refused"
    assert len(_problems(chosen, stacked_digits(10), stacked_digits(10), Truth())) == 1, "unknown modes must be refused"


def _problems(metric: Metric, real: np.ndarray, fake: np.ndarray, truth: Truth) -> Sequence[str]:
    return _refusal(metric, _samples(metric, real, fake, truth))


def _refusal(metric: Metric, samples: Samples) -> Sequence[str]:
    try:
        metric.compute(samples, np.random.default_rng(0))
    except UserError as error:
        return error.problems
    return ()


def compute(metric: Metric, real: np.ndarray, fake: np.ndarray, truth: Truth, *, seed: int = 0) -> float:
    """The metric's value with a separate generator."""
    return as_estimate(metric.compute(_samples(metric, real, fake, truth), np.random.default_rng(seed))).value


def _samples(metric: Metric, real: np.ndarray, fake: np.ndarray, truth: Truth) -> Samples:
    kept_back = draw("images" if real.ndim == 4 else "points", HELD_OUT_SEED) if metric.needs == "held_out" else None
    return Samples(real, fake, truth, held_out=kept_back)


def global_random_state() -> tuple[bytes, bytes, object]:
    """State of the global generators of torch, numpy and Python, for comparison."""
    return torch.get_rng_state().numpy().tobytes(), pickle.dumps(np.random.get_state()), random.getstate()


def _badness(metric: Metric, value: float, of_real: float) -> float:
    to_badness: dict[Better, Callable[[float], float]] = {
        "lower": lambda v: v,
        "higher": lambda v: -v,
        "one": lambda v: abs(v - 1),
        "real": lambda v: abs(v - of_real),
    }
    return to_badness[metric.better](value)
