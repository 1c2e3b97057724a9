"""From samples to score cards: every metric that applies, each with its real-data reference and its protocol."""

from __future__ import annotations

import json
import time
import warnings as python_warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gannet.data.base import Kind, Progress, Truth, silent
from gannet.errors import UserError, of_all
from gannet.evaluation.choice import ASKED, choose, default_names, stem, unmet_here, with_sources
from gannet.evaluation.cost import Cost, estimated, extractor_of
from gannet.features.extractors import RANDCONV, UNTRAINED, extract
from gannet.metrics.base import Answers, Estimate, Labels, Metric, Samples
from gannet.metrics.inputs import checked_images, checked_points
from gannet.metrics.names import guarded
from gannet.runs.records import ScoreCard
from gannet.seeding import numpy_rng


def evaluate(
    fake: np.ndarray,
    real_a: np.ndarray,
    real_b: np.ndarray,
    *,
    kind: Kind,
    truth: Truth,
    names: Sequence[str] | None,
    seed: int,
    protocol: Mapping[str, Any],
    extractor: str | None = None,
    run: str = "",
    step: int = 0,
    weights: str = "ema",
    warnings: tuple[str, ...] = (),
    answers: Answers | None = None,
    held_out: np.ndarray | None = None,
    labels: Labels | None = None,
    published: bool = False,
    progress: Progress = silent,
    announce: Callable[[Cost], None] | None = None,
    of_real: dict[str, OfReal] | None = None,
) -> tuple[list[ScoreCard], list[str]]:
    """Measure ``fake`` against ``real_a``; the real-data reference is ``real_b`` against ``real_a`` at the same n.

    Only private generators are used: the global state of torch, numpy and Python's random is left as it is.

    Args:
        fake: generated samples in original units: points (N, 2), or images uint8 (N, H, W, C).
        real_a: the real set of the comparison.
        real_b: real samples disjoint from ``real_a``; as many as ``fake`` are used (fewer are said in the card's
        warnings).
        kind: of the samples.
        truth: what is known about the real distribution.
        names: as :func:`choose` reads them; None for :func:`default_names`.
        seed: of the measurement. It matters only where a metric has to thin the samples.
        protocol: what else defines the numbers (content hash, split, sampler ...); JSON values, part of the
        fingerprint.
        extractor: of features, where a name does not say which; randconv-v1 or the metric's own default if None.
        run: name of the run, for the card.
        step: generator steps taken, for the card.
        weights: ``ema`` or ``raw``, for the card.
        warnings: what the caller knows that every reader of these cards must know.
        answers: what the game says about real samples, if it can say anything.
        held_out: real samples that were not trained on, if there are any; cards then also tell what the metric says of
        them.
        labels: classes of the real samples, and the requested classes of the generated ones, if any.
        published: whether FID, KID and IS are default metrics if the Inception weights are there.
        progress: called as features are extracted and metrics are done.
        announce: called with the estimated cost before measuring; None for no estimate, which takes some time.
        of_real: filled with what each metric says of the real samples alone, and read from there in later calls, in
        which everything but ``fake`` and ``step`` must be the same.

    Returns:
        The cards in the order of the names, and one sentence for each metric that was left out.

    Raises:
        UserError: fewer than 10 samples, samples that are not finite or of another shape, equal real samples, an
        unknown metric.
    """
    names_wanted = names or default_names(kind, answers, truth, labels, extractor, published=published)
    chosen = [
        (name, with_sources(metric, truth, labels))
        for name, metric in of_all(names_wanted, lambda name: choose(name, extractor))
    ]
    check = checked_points if kind == "points" else checked_images
    check(Samples(real_a, fake, truth))
    check(Samples(real_b, fake, truth))
    if (real_a == real_a[0]).all():
        raise UserError(
            f"All {len(real_a)} real samples are the same, so there is nothing to compare with: look at the data."
        )
    card_protocol = {**_plain(protocol), "n_real": len(real_a), "n_fake": len(fake)}
    asked_protocol = {**card_protocol, **_about_answers(answers)}
    about = {"run": run, "step": step, "weights": weights, "seed": seed}
    samples = Samples(real_a, fake, truth, answers, held_out, labels)
    having = {"answers": answers, "held_out": held_out, "labels": labels}
    reasons = {index: unmet_here(metric, kind, truth, **having) for index, (_, metric) in enumerate(chosen)}
    queue = sorted(
        (index for index, reason in reasons.items() if not reason), key=lambda index: extractor_of(chosen[index][1])
    )
    shares = _announced([chosen[index][1] for index in queue], samples, real_b, announce)
    cards: dict[int, ScoreCard] = {}
    for position, index in enumerate(queue):
        name, metric = chosen[index]
        progress("measuring, percent", round(100 * sum(shares[:position])), 100)
        try:
            measured = _measure(metric, name, samples, real_b, seed, progress, {} if of_real is None else of_real)
        except UserError as problem:
            reasons[index] = str(problem)
        else:
            shared = asked_protocol if metric.needs in ASKED else card_protocol
            if metric.needs == "inverted" and answers is not None and answers.inverted is not None:
                shared = {**shared, "n_real": len(answers.inverted), "n_fake": len(answers.inverted)}
            spec = {**metric.spec(), "metric": stem(name), "protocol": shared}
            known = (*warnings, UNTRAINED) if kind == "images" and extractor_of(metric) == RANDCONV else warnings
            cards[index] = _card(metric, name, measured, spec=spec, warnings=known, about=about)
    progress("measuring, percent", 100, 100)
    return [cards[index] for index in sorted(cards)], [
        f"{chosen[i][0]} left out: {reason}" for i, reason in reasons.items() if reason
    ]


