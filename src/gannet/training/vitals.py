"""Watches the health of a training: takes vitals now and then, lets the rules look, and writes down what they notice.

Vitals, by name, each there only where it means something:

- ``modes_found``, ``modes_known``, ``modes_expected``: of 500 samples of the averaged generator from the frames' noise, how
  many modes have one within 3 sigma; how many there are; how many as many real points would reach. Else
- ``diversity``: the effective number of different samples (Vendi score, Friedman and Dieng 2023,
  https://arxiv.org/abs/2210.02410) over that of as many real ones.
- ``separation``: share of pairs in which D scores the real sample above the generated one; 1/2 where it cannot tell.
- ``probability_real``, ``probability_fake``: what D makes of both on average, where its scores have a zero.
- ``training_above_held_out``: share of pairs in which D scores the training row above the unseen real one.
- ``copies``: share of samples nearer to a training row than 98 % of unseen real ones are (the idea of C_T, Meehan et al.
  2020, https://arxiv.org/abs/2004.05675); training rows themselves, without their own, stand in where none are held out.
- ``player/gradient_norm``: of the newest turn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from gannet.data.base import Dataset, Modes
from gannet.errors import in_shell
from gannet.games.base import Conditional, Scores
from gannet.health.base import examine, history_of
from gannet.runs.writer import RunWriter
from gannet.seeding import derive, torch_rng
from gannet.training.observers import Observer, gradient_norms
from gannet.training.points_frame import POINTS_IN_FRAME
from gannet.training.sampling import evaluating, sample_game
from gannet.training.trainer import Trainer

NUM_IMAGES = 64
"""Samples, and real pictures beside them, at each look; points are looked at 500 at a time, as in a frame."""
NUM_LOOKS = 40
"""Over a whole training, or fewer."""
LEAST_EVERY = {"points": 100, "images": 50}
"""Steps between two looks: a look costs as much as half a step of pictures, and as one of the smallest networks on points."""
EARLY = (1, 4, 16)
"""Further looks, which later ones are compared with."""
NUM_TRAINING_ROWS, NUM_BYTES = 20_000, 2**26
"""Among which copies are looked for."""
NUM_SCORED = 200
"""Rows of each kind whose scores are compared: a share of pairs is then known to 0.03."""
POOLED = 8
"""Side of the pictures whose pixels are compared: it makes distances cheap, and blind to noise."""
SIGMAS = 3.0
EARLY_QUANTILE = 0.02

Vitals = Callable[[], dict[str, float]]


def watch_health(
    trainer: Trainer,
    dataset: Dataset,
    held_out: Dataset | None,
    writer: RunWriter,
    *,
    seed: int,
    every: int | None,
    events: list[dict[str, Any]],
    told: Callable[[str], None],
) -> Observer:
    """Takes vitals and writes findings.

    A finding is written when a rule begins to complain, and when its warning becomes an alarm. Only private generators and
    evaluation mode: training is the same with it or without.

    Args:
        trainer: what is watched.
        dataset: its training data.
        held_out: real data that it does not train on, if there are any.
        writer: of the run.
        seed: of the run.
        every: steps between two looks; None for 40 looks in all, or fewer.
        events: of the run so far; the caller adds the terms as they are recorded, so that the rules see what the run holds.
        told: gets the sentence of a rule's first alarm.
    """
    cadence = max(LEAST_EVERY[dataset.form.kind], trainer.steps // NUM_LOOKS) if every is None else every
    take = _vitals(trainer, dataset, held_out, seed)
    known = {finding.rule: finding.severity for finding in examine(history_of(events))}
    announced: set[str] = set()

    def act(terms: dict[str, Tensor]) -> None:
        values, minimised = take() | gradient_norms(trainer), sorted(trainer.minimised)
        writer.event("vitals", trainer.step, values=values, minimised=minimised)
        events.append({"kind": "vitals", "step": trainer.step, "values": values, "minimised": minimised})
        findings = examine(history_of(events))
        for finding in findings:
            if known.get(finding.rule) not in (finding.severity, "alarm"):
                writer.health(trainer.step, rule=finding.rule, severity=finding.severity, text=finding.text, values=finding.values)
                if finding.severity == "alarm" and finding.rule not in announced:
                    announced.add(finding.rule)
                    told(f"{finding.rule}: {finding.text} `{in_shell('gannet', 'doctor', writer.path)}` says more.")
        known.clear()
        known.update({finding.rule: finding.severity for finding in findings})

    return Observer(cadence, act, early=EARLY)


def _vitals(trainer: Trainer, dataset: Dataset, held_out: Dataset | None, seed: int) -> Vitals:
    count = POINTS_IN_FRAME if dataset.form.kind == "points" else NUM_IMAGES
    real, labels = dataset.reference(count, seed=derive(seed, "health"))
    device = trainer.precision.device
    spread = _reach(dataset.truth.modes, len(real)) if dataset.truth.modes else _diversity(_rows(dataset, real))
    copies = _copies(dataset, held_out, seed)
    scored = None if labels is None else labels[:NUM_SCORED]
    scores = _scores(trainer, dataset, held_out, real[:NUM_SCORED], scored, seed)

    def take() -> dict[str, float]:
        fake = dataset.form.decode(sample_game(trainer.average.game, len(real), torch_rng(seed, "frames", device=device)))
        rows = _rows(dataset, fake)
        return spread(rows) | copies(rows) | scores()

    return take


def _rows(dataset: Dataset, outside: np.ndarray) -> Tensor:
    """Points as they are; pictures (N, H, W, C) as (N, D) float32 means of at most 8 x 8 patches, D = 64 C."""
    if dataset.form.kind == "points":
        return torch.as_tensor(outside, dtype=torch.float32)
    images = torch.from_numpy(np.ascontiguousarray(outside)).permute(0, 3, 1, 2)
    chunks = [adaptive_avg_pool2d(part.float(), POOLED) for part in images.split(512)]
    return torch.cat(chunks).flatten(1)


def _reach(modes: Modes, count: int) -> Callable[[Tensor], dict[str, float]]:
    served = modes.weights > 0
    means = torch.as_tensor(modes.means[served], dtype=torch.float32)
    whitening = torch.as_tensor(np.linalg.inv(np.linalg.cholesky(modes.covariances[served])), dtype=torch.float32)
    within = 1 - np.exp(-(SIGMAS**2) / 2)  # of a Gaussian in the plane
    expected = float((1 - (1 - modes.weights[served] * within) ** count).sum())

    def measure(points: Tensor) -> dict[str, float]:
        white = torch.einsum("mij,nmj->nmi", whitening, points[:, None] - means)
        found = (white.square().sum(2) <= SIGMAS**2).any(0).sum()
        return {"modes_found": found.item(), "modes_known": float(len(means)), "modes_expected": expected}

    return measure


def _diversity(real: Tensor) -> Callable[[Tensor], dict[str, float]]:
    squared = torch.cdist(real, real).square()
    bandwidth = squared[~torch.eye(len(real), dtype=torch.bool)].median().item() / 4 if len(real) > 1 else 0.0
    if bandwidth == 0:
        return lambda rows: {}
    whole = effective_number(real, bandwidth)
    return lambda rows: {"diversity": effective_number(rows, bandwidth) / whole}


def effective_number(rows: Tensor, bandwidth: float) -> float:
    """Vendi score: exp of the entropy of the eigenvalues of K / N, K = exp(-|a - b|^2 / bandwidth): 1 for N equal rows, N for strangers."""
    kernel = torch.exp(-torch.cdist(rows, rows).square() / bandwidth).double() / len(rows)
    values = torch.linalg.eigvalsh(kernel).clamp_min(1e-30)
    return (-(values * values.log()).sum()).exp().item()


def _copies(dataset: Dataset, held_out: Dataset | None, seed: int) -> Callable[[Tensor], dict[str, float]]:
    if dataset.size is None or dataset.size < 100:
        return lambda rows: {}  # an endless distribution repeats nothing
    bytes_a_row = int(np.prod(dataset.form.shape))
    count = max(100, min(NUM_TRAINING_ROWS, NUM_BYTES // bytes_a_row))
    training = _rows(dataset, dataset.reference(count, seed=derive(seed, "health"))[0])
    if held_out is not None:
        unseen = torch.cdist(_rows(held_out, held_out.reference(512, seed=derive(seed, "health"))[0]), training).amin(1)
    else:
        unseen = torch.cdist(training[:512], training).topk(2, largest=False).values[:, 1]
    near = unseen.quantile(EARLY_QUANTILE)
    if near == 0:
        return lambda rows: {}  # real data repeat themselves too
    return lambda rows: {"copies": (torch.cdist(rows, training).amin(1) < near).float().mean().item()}


def _scores(
    trainer: Trainer, dataset: Dataset, held_out: Dataset | None, real: np.ndarray, labels: np.ndarray | None, seed: int
) -> Callable[[], dict[str, float]]:
    game, device = trainer.game, trainer.precision.device
    if not isinstance(game, Scores):
        return dict
    classes = game.num_classes if isinstance(game, Conditional) else 0
    shown = [_inside(dataset, real, labels if classes else None, device)]
    if held_out is not None and dataset.size is not None:
        unseen, their_labels = held_out.reference(len(real), seed=derive(seed, "health"))
        shown.append(_inside(held_out, unseen, their_labels if classes else None, device))

    @torch.no_grad()
    def measure() -> dict[str, float]:
        fake = sample_game(game, len(real), torch_rng(seed, "frames", device=device))
        drawn = torch.arange(len(real), device=device) % classes if classes else None
        with evaluating(game):
            of_fake, of_real, *of_unseen = (game.score(rows, given).float().cpu() for rows, given in [(fake, drawn), *shown])
        found = {"separation": share_above(of_real, of_fake)}
        if not game.relative_scores:
            found |= {"probability_real": of_real.sigmoid().mean().item(), "probability_fake": of_fake.sigmoid().mean().item()}
        return found | ({"training_above_held_out": share_above(of_real, of_unseen[0])} if of_unseen else {})

    return measure


def _inside(dataset: Dataset, outside: np.ndarray, labels: np.ndarray | None, device: torch.device) -> tuple[Tensor, Tensor | None]:
    return dataset.form.encode(outside).to(device), None if labels is None else torch.as_tensor(labels).to(device)


def share_above(first: Tensor, second: Tensor) -> float:
    """Of all pairs, the share in which the first is the greater; ties count one half. It is the area under the ROC curve."""
    difference = first[:, None] - second[None]
    return ((difference > 0).float().mean() + (difference == 0).float().mean() / 2).item()
