"""Score cards of a game against its data, while training or afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from PIL import Image

from gannet.data.base import Dataset, Form, Progress, silent
from gannet.errors import UserError, of_all
from gannet.evaluation.choice import ASKED, choose
from gannet.evaluation.cost import Cost
from gannet.evaluation.evaluate import OfReal, evaluate
from gannet.evaluation.inversion import invert
from gannet.features.extractors import fitting
from gannet.games.base import Captioned, Classifies, Clusters, Conditional, Encodes, Game, Generates, Translates
from gannet.games.labels import balanced_labels
from gannet.metrics.base import Answers, Labels
from gannet.metrics.inputs import FEWEST_REAL_SAMPLES, FEWEST_SAMPLES
from gannet.runs.records import ScoreCard
from gannet.seeding import derive, torch_rng
from gannet.training.sampling import CHUNK, evaluating, sample_chunks

DEFAULT_SAMPLES = {"points": 2_500, "images": 5_000}
"""How many samples are measured where the user does not say."""
NUM_ASKED = 10_000
"""How many real samples a game is asked about: all of MNIST's test images."""
NUM_INVERTED = 100
"""Number of real samples whose latents are searched if a metric asks for them."""
NUM_TRANSLATED = 2_000
"""How many images are translated to be compared with their targets."""