def _announced(
    metrics: Sequence[Metric], samples: Samples, spare: np.ndarray, announce: Callable[[Cost], None] | None
) -> tuple[float, ...]:
    """Each metric's share of the work, whose total is announced; equal shares without ``announce``."""
    if announce is None or not metrics:
        return tuple(1 / len(metrics) for _ in metrics)
    cost = estimated(metrics, samples, min(len(spare), len(samples.fake)))
    announce(cost)
    total = sum(cost.metric_seconds)
    return tuple(seconds / total if total else 1 / len(metrics) for seconds in cost.metric_seconds)


def _look(metric: Metric, samples: Samples, spare: np.ndarray, progress: Progress) -> None:
    """Features of all three sets, with progress; those of real images are stored on the disk. Metrics then find them
    in memory.
    """
    extractor = extractor_of(metric)
    if extractor and samples.real.ndim == 4:
        extract(extractor, samples.real, on_disk=True, progress=progress)
        extract(extractor, samples.fake, progress=progress)
        extract(extractor, spare, on_disk=True, progress=progress)
        if samples.held_out is not None and len(samples.held_out) >= len(samples.fake):
            extract(extractor, samples.held_out[: len(samples.fake)], on_disk=True, progress=progress)


@dataclass(frozen=True)
class OfReal:
    """What a metric says of real samples alone."""

    reference: Estimate | None
    said: list[str]
    held_out: float | None


@dataclass(frozen=True)
class _Measured:
    result: Estimate
    reference: Estimate | None
    held_out: float | None
    seconds: float
    said: tuple[str, ...]


def _measure(
    metric: Metric,
    name: str,
    samples: Samples,
    spare: np.ndarray,
    seed: int,
    progress: Progress,
    of_real: dict[str, OfReal],
) -> _Measured:
    started = time.perf_counter()
    _look(metric, samples, spare[: len(samples.fake)], progress)
    with python_warnings.catch_warnings(record=True) as caught:
        python_warnings.simplefilter("always")
        result = metric.measure(samples, numpy_rng(seed, "metric", stem(name)))
        said = [str(warning.message) for warning in caught]
        if metric.needs in ASKED:
            # Of real data only what they show can be checked; there is no second set that they could be asked about.
            reference = _of_real_images(metric, name, samples, seed) if metric.needs == "drawn" else None
            about_reference, on_held_out = list(samples.answers.warnings if samples.answers else ()), None
        else:
            if name not in of_real:
                reference, about_reference = _reference(metric, name, samples, spare, seed)
                of_real[name] = OfReal(reference, about_reference, _of_held_out(metric, name, samples, seed))
            real = of_real[name]
            reference, about_reference, on_held_out = real.reference, real.said, real.held_out
    said += about_reference
    return _Measured(result, reference, on_held_out, time.perf_counter() - started, tuple(dict.fromkeys(said)))


def _reference(
    metric: Metric, name: str, samples: Samples, spare: np.ndarray, seed: int
) -> tuple[Estimate | None, list[str]]:
    count = min(len(samples.fake), len(spare))
    said = (
        [f"The real-data reference is of {count} real samples, not of {len(samples.fake)}: no more were left."]
        if count < len(samples.fake)
        else []
    )
    labels = (
        None
        if samples.labels is None or samples.labels.fake is None
        else replace(samples.labels, fake=samples.labels.spare[:count])
    )
    real = replace(samples, fake=spare[:count], labels=labels)
    try:
        return metric.measure(real, numpy_rng(seed, "metric", stem(name))), said
    except UserError as problem:
        return None, [*said, f"No real-data reference for {name}: {problem}"]


def _of_real_images(metric: Metric, name: str, samples: Samples, seed: int) -> Estimate:
    """The metric of the real images that the captions belong to."""
    assert samples.answers is not None
    real = replace(samples, answers=replace(samples.answers, drawn=samples.answers.real))
    return metric.measure(real, numpy_rng(seed, "metric", stem(name)))


def _of_held_out(metric: Metric, name: str, samples: Samples, seed: int) -> float | None:
    """The metric of as many held-out samples as there are generated ones, where there are: what samples of the data
    score here.
    """
    count = len(samples.fake)
    if samples.held_out is None or len(samples.held_out) < count or metric.needs in ("held_out", "classes", "followed"):
        return None
    try:
        real = replace(samples, fake=samples.held_out[:count])
        return metric.measure(real, numpy_rng(seed, "metric", stem(name))).value
    except UserError:
        return None


def _card(
    metric: Metric,
    name: str,
    measured: _Measured,
    *,
    spec: dict[str, Any],
    warnings: tuple[str, ...],
    about: dict[str, Any],
) -> ScoreCard:
    return ScoreCard(
        metric=name,
        label=guarded(metric.label(), spec["protocol"]["n_fake"]),
        value=measured.result.value,
        reference=None if measured.reference is None else measured.reference.value,
        n_real=spec["protocol"]["n_real"],
        n_fake=spec["protocol"]["n_fake"],
        spec=spec,
        better=metric.better,
        ci95=measured.result.ci95,
        interval=measured.result.method,
        held_out=measured.held_out,
        parts=dict(measured.result.parts),
        reference_parts={} if measured.reference is None else dict(measured.reference.parts),
        seconds=measured.seconds,
        warnings=(*warnings, *measured.said),
        **about,
    )


def _about_answers(answers: Answers | None) -> dict[str, Any]:
    if answers is None:
        return {}
    return {**_plain(answers.protocol), "n_real": len(answers.real), "n_fake": len(answers.real)}


def _plain(protocol: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return json.loads(json.dumps(dict(protocol), allow_nan=False))
    except (TypeError, ValueError) as problem:
        raise UserError(f"The protocol of a measurement must be plain JSON values: {problem}.") from None
