"""From samples to score cards: every metric that applies, each with its floor and its protocol."""

from __future__ import annotations

import json
import re
import time
import warnings as python_warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from gannet.data.base import Kind, Progress, Truth, silent
from gannet.discovery import components, find
from gannet.errors import UserError
from gannet.metrics.base import Answers, Estimate, Metric, Samples, ScoreCard
from gannet.metrics.cost import Cost, estimated, extractor_of
from gannet.metrics.extractors import extract
from gannet.metrics.inputs import checked_images, checked_points
from gannet.metrics.names import guarded
from gannet.seeding import numpy_rng

ASKED = {"reconstructed": "encodes", "predicted": "classifies", "clusters": "finds classes of its own"}
"""Fields of Answers that a metric can need -> what the game must do for it."""
WRITTEN = re.compile(r"(?P<metric>[\w-]+)(?:\[(?P<extractor>[\w.-]+)\])?")


def default_names(kind: Kind, answers: Answers | None = None, truth: Truth | None = None) -> list[str]:
    """JSON names of the metrics of ``kind``, and of what the game answers, that are measured without being asked for, sorted.

    Modes are a matter of course for points, and their absence is said; among pictures they are the exception.
    """
    found = {component.path.stem: component.load() for component in components("metrics").values()}
    looking = {name: metric for name, metric in found.items() if kind in metric.kinds and kind not in metric.asked_for}
    if kind == "images":
        looking = {name: metric for name, metric in looking.items() if not _unmet(metric, kind, truth or Truth())}
    return sorted(name for name, metric in looking.items() if not _unanswered(metric, answers))


def choose(name: str, extractor: str | None = None) -> tuple[str, Metric]:
    """JSON name and metric of what a user wrote: ``w1``, ``high-quality``, or ``fd[mnist-cnn-v1]`` with its extractor.

    Args:
        name: as written.
        extractor: for metrics of features whose name has no brackets; the metric's own default if None.

    Raises:
        UserError: an unknown metric or extractor, or brackets behind a metric that extracts no features.
    """
    written = WRITTEN.fullmatch(name.strip())
    component = find("metrics", written["metric"] if written else name)
    metric = component.load()
    takes_extractor = "extractor" in {field.name for field in fields(metric)}
    named = written["extractor"] if written else None
    if named and not takes_extractor:
        raise UserError(f"Metric {name!r}: {written['metric']} uses no feature extractor, so it takes no brackets." if written else "")
    picked = named or extractor
    return component.path.stem, metric(extractor=picked) if picked and takes_extractor else metric()