def measurer(
    game: Game,
    dataset: Dataset,
    *,
    seed: int,
    run: str,
    weights: str,
    samples: int | None = None,
    metrics: list[str] | None = None,
    held_out: Dataset | None = None,
    published: bool = False,
    warnings: Sequence[str] = (),
    progress: Progress = silent,
    announce: Callable[[Cost], None] | None = None,
) -> Callable[[int], tuple[list[ScoreCard], list[str]]]:
    """A function of the step that measures ``game`` as it is then: the cards, and sentences about metrics that do not
    apply.

    The real set and the noise are the same every time, functions of the run's seed; nothing of training is touched. A
    game that encodes, classifies or clusters is asked about ``held_out``, and about ``dataset`` where that is None.
    ``samples`` are generated if it is given; otherwise as many as the half of the real samples that they are compared
    with. The other half is for the real-data reference. ``published`` adds FID, KID and IS to the default metrics if
    the weights of Inception are installed. ``announce`` is called with the estimated cost before measuring.
    ``warnings`` are added to every card.
    """
    wanted = samples or DEFAULT_SAMPLES[dataset.form.kind]
    real, labels = dataset.reference(2 * wanted, seed=derive(seed, "measure"))
    count = min(wanted, len(real) // 2)
    kept_back = held_out.reference(count, seed=derive(seed, "held out"))[0] if held_out is not None else None
    extractor = fitting(real, labels, dataset.form.class_names) if dataset.form.kind == "images" else None
    refuse_unmeasurable(metrics, extractor)
    protocol = protocol_of(game, dataset)

    classes = _classes(game, dataset, labels, count, samples or count)
    needed = {metric.needs for _, metric in of_all(metrics or (), choose)}
    asks = metrics is None or not needed.isdisjoint(ASKED)
    of_real: dict[str, OfReal] = {}

    def measure(step: int) -> tuple[list[ScoreCard], list[str]]:
        if count < FEWEST_SAMPLES and dataset.size is not None and dataset.size < FEWEST_REAL_SAMPLES:
            raise UserError(
                f"These data have {dataset.size} samples, and measuring needs at least {FEWEST_REAL_SAMPLES}: one half "
                "is compared with the samples of the generator, the other half gives the real-data reference."
            )
        return evaluate(
            samples_for_measuring(game, held_out or dataset, samples or count, seed, progress),
            real[:count],
            real[count : 2 * count],
            kind=dataset.form.kind,
            truth=dataset.truth,
            names=metrics,
            seed=seed,
            protocol=protocol,
            extractor=extractor,
            run=run,
            step=step,
            weights=weights,
            warnings=(*game.limitations(), *warnings),
            answers=ask(game, dataset, held_out, seed, inverted="inverted" in needed, progress=progress)
            if asks
            else None,
            held_out=kept_back,
            labels=classes,
            published=published,
            progress=progress,
            announce=announce,
            of_real=of_real,
        )

    return measure


def _classes(game: Game, dataset: Dataset, labels: np.ndarray | None, count: int, num_fake: int) -> Labels | None:
    if labels is None or not dataset.form.class_names:
        return None
    asked = None if isinstance(game, Captioned) else balanced_labels(game, num_fake)
    return Labels(
        dataset.form.class_names, labels[:count], labels[count : 2 * count], None if asked is None else asked.numpy()
    )


def protocol_of(game: Game, dataset: Dataset) -> dict[str, Any]:
    """What besides the metric defines its value: the real set, and how samples are drawn. Part of every fingerprint."""
    classes = game.num_classes if isinstance(game, Conditional) else 0
    return {
        "real": {"content_hash": dataset.content_hash, "rows": dataset.size},
        "sampler": {"classes": "balanced" if classes else "none", "truncation": None},
    }


def samples_for_measuring(
    game: Game, dataset: Dataset, count: int, seed: int, progress: Progress = silent
) -> np.ndarray:
    """(count, ...) samples in original units, from the random stream reserved for measuring; images as bytes.

    A game that translates starts from the images of ``dataset``.

    Raises:
        UserError: samples that are not finite.
    """
    device = next((w.device for w in game.parameters()), torch.device("cpu"))
    labels = balanced_labels(game, count, device)
    if isinstance(game, Captioned):
        # The captions of real samples, so that the two sets differ in the images alone.
        captions = dataset.reference_captions(count, seed=derive(seed, "captions")) or ()
        labels = dataset.form.token_ids(captions)[torch.arange(count) % len(captions)].to(device)
    parts: list[np.ndarray] = []
    broken = 0
    chunks = sample_chunks(game, count, torch_rng(seed, "measure", device=device), labels=labels, images=dataset)
    for chunk in chunks:
        progress("generating samples", sum(map(len, parts)), count)
        # Bytes have no NaN: such an image would become grey.
        broken += int((~chunk.flatten(1).isfinite()).any(dim=1).sum())
        parts.append(dataset.form.decode(chunk))
    progress("generating samples", count, count)
    if broken:
        raise UserError(f"{broken} of {count} generated samples are NaN or infinite, so they cannot be measured.")
    return np.concatenate(parts)


def refuse_unmeasurable(metrics: list[str] | None, extractor: str | None) -> None:
    """Raise before anything is generated where a name is unknown, or if no requested metric has its weights."""
    problems = []
    for _, metric in of_all(metrics or (), lambda name: choose(name, extractor)):
        try:
            metric.spec()
        except UserError as problem:
            problems += problem.problems
    if metrics and len(problems) == len(metrics):
        raise UserError(*dict.fromkeys(problems))


def wants_held_out(game: Game, metrics: list[str] | None) -> bool:
    """Whether a measurement asks for real samples that were not trained on."""
    needed = {metric.needs for _, metric in of_all(metrics or (), choose)}
    return answers_questions(game) or not needed.isdisjoint(("held_out", "inverted"))


def answers_questions(game: Game) -> bool:
    """Whether the game can say anything about real samples."""
    return isinstance(game, Encodes | Classifies | Clusters | Captioned | Translates)


@torch.no_grad()
def ask(
    game: Game,
    dataset: Dataset,
    held_out: Dataset | None,
    seed: int,
    *,
    inverted: bool = False,
    progress: Progress = silent,
) -> Answers | None:
    """What the game says about up to 10,000 real samples; None where it can say nothing.

    ``inverted`` also finds the latents of the first 100 of them, which takes seconds for each.
    """
    inverted = inverted and isinstance(game, Generates)
    if not answers_questions(game) and not inverted:
        return None
    source = held_out or dataset
    count = NUM_TRANSLATED if isinstance(game, Translates) else NUM_ASKED
    real, labels = source.reference(count, seed=derive(seed, "ask"))
    given = source.reference_inputs(count, seed=derive(seed, "ask"))
    captions = source.reference_captions(NUM_ASKED, seed=derive(seed, "ask")) if isinstance(game, Captioned) else None
    device = next(game.parameters()).device
    rng = torch_rng(seed, "ask", device=device)
    trivial: dict[str, list[np.ndarray]] = {}
    said: dict[str, list[np.ndarray]] = {}
    with evaluating(game):
        for start in range(0, len(real), CHUNK):
            normalised = source.form.encode(real[start : start + CHUNK]).to(device)
            if isinstance(game, Encodes):
                said.setdefault("reconstructed", []).append(source.form.decode(game.generate(game.encode(normalised))))
            if isinstance(game, Classifies):
                said.setdefault("predicted", []).append(game.classify(normalised).argmax(1).cpu().numpy())
            if isinstance(game, Translates) and game.trivial_name:
                paired = None if given is None else source.form.encode(given[start : start + CHUNK]).to(device)
                inputs = game.inputs_of(normalised, rng, paired)
                _translated(game, source.form, inputs, said, trivial)
            if isinstance(game, Clusters):
                said.setdefault("clusters", []).append(game.cluster(normalised).cpu().numpy())
            if captions is not None:
                asked = dataset.form.token_ids(captions[start : start + CHUNK]).to(device)
                rng = torch_rng(seed, "ask", start, device=device)
                said.setdefault("drawn", []).append(source.form.decode(game.sample(len(asked), labels=asked, rng=rng)))
    if inverted:
        normalised = source.form.encode(real[:NUM_INVERTED]).to(device)
        found = invert(game, normalised, rng=torch_rng(seed, "invert", device=device), progress=progress)  # type: ignore[arg-type]
        said["inverted"] = [source.form.decode(found.samples)]
    warnings = (
        ()
        if held_out is not None or dataset.size is None
        else ("Measured on data that were trained on: there are no others.",)
    )
    protocol = {"real": {"content_hash": source.content_hash, "rows": source.size, "held_out": held_out is not None}}
    whole = {name: np.concatenate(parts) for name, parts in said.items()}
    plain = {name: np.concatenate(parts) for name, parts in trivial.items()}
    return replace(
        Answers(real, labels, captions=captions, trivial=plain, protocol=protocol, warnings=warnings), **whole
    )  # type: ignore[arg-type]


def _translated(
    game: Translates,
    form: Form,
    inputs: torch.Tensor,
    said: dict[str, list[np.ndarray]],
    trivial: dict[str, list[np.ndarray]],
) -> None:
    """Add the outputs for a chunk of inputs to ``said``, and what needs no learning to ``trivial``."""
    made = game.translate(inputs)
    said.setdefault("translated", []).append(form.decode(made))
    contradiction = game.contradiction(made, inputs)
    if contradiction is not None:
        said.setdefault("contradictions", []).append(127.5 * contradiction.cpu().double().numpy())
    trivial.setdefault(game.trivial_name, []).append(form.decode(game.trivial(inputs)))
    if game.factor > 1:
        trivial.setdefault("Lanczos", []).append(
            np.stack([_lanczos(image, game.factor) for image in form.decode(inputs)])
        )


def _lanczos(image: np.ndarray, factor: int) -> np.ndarray:
    """Pillow's Lanczos filter: uint8 (h, w, C) -> (factor h, factor w, C)."""
    height, width, channels = image.shape
    small = Image.fromarray(image[:, :, 0] if channels == 1 else image)
    large = small.resize((factor * width, factor * height), Image.Resampling.LANCZOS)
    return np.asarray(large).reshape(factor * height, factor * width, channels)
