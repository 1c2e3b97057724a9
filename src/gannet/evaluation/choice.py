"""Which metrics are measured: those that a user names, and those measured by default."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from gannet.data.base import Kind, Truth
from gannet.discovery import canonical, components, find
from gannet.errors import UserError, of_all
from gannet.features import user_weights
from gannet.features.cnn import TRAINED
from gannet.metrics.base import Answers, Labels, Metric

ASKED = {
    "reconstructed": "encodes",
    "inverted": "generates from latents",
    "predicted": "classifies",
    "clusters": "finds clusters",
    "drawn": "draws captions",
    "translated": "translates images",
    "contradictions": "translates images and whose inputs determine a part of them",
}
"""Fields of Answers that a metric can need -> what the game must do for it."""
PUBLISHED = ("fd[inception]", "kid[inception]", "is[inception]")
"""FID, KID and IS."""
ALIASES = {"fid": "fd[inception]", "intra-fid": "fd-per-class[inception]", "fid-infinity": "fd-infinity[inception]"}
"""Names of papers -> what they mean."""
WRITTEN = re.compile(r"(?P<metric>[\w-]+)(?:\[(?P<extractor>[\w.-]+)\])?")


def default_names(
    kind: Kind,
    answers: Answers | None = None,
    truth: Truth | None = None,
    labels: Labels | None = None,
    extractor: str | None = None,
    *,
    published: bool = False,
) -> list[str]:
    """JSON names, sorted, of the metrics measured by default for ``kind`` and for what the game answers.

    Mode metrics always run on points and report when the ground truth is missing; on images they run only with a known
    truth. ``published`` adds FID, KID and IS of images if the Inception weights are installed.
    """
    found = {component.json_name: component.load() for component in components("metrics").values()}
    suited = {name: metric for name, metric in found.items() if kind in metric.kinds and kind not in metric.asked_for}
    if kind == "images":
        suited = {name: metric for name, metric in suited.items() if not _unmet(metric, kind, truth or Truth())}
    names = sorted(
        name for name, metric in suited.items() if not _unanswered(metric, answers) and not _unlabelled(metric, labels)
    )
    if extractor not in TRAINED:
        names = [name for name in names if not found[name].needs_classifier]
    return (
        [*names, *PUBLISHED]
        if published and kind == "images" and user_weights.stored_at("inception").is_file()
        else names
    )


def choose(name: str, extractor: str | None = None) -> tuple[str, Metric]:
    """JSON name and metric of what a user wrote: ``w1``, ``high_quality``, or ``fd[mnist-cnn-v1]`` with its extractor;
    ``fid`` is ``fd[inception]``.

    The name keeps the brackets, so that one run can be measured by two extractors and each value is compared with its
    like.

    Args:
        name: as written.
        extractor: for metrics of features whose name has no brackets; the metric's own default if None.

    Raises:
        UserError: an unknown metric or extractor, or brackets behind a metric that extracts no features.
    """
    name = ALIASES.get(canonical(name.strip().lower()), name)
    written = WRITTEN.fullmatch(name.strip())
    component = find("metrics", written["metric"] if written else name)
    metric = component.load()
    takes_extractor = "extractor" in {field.name for field in fields(metric)}
    named = written["extractor"] if written else None
    if named and not takes_extractor:
        raise UserError(
            f"Metric {name!r}: {written['metric']} uses no feature extractor, so it takes no brackets."
            if written
            else ""
        )
    picked = named or extractor
    json_name = f"{component.json_name}[{named}]" if named else component.json_name
    return json_name, metric(extractor=picked) if picked and takes_extractor else metric()


def stem(name: str) -> str:
    """The metric of a JSON name, without its extractor."""
    return name.partition("[")[0]


def require_measurable(names: Sequence[str] | None, kind: Kind, truth: Truth) -> None:
    """Raise if a requested metric does not exist, lacks its weights or does not apply to such data.

    Raises:
        UserError: a sentence for each such metric.
    """
    chosen = of_all(names or (), choose)
    problems = [
        f"{name} cannot be measured here: {_unmet(metric, kind, truth)}"
        for name, metric in chosen
        if _unmet(metric, kind, truth)
    ]
    for _, metric in chosen:
        try:
            metric.spec()
        except UserError as missing:
            problems += missing.problems
    if problems:
        raise UserError(*problems)


def with_sources(metric: Metric, truth: Truth, labels: Labels | None) -> Metric:
    """The metric with the classifier that the data name, if modes are classes of images, and with the source of its
    classes.
    """
    known = {field.name for field in fields(metric)}  # type: ignore[arg-type]
    if truth.classes is not None and "classifier" in known:
        return replace(metric, classifier=truth.classes.classifier)  # type: ignore[type-var]
    if labels is not None and labels.fake is None and "classes" in known:
        return replace(metric, classes="seen")  # type: ignore[type-var]
    return metric


def _unmet(metric: Metric | type[Metric], kind: Kind, truth: Truth) -> str:
    if kind not in metric.kinds:
        return f"it measures {' and '.join(metric.kinds)}, not {kind}."
    if metric.needs == "modes" and (truth.modes if kind == "points" else truth.classes) is None:
        return (
            f"it needs data whose modes are known ({'ring, grid, gmm ...' if kind == 'points' else 'stacked-mnist'})."
        )
    if metric.needs == "density" and truth.log_density is None:
        return "it needs data whose density is known."
    if metric.needs == "drawn" and truth.captions is None:
        return "it needs data whose captions can be checked (captioned-digits)."
    return ""


def unmet_here(
    metric: Metric,
    kind: Kind,
    truth: Truth,
    *,
    answers: Answers | None,
    held_out: np.ndarray | None,
    labels: Labels | None,
) -> str:
    """Why a metric cannot be measured with what there is; empty where it can."""
    return _unmet(metric, kind, truth) or _without(metric, answers, held_out) or _unlabelled(metric, labels)


def _unlabelled(metric: Metric | type[Metric], labels: Labels | None) -> str:
    if metric.needs in ("classes", "followed") and labels is None:
        return "it needs data with classes."
    if metric.needs == "followed" and labels is not None and labels.fake is None:
        return "it needs a class-conditional game (--recipe cgan ...)."
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
    if metric.needs in ("predicted", "clusters") and answers.labels is None:
        return "it needs data with classes."
    return ""
