"""Score cards of one data set against another: samples from files, whatever made them."""

from __future__ import annotations

from collections.abc import Callable

from gannet.data.base import Dataset, Progress
from gannet.errors import UserError
from gannet.evaluation.cost import Cost
from gannet.evaluation.evaluate import evaluate
from gannet.evaluation.measure import DEFAULT_SAMPLES, refuse_unmeasurable
from gannet.features.extractors import fitting
from gannet.metrics.base import Labels
from gannet.metrics.inputs import FEWEST_REAL_SAMPLES
from gannet.runs.records import ScoreCard
from gannet.seeding import derive


def measure_between(
    fakes: Dataset,
    dataset: Dataset,
    held_out: Dataset | None,
    *,
    metrics: list[str] | None,
    count: int | None,
    seed: int,
    name: str,
    warnings: tuple[str, ...],
    progress: Progress,
    announce: Callable[[Cost], None] | None,
) -> tuple[list[ScoreCard], list[str]]:
    """Measure ``fakes`` against ``dataset``, as a run on it would be measured with the same seed.

    Args:
        fakes: the samples, of the kind and shape of the data.
        dataset: the real samples.
        held_out: real samples that were not trained on, if any.
        metrics: names; None for the default metrics.
        count: how many samples; None for all, at most half as many as there are real samples, and at most as many as of
            a run.
        seed: of the choice of real samples.
        name: of the samples, for the cards.
        warnings: added to every card.
        progress: called as features are extracted.
        announce: called with the estimated cost.

    Returns:
        The cards, and a sentence for each metric that was left out.

    Raises:
        UserError: too few samples, or a metric that is unknown or lacks its weights.
    """
    form = dataset.form
    wanted = count or min(DEFAULT_SAMPLES[form.kind], fakes.size or DEFAULT_SAMPLES[form.kind])
    real, labels = dataset.reference(2 * wanted, seed=derive(seed, "measure"))
    half = min(wanted, len(real) // 2)
    if len(real) < FEWEST_REAL_SAMPLES and dataset.size is not None:
        raise UserError(
            f"These data have {dataset.size} samples, and measuring needs at least {FEWEST_REAL_SAMPLES}: one half is "
            f"compared with the samples, the other half gives the real-data reference."
        )
    extractor = fitting(real, labels, form.class_names) if form.kind == "images" else None
    refuse_unmeasurable(metrics, extractor)
    kept_back = None if held_out is None else held_out.reference(half, seed=derive(seed, "held out"))[0]
    classes = Labels(form.class_names, labels[:half], labels[half : 2 * half]) if labels is not None else None
    return evaluate(
        fakes.reference(count or half, seed=derive(seed, "measure"))[0],
        real[:half],
        real[half : 2 * half],
        kind=form.kind,
        truth=dataset.truth,
        names=metrics,
        seed=seed,
        protocol={
            "real": {"content_hash": dataset.content_hash, "rows": dataset.size},
            "sampler": {"classes": "none", "truncation": None},
        },
        extractor=extractor,
        run=name,
        weights="files",
        warnings=warnings,
        held_out=kept_back,
        labels=classes if form.class_names else None,
        published=True,
        progress=progress,
        announce=announce,
    )
