"""Health checks during training: record a few values, apply the health rules, and record their findings.

The values (events of kind ``vitals``); each is recorded only if it is defined for the run:

- ``modes_found``, ``modes_known``, ``modes_expected``: number of modes with one of 500 samples of the EMA generator
  within 3 standard deviations; number of modes of the data; expected number of modes found with 500 real points.
- ``diversity``, if the modes are unknown: effective number of different samples (Vendi score, Friedman and Dieng 2023,
  https://arxiv.org/abs/2210.02410) divided by that of equally many real samples.
- ``spectrum_excess``, for images: how much more power generated images have than real ones in their fine details, as a
  power of ten (``training/spectrum.py``).
- ``separation``: share of pairs in which the real sample has a higher logit than the generated one; 1/2 if D cannot
  distinguish them.
- ``probability_real``, ``probability_fake``: mean output probability of D on both, if its logits have a zero.
- ``training_above_held_out``: share of pairs in which the training sample has a higher logit than the held-out one.
- ``copies``: share of generated samples that are nearer to a training sample than 98 % of the held-out samples are (the
  idea of C_T, Meehan et al. 2020, https://arxiv.org/abs/2004.05675). Without held-out data, other training samples
  replace them.
- ``player/gradient_norm``: gradient norm of the newest turn.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from gannet.data.base import Dataset, Modes
from gannet.errors import in_shell
from gannet.games.base import Captioned, Conditional, Discriminates, Translates
from gannet.games.labels import balanced_labels
from gannet.health.base import examine, history_of
from gannet.runs.records import Event
from gannet.runs.writer import RunWriter
from gannet.seeding import derive, torch_rng
from gannet.training.observers import Observer, gradient_norms
from gannet.training.points_frame import POINTS_IN_FRAME
from gannet.training.sampling import evaluating, sample_game
from gannet.training.spectrum import excess_power, radial_power
from gannet.training.trainer import Trainer

NUM_IMAGES = 64
"""Generated images, and as many real ones, per check; for points, both numbers are 500, as in a frame."""
MAX_CHECKS = 40
"""Maximum number of regular checks in a training."""
MIN_EVERY = {"points": 100, "images": 50}
"""Minimum number of steps between two checks. A check costs half a training step of images, or one step of small
networks on points.
"""
EARLY = (1, 4, 16)
"""Additional checks at the first steps, which later checks are compared with."""
NUM_TRAINING_SAMPLES, NUM_BYTES = 20_000, 2**26
"""Maximum number of training samples, and of their bytes, that generated samples are compared with to find copies."""
NUM_LOGITS = 200
"""Number of logits per kind of sample; the standard error of a share of pairs is then below 0.03."""
POOLED = 8
"""Images are averaged to this side before pixels are compared, which makes distances cheap and insensitive to noise."""
SIGMAS = 3.0
NEAR_QUANTILE = 0.02

Vitals = Callable[[], dict[str, float]]


def watch_health(
    trainer: Trainer,
    dataset: Dataset,
    held_out: Dataset | None,
    writer: RunWriter,
    *,
    seed: int,
    every: int | None,
    events: list[Event],
    on_alarm: Callable[[str], None],
) -> Observer:
    """An observer that records the values above and the findings of the health rules.

    A finding is recorded when a rule first fires, and when its warning becomes an alarm. The checks use evaluation mode
    and separate random generators, so training is the same with and without them.

    Args:
        trainer: the training to check.
        dataset: its training data.
        held_out: real data that are not used for training, if any.
        writer: writer of the run.
        seed: seed of the run.
        every: steps between two checks; None gives at most 40 checks in total.
        events: events of the run so far; the caller appends the terms when they are recorded, so that the rules see the
        whole run.
        on_alarm: called with the sentence of a rule's first alarm.
    """
    cadence = max(MIN_EVERY[dataset.form.kind], trainer.steps // MAX_CHECKS) if every is None else every
    take = _vitals(trainer, dataset, held_out, seed)
    known = {finding.rule: finding.severity for finding in examine(history_of(events))}
    announced: set[str] = set()

    def act(terms: dict[str, Tensor]) -> None:
        values, minimised = take() | gradient_norms(trainer), sorted(trainer.minimised)
        events.append(writer.event("vitals", trainer.step, values=values, minimised=minimised))
        findings = examine(history_of(events))
        for finding in findings:
            if known.get(finding.rule) not in (finding.severity, "alarm"):
                writer.health(
                    trainer.step, rule=finding.rule, severity=finding.severity, text=finding.text, values=finding.values
                )
                if finding.severity == "alarm" and finding.rule not in announced:
                    announced.add(finding.rule)
                    on_alarm(
                        f"{finding.rule}: {finding.text} `{in_shell('gannet', 'doctor', writer.path)}` explains it."
                    )
        known.clear()
        known.update({finding.rule: finding.severity for finding in findings})

    return Observer(cadence, act, early=EARLY)


def _vitals(trainer: Trainer, dataset: Dataset, held_out: Dataset | None, seed: int) -> Vitals:
    count = POINTS_IN_FRAME if dataset.form.kind == "points" else NUM_IMAGES
    real, labels = dataset.reference(count, seed=derive(seed, "health"))
    device = trainer.precision.device
    coverage = _modes(dataset.truth.modes, len(real)) if dataset.truth.modes else _diversity(_vectors(dataset, real))
    # What a translating game makes of a training image is near it and not a copy.
    of_training = held_out is None and isinstance(trainer.game, Translates)
    copies = (lambda vectors: {}) if of_training else _copies(dataset, held_out, seed)
    classes = None if labels is None else labels[:NUM_LOGITS]
    outputs = _outputs(trainer, dataset, held_out, real[:NUM_LOGITS], classes, seed)
    spectrum = _spectrum(real) if dataset.form.kind == "images" else lambda images: {}

    def take() -> dict[str, float]:
        rng = torch_rng(seed, "frames", device=device)
        drawn = sample_game(trainer.average.game, len(real), rng, images=held_out or dataset, block=len(real))
        fake = dataset.form.decode(drawn)
        vectors = _vectors(dataset, fake)
        return coverage(vectors) | copies(vectors) | spectrum(fake) | outputs()

    return take


def _spectrum(real: np.ndarray) -> Callable[[np.ndarray], dict[str, float]]:
    """Of too few or too small images, a spectrum says nothing."""
    if len(real) < NUM_IMAGES // 4 or min(real.shape[1:3]) < 8:
        return lambda images: {}
    power = radial_power(real / 255, corners=True)
    return lambda images: {"spectrum_excess": excess_power(images / 255, power)}


def _vectors(dataset: Dataset, samples: np.ndarray) -> Tensor:
    """Points unchanged; images (N, H, W, C) as (N, D) float32 means of at most 8 x 8 patches, D = 64 C."""
    if dataset.form.kind == "points":
        return torch.as_tensor(samples, dtype=torch.float32)
    images = torch.from_numpy(np.ascontiguousarray(samples)).permute(0, 3, 1, 2)
    chunks = [adaptive_avg_pool2d(part.float(), POOLED) for part in images.split(512)]
    return torch.cat(chunks).flatten(1)


def _modes(modes: Modes, count: int) -> Callable[[Tensor], dict[str, float]]:
    used = modes.weights > 0
    means = torch.as_tensor(modes.means[used], dtype=torch.float32)
    whitening = torch.as_tensor(np.linalg.inv(np.linalg.cholesky(modes.covariances[used])), dtype=torch.float32)
    within = 1 - np.exp(-(SIGMAS**2) / 2)  # probability mass of a Gaussian in the plane
    expected = float((1 - (1 - modes.weights[used] * within) ** count).sum())

    def measure(points: Tensor) -> dict[str, float]:
        white = torch.einsum("mij,nmj->nmi", whitening, points[:, None] - means)
        found = (white.square().sum(2) <= SIGMAS**2).any(0).sum()
        return {"modes_found": found.item(), "modes_known": float(len(means)), "modes_expected": expected}

    return measure


def _diversity(real: Tensor) -> Callable[[Tensor], dict[str, float]]:
    squared = torch.cdist(real, real).square()
    bandwidth = squared[~torch.eye(len(real), dtype=torch.bool)].median().item() / 4 if len(real) > 1 else 0.0
    if bandwidth == 0:
        return lambda vectors: {}
    whole = effective_number(real, bandwidth)
    return lambda vectors: {"diversity": effective_number(vectors, bandwidth) / whole}


def effective_number(vectors: Tensor, bandwidth: float) -> float:
    """Vendi score: exp of the entropy of the eigenvalues of K / N with K = exp(-|a - b|^2 / bandwidth).

    1 for N equal vectors (N, D), N for vectors that are far apart.
    """
    kernel = torch.exp(-torch.cdist(vectors, vectors).square() / bandwidth).double() / len(vectors)
    values = torch.linalg.eigvalsh(kernel).clamp_min(1e-30)
    return (-(values * values.log()).sum()).exp().item()


def _copies(dataset: Dataset, held_out: Dataset | None, seed: int) -> Callable[[Tensor], dict[str, float]]:
    if dataset.size is None or dataset.size < 100:
        return lambda vectors: {}  # samples of a continuous distribution do not repeat
    bytes_per_sample = int(np.prod(dataset.form.shape))
    count = max(100, min(NUM_TRAINING_SAMPLES, NUM_BYTES // bytes_per_sample))
    training = _vectors(dataset, dataset.reference(count, seed=derive(seed, "health"))[0])
    if held_out is not None:
        nearest = torch.cdist(
            _vectors(held_out, held_out.reference(512, seed=derive(seed, "health"))[0]), training
        ).amin(1)
    else:
        nearest = torch.cdist(training[:512], training).topk(2, largest=False).values[:, 1]
    near = nearest.quantile(NEAR_QUANTILE)
    if near == 0:
        return lambda vectors: {}  # the real data have duplicates too
    return lambda vectors: {"copies": (torch.cdist(vectors, training).amin(1) < near).float().mean().item()}


def _outputs(
    trainer: Trainer, dataset: Dataset, held_out: Dataset | None, real: np.ndarray, labels: np.ndarray | None, seed: int
) -> Callable[[], dict[str, float]]:
    game, device = trainer.game, trainer.precision.device
    if not isinstance(game, Discriminates):
        return dict

    def conditions(source: Dataset, classes: np.ndarray | None) -> Tensor | None:
        """What the discriminator sees next to the first samples of ``source.reference``: captions, class labels or
        nothing.
        """
        if isinstance(game, Captioned):
            captions = source.reference_captions(NUM_IMAGES, seed=derive(seed, "health")) or ()
            return dataset.form.token_ids(captions[: len(real)]).to(device)
        return (
            torch.as_tensor(classes).to(device)
            if isinstance(game, Conditional) and game.num_classes and classes is not None
            else None
        )

    inputs = [(dataset.form.encode(real).to(device), conditions(dataset, labels))]
    if held_out is not None and dataset.size is not None:
        other, their_labels = held_out.reference(len(real), seed=derive(seed, "health"))
        inputs.append((held_out.form.encode(other).to(device), conditions(held_out, their_labels)))

    @torch.no_grad()
    def measure() -> dict[str, float]:
        fake = sample_game(game, len(real), torch_rng(seed, "frames", device=device), block=len(real))
        drawn = balanced_labels(game, len(real), device)
        with evaluating(game):
            of_fake, of_real, *of_held_out = (
                game.logits(samples, given).float().cpu() for samples, given in [(fake, drawn), *inputs]
            )
        found = {"separation": share_above(of_real, of_fake)}
        if not game.relative_logits:
            found |= {
                "probability_real": of_real.sigmoid().mean().item(),
                "probability_fake": of_fake.sigmoid().mean().item(),
            }
        return found | ({"training_above_held_out": share_above(of_real, of_held_out[0])} if of_held_out else {})

    return measure


def share_above(first: Tensor, second: Tensor) -> float:
    """The share of all pairs in which the first value is greater; ties count 1/2. This is the area under the ROC
    curve.
    """
    difference = first[:, None] - second[None]
    return ((difference > 0).float().mean() + (difference == 0).float().mean() / 2).item()