def require_measurable(names: Sequence[str] | None, kind: Kind, truth: Truth) -> None:
    """Raise where a metric that was asked for does not exist, lacks its weights or can say nothing about such data.

    Raises:
        UserError: a sentence for each such metric.
    """
    chosen = [choose(name) for name in names or ()]
    problems = [f"{name} cannot be measured here: {_unmet(metric, kind, truth)}" for name, metric in chosen if _unmet(metric, kind, truth)]
    for _, metric in chosen:
        try:
            metric.spec()
        except UserError as missing:
            problems += missing.problems
    if problems:
        raise UserError(*problems)


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
    progress: Progress = silent,
    announce: Callable[[Cost], None] | None = None,
) -> tuple[list[ScoreCard], list[str]]:
    """Measure ``fake`` against ``real_a``; the floor is ``real_b`` against ``real_a`` at the same n.

    Only private generators are used: the global state of torch, numpy and Python's random is left as it is.

    Args:
        fake: generated outside samples: points (N, 2), or images uint8 (N, H, W, C).
        real_a: the real set of the comparison.
        real_b: real samples disjoint from ``real_a``; as many as ``fake`` are used (fewer are said in the card's warnings).
        kind: of the samples.
        truth: what is known about the real distribution.
        names: as :func:`choose` reads them; None for :func:`default_names`.
        seed: of the measurement. It matters only where a metric has to thin the samples.
        protocol: what else defines the numbers (content hash, split, sampler ...); JSON values, part of the fingerprint.
        extractor: of features, where a name does not say which; randconv-v1 or the metric's own default if None.
        run: name of the run, for the card.
        step: generator steps taken, for the card.
        weights: ``ema`` or ``raw``, for the card.
        warnings: what the caller knows that every reader of these cards must know.
        answers: what the game says about real samples, if it can say anything.
        held_out: real samples that were not trained on, if there are any.
        progress: called as features are extracted and metrics are done.
        announce: told what it will cost, before it is paid; None for no estimate, which costs a little itself.

    Returns:
        The cards in the order of the names, and one sentence for each metric that was left out.

    Raises:
        UserError: fewer than 10 samples, samples that are not finite or of another shape, equal real samples, an unknown metric.
    """
    wanted = [choose(name, extractor) for name in names or default_names(kind, answers, truth)]
    chosen = [(name, _told(metric, truth)) for name, metric in wanted]
    check = checked_points if kind == "points" else checked_images
    check(Samples(real_a, fake, truth))
    check(Samples(real_b, fake, truth))
    if (real_a == real_a[0]).all():
        raise UserError(f"All {len(real_a)} real samples are the same, so there is nothing to compare with: look at the data.")
    card_protocol = {**_plain(protocol), "n_real": len(real_a), "n_fake": len(fake)}
    asked_protocol = {**card_protocol, **_about_answers(answers)}
    about = {"run": run, "step": step, "weights": weights, "seed": seed}
    samples = Samples(real_a, fake, truth, answers, held_out)
    reasons = {index: _unmet(metric, kind, truth) or _without(metric, answers, held_out) for index, (_, metric) in enumerate(chosen)}
    queue = sorted((index for index, reason in reasons.items() if not reason), key=lambda index: extractor_of(chosen[index][1]))
    shares = _announced([chosen[index][1] for index in queue], samples, real_b, announce)
    cards: dict[int, ScoreCard] = {}
    for position, index in enumerate(queue):
        name, metric = chosen[index]
        progress("measuring, percent", round(100 * sum(shares[:position])), 100)
        try:
            measured = _measure(metric, name, samples, real_b, seed, progress)
        except UserError as problem:
            reasons[index] = str(problem)
        else:
            spec = {**metric.spec(), "metric": name, "protocol": asked_protocol if metric.needs in ASKED else card_protocol}
            cards[index] = _card(metric, name, measured, spec=spec, warnings=warnings, about=about)
    progress("measuring, percent", 100, 100)
    return [cards[index] for index in sorted(cards)], [f"{chosen[i][0]} left out: {reason}" for i, reason in reasons.items() if reason]


def _announced(
    metrics: Sequence[Metric], samples: Samples, spare: np.ndarray, announce: Callable[[Cost], None] | None
) -> tuple[float, ...]:
    """Share of the work of each metric, told to the caller as a whole; equal shares where nobody asked."""
    if announce is None or not metrics:
        return tuple(1 / len(metrics) for _ in metrics)
    cost = estimated(metrics, samples, min(len(spare), len(samples.fake)))
    announce(cost)
    total = sum(cost.metric_seconds)
    return tuple(seconds / total if total else 1 / len(metrics) for seconds in cost.metric_seconds)


def _look(metric: Metric, samples: Samples, spare: np.ndarray, progress: Progress) -> None:
    """Features of all three sets, with progress; those of real pictures are kept on the disk. Metrics then find them in memory."""
    extractor = extractor_of(metric)
    if extractor and samples.real.ndim == 4:
        extract(extractor, samples.real, on_disk=True, progress=progress)
        extract(extractor, samples.fake, progress=progress)
        extract(extractor, spare, on_disk=True, progress=progress)


@dataclass(frozen=True)
class _Measured:
    value: float
    ci95: tuple[float, float] | None
    floor: float | None
    seconds: float
    said: tuple[str, ...]


