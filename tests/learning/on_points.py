"""Recipes of points, on the ring, the grid and two overlapping clouds."""

from __future__ import annotations

from typing import Any

from proving import Figures, Proof, cards, together

from gannet.runs.reader import Run
from gannet.trained import TrainedRun

MODES = cards("modes", "high_quality", "reverse_kl", "spread")
PAC_RING = {"data.radius": 1, "data.sigma": 0.01}
"""PacGAN's."""
SHARP = {"high_quality": 0.95, "spread": 0.6}
RATES = {"optimizer.generator.lr": 1e-3, "optimizer.discriminator.lr": 1e-3}
FAST = {"steps": 2000, "hidden": 64, "optimizer.generator.lr": 2e-3, "optimizer.discriminator.lr": 2e-3}
"""A budget at which a GAN without packs loses modes: PacGAN's networks at 64 in place of 400 units, and fast."""


def convergence(run: TrainedRun) -> Figures:
    """BEGAN's own measure at the end over that at the start."""
    _, values = Run(run.path).terms()["discriminator/convergence"]
    return {"convergence / at start": float(values[-1] / values[0])}


def average_beside_raw(run: TrainedRun) -> Figures:
    """Distance of the averaged generator over that of the raw one, which goes on circling."""
    distance = cards("sliced_w")
    raw = distance(TrainedRun(run.path, raw=True))["sliced_w / floor"]
    average = distance(run)["sliced_w / floor"]
    return {"sliced_w / floor": average, "average / raw": average / raw}


def reconstruction(run: TrainedRun) -> Figures:
    return cards("reconstruction")(run)


def ring(recipe: str, keys: dict[str, Any] | None = None, **bounds: Any) -> Proof:
    return Proof(recipe, "ring", MODES, keys=keys or {}, **bounds)


PROOFS = [
    Proof("gan", "gmm", cards("sliced_w"), most={"sliced_w / floor": 4}, keys={"steps": 3000}),
    Proof("gan-deep", "gmm", average_beside_raw, most={"sliced_w / floor": 4, "average / raw": 0.9}, keys={"steps": 4000}),
    ring("lsgan", least={"modes": 8}, most={"reverse_kl": 1}),
    Proof("wgan-gp", "gmm", cards("sliced_w"), most={"sliced_w / floor": 4}, keys={"steps": 500} | RATES),
    ring("ragan", least={"modes": 8}, most={"reverse_kl": 0.7}),
    ring("f-gan", least={"modes": 8}, most={"reverse_kl": 0.7}),
    ring("ebgan", least={"modes": 8}, most={"reverse_kl": 1.5}),
    ring("unrolled", least={"modes": 8}, most={"reverse_kl": 0.7}),
    ring("softmax-gan", least={"modes": 6, "high_quality": 0.2}),
    Proof("began", "ring", convergence, most={"convergence / at start": 0.2}, needed=3),
    ring("dragan", {"steps": 2500}, least={"modes": 8}, most={"reverse_kl": 0.5}),
    ring("sngan", {"steps": 1200}, least={"modes": 8}, most={"reverse_kl": 0.05}),
    ring("improved-gan", {"steps": 1500}, least={"modes": 8}, most={"reverse_kl": 0.5}),
    ring("r3gan", PAC_RING, least={"modes": 8, "high_quality": 0.5}, most={"reverse_kl": 0.1}, needed=3),
    ring("pacgan2", PAC_RING | FAST, least={"modes": 8}, most={"reverse_kl": 0.25}),
    ring("pacgan4", PAC_RING | FAST, least={"modes": 8}, most={"reverse_kl": 0.25}),
    Proof("ali-pac", "ring", together(MODES, reconstruction), least={"modes": 8}, keys=PAC_RING | FAST),
    ring("particle-gan", least={"modes": 8} | SHARP, most={"reverse_kl": 0.02, "spread": 1.3}, needed=3),
    Proof("particle-gan", "grid", MODES, least={"modes": 25} | SHARP, most={"reverse_kl": 0.05, "spread": 1.3}, needed=3),
    Proof("particle-gan", "gmm", cards("sliced_w"), most={"sliced_w / floor": 1.5}),
]
