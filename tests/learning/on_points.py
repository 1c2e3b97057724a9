"""Recipes of points, on the ring, the grid and two overlapping clouds."""

from __future__ import annotations

from typing import Any

import torch
from proving import Figures, Proof, cards, together
from torch import Tensor

from gannet.config.build import open_data
from gannet.data.base import silent
from gannet.runs.reader import Run
from gannet.seeding import torch_rng
from gannet.sessions.trained_run import TrainedRun
from gannet.training.sampling import evaluating, sample_game

MODES = cards("modes", "high_quality", "reverse_kl", "spread")
PAC_RING = {"data.radius": 1, "data.sigma": 0.01}
"""PacGAN's."""
THOUSANDS = {"steps": 3000}
"""The budget of docs/results/compare-ring.md, from whose five seeds the bounds are chosen."""
ROWS = 1_000
SHARP = {"high_quality": 0.95, "spread": 0.6}
RATES = {"optimizer.generator.lr": 1e-3, "optimizer.discriminator.lr": 1e-3}
HALF_RATE = RATES | {
    "optimizer.generator.lr": 5e-4,
    "optimizer.generator.beta1": 0.5,
    "optimizer.discriminator.beta1": 0.5,
}
FAST = {"steps": 2000, "hidden": 64, "optimizer.generator.lr": 2e-3, "optimizer.discriminator.lr": 2e-3}
"""A budget at which a GAN without packs loses modes: PacGAN's networks at 64 instead of 400 units, and fast."""


def convergence(run: TrainedRun) -> Figures:
    """BEGAN's own measure at the end over that at the start."""
    _, values = Run(run.path).terms()["discriminator/convergence"]
    return {"convergence / at start": float(values[-1] / values[0])}


def ema_next_to_raw(run: TrainedRun) -> Figures:
    """Distance of the EMA generator divided by that of the raw one, which continues to circle."""
    distance = cards("sliced_w")
    raw = distance(TrainedRun(run.path, raw=True))["sliced_w / reference"]
    average = distance(run)["sliced_w / reference"]
    return {"sliced_w / reference": average, "EMA / raw": average / raw}


def slope(run: TrainedRun) -> Figures:
    """Mean gradient norm of the critic between reals and samples: 1 where it is held there, as WGAN-GP does."""
    rng = torch_rng(0, "slope")
    return {
        "slope": _slope(run, _reals(run).lerp(sample_game(run.game, ROWS, rng), torch.rand(ROWS, 1, generator=rng)))
    }


def slope_around(run: TrainedRun) -> Figures:
    """The same in a cloud of half the data's standard deviation around the reals, where DRAGAN holds it."""
    real = _reals(run)
    noise = torch.randn(real.shape, generator=torch_rng(0, "slope"))
    return {"slope": _slope(run, real + 0.5 * real.std(correction=0) * noise)}


def _reals(run: TrainedRun) -> Tensor:
    return open_data(run.plan, silent).batch(ROWS, seed=0, position=0, device=torch.device("cpu"))[0]


def _slope(run: TrainedRun, places: Tensor) -> float:
    places.requires_grad_()
    with evaluating(run.game):
        gradients = torch.autograd.grad(run.game.logits(places).sum(), places)[0]
    return float(gradients.norm(dim=1).mean())


def ring(recipe: str, keys: dict[str, Any] | None = None, **bounds: Any) -> Proof:
    return Proof(recipe, "ring", MODES, keys=keys or {}, **bounds)


PROOFS = [
    ring("gan", THOUSANDS, least={"modes": 8}, most={"reverse_kl": 0.5}),
    Proof("gan-deep", "gmm", ema_next_to_raw, most={"sliced_w / reference": 4}, keys={"steps": 4000}),
    ring("lsgan", THOUSANDS, least={"modes": 8}, most={"reverse_kl": 0.5}),
    Proof(
        "wgan-gp",
        "gmm",
        together(cards("sliced_w"), slope),
        least={"slope": 0.7},
        most={"sliced_w / reference": 10, "slope": 1.3},
        keys={"steps": 500} | RATES,
    ),
    ring("ragan", THOUSANDS, least={"modes": 8}, most={"reverse_kl": 0.5}),
    ring("f-gan", THOUSANDS, least={"modes": 8}, most={"reverse_kl": 0.2}),
    ring("ebgan", least={"modes": 8}, most={"reverse_kl": 1.2}),
    ring("unrolled", least={"modes": 8}, most={"reverse_kl": 0.2}),
    ring("softmax-gan", least={"modes": 6, "high_quality": 0.2}),
    Proof("began", "ring", convergence, most={"convergence / at start": 0.2}, needed=3),
    Proof(
        "dragan",
        "ring",
        together(MODES, slope_around),
        keys=THOUSANDS,
        least={"modes": 8, "high_quality": 0.4, "slope": 0.5},
        most={"reverse_kl": 0.2, "slope": 1.5},
    ),
    ring("sngan", THOUSANDS, least={"modes": 8, "high_quality": 0.3}, most={"reverse_kl": 0.1}),
    ring("improved-gan", THOUSANDS, least={"modes": 8}, most={"reverse_kl": 0.2}),
    ring("r3gan", PAC_RING, least={"modes": 8, "high_quality": 0.5}, most={"reverse_kl": 0.1}, needed=3),
    ring("pacgan2", PAC_RING | FAST, least={"modes": 8}, most={"reverse_kl": 0.25}),
    ring("pacgan4", PAC_RING | FAST | {"steps": 5000}, least={"modes": 8}, most={"reverse_kl": 0.25}),
    Proof(
        "ali-pac",
        "gmm",
        cards("sliced_w", "reconstruction"),
        most={"sliced_w / reference": 10, "reconstruction": 0.4},
        keys={"steps": 4000, "hidden": 64} | HALF_RATE,
    ),
    ring("particle-gan", least={"modes": 8} | SHARP, most={"reverse_kl": 0.02, "spread": 1.3}, needed=3),
    Proof(
        "particle-gan", "grid", MODES, least={"modes": 25} | SHARP, most={"reverse_kl": 0.05, "spread": 1.3}, needed=3
    ),
    ring("vae", THOUSANDS, least={"modes": 8, "high_quality": 0.12}, most={"reverse_kl": 0.2}),
    ring("flow-matching", {"steps": 1000}, least={"modes": 8, "high_quality": 0.7}, most={"reverse_kl": 0.02}),
    Proof("particle-gan", "gmm", cards("sliced_w"), most={"sliced_w / reference": 1.5}),
]