def _measure(metric: Metric, name: str, samples: Samples, spare: np.ndarray, seed: int, progress: Progress) -> _Measured:
    started = time.perf_counter()
    _look(metric, samples, spare[: len(samples.fake)], progress)
    with python_warnings.catch_warnings(record=True) as caught:
        python_warnings.simplefilter("always")
        result = metric.compute(samples, numpy_rng(seed, "metric", name))
        said = [str(warning.message) for warning in caught]
        if metric.needs in ASKED:
            # There is no second set that real data could be asked about.
            floor, about_floor = None, list(samples.answers.warnings if samples.answers else ())
        else:
            floor, about_floor = _floor(metric, name, samples, spare, seed)
    said += about_floor
    value, ci95 = (result.value, result.ci95) if isinstance(result, Estimate) else (result, None)
    return _Measured(value, ci95, floor, time.perf_counter() - started, tuple(dict.fromkeys(said)))


def _floor(metric: Metric, name: str, samples: Samples, spare: np.ndarray, seed: int) -> tuple[float | None, list[str]]:
    count = min(len(samples.fake), len(spare))
    said = [f"The floor is of {count} real samples, not of {len(samples.fake)}: no more were left."] if count < len(samples.fake) else []
    try:
        result = metric.compute(replace(samples, fake=spare[:count]), numpy_rng(seed, "metric", name))
        return result.value if isinstance(result, Estimate) else result, said
    except UserError as problem:
        return None, [*said, f"No floor for {name}: {problem}"]


def _card(
    metric: Metric, name: str, measured: _Measured, *, spec: dict[str, Any], warnings: tuple[str, ...], about: dict[str, Any]
) -> ScoreCard:
    return ScoreCard(
        metric=name,
        label=guarded(metric.label(), spec["protocol"]["n_fake"]),
        value=measured.value,
        floor=measured.floor,
        n_real=spec["protocol"]["n_real"],
        n_fake=spec["protocol"]["n_fake"],
        spec=spec,
        better=metric.better,
        ci95=measured.ci95,
        seconds=measured.seconds,
        warnings=(*warnings, *measured.said),
        **about,
    )


def _told(metric: Metric, truth: Truth) -> Metric:
    """The metric with the classifier that the data name, where modes are classes of pictures."""
    if truth.classes is None or "classifier" not in {field.name for field in fields(metric)}:  # type: ignore[arg-type]
        return metric
    return replace(metric, classifier=truth.classes.classifier)  # type: ignore[type-var]


def _unmet(metric: Metric | type[Metric], kind: Kind, truth: Truth) -> str:
    if kind not in metric.kinds:
        return f"it measures {' and '.join(metric.kinds)}, not {kind}."
    if metric.needs == "modes" and (truth.modes if kind == "points" else truth.classes) is None:
        return f"it needs data whose modes are known ({'ring, grid, gmm ...' if kind == 'points' else 'stacked-mnist'})."
    if metric.needs == "density" and truth.log_density is None:
        return "it needs data whose density is known."
    return ""


def _without(metric: Metric, answers: Answers | None, held_out: np.ndarray | None) -> str:
    if metric.needs == "held_out" and held_out is None:
        return "it needs data with a test split, which was not trained on."
    return _unanswered(metric, answers)


def _unanswered(metric: Metric | type[Metric], answers: Answers | None) -> str:
    if metric.needs not in ASKED:
        return ""
    if answers is None or getattr(answers, metric.needs) is None:
        return f"it needs a game that {ASKED[metric.needs]}."
    if metric.needs != "reconstructed" and answers.labels is None:
        return "it needs data with classes."
    return ""


def _about_answers(answers: Answers | None) -> dict[str, Any]:
    if answers is None:
        return {}
    return {**_plain(answers.protocol), "n_real": len(answers.real), "n_fake": len(answers.real)}


def _plain(protocol: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return json.loads(json.dumps(dict(protocol), allow_nan=False))
    except (TypeError, ValueError) as problem:
        raise UserError(f"The protocol of a measurement must be plain JSON values: {problem}.") from None
