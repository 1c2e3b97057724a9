"""The discriminator tells everything apart, and the generator has nothing left to learn from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gannet.health.base import Finding, History, smoothed

NAME = "saturated-discriminator"
RECORDS = 5
"""In a row that have to agree."""
SEPARATED = 0.995
"""Share of pairs in which the real sample has the higher score; this needs no zero, so it holds for critics too."""
CERTAIN = 0.01
"""Probability given to the wrong answer."""
VANISHED = 0.01
"""Of the generator's gradient norm at its best."""


def examine(history: History) -> Finding | None:
    """Separated scores alone are no fault (a critic's always are): it takes a vanished gradient, or certainty on both sides."""
    steps, separation = history.get("separation")
    _, norms = history.get("generator/gradient_norm")
    if len(separation) < RECORDS or separation[-RECORDS:].min() < SEPARATED:
        return None
    since = int(steps[-RECORDS])
    values = {"separation": float(separation[-RECORDS:].min()), "since_step": since}
    seen = f"Since step {since:,} at least, D scores the real sample above the generated one in {values['separation']:.1%} of pairs"
    if len(norms) >= RECORDS:
        now, best = float(np.median(norms[-RECORDS:])), float(max(norms[0], smoothed(norms).max()))
        if now <= VANISHED * best:
            text = f"{seen}, and the generator's gradient has vanished: its norm is {now:.2g}, and was {best:.2g}."
            return Finding(NAME, "alarm", text, values | {"gradient_norm": now, "best_gradient_norm": best})
    # Only scores with a zero are recorded as probabilities.
    real, fake = (history.get(name)[1][-RECORDS:] for name in ("probability_real", "probability_fake"))
    if len(real) == len(fake) == RECORDS and real.min() > 1 - CERTAIN and fake.max() < CERTAIN:
        text = f"{seen}, and is certain of it: it calls generated samples real with probability {fake[-1]:.1g}."
        return Finding(NAME, "warning", text, values | {"probability_real": float(real[-1]), "probability_fake": float(fake[-1])})
    return None


def advice(keys: Mapping[str, Any], values: Mapping[str, float]) -> str:
    """A loss whose gradient stays, then a weaker discriminator."""
    steps = []
    if keys.get("loss") == "minimax":
        steps.append("loss=non-saturating, whose gradient stays when D wins")
    name = "optimizer.discriminator.lr"
    if name in keys:
        steps.append(f"a slower discriminator, {name}={keys[name] / 5:g}")
    if "penalty.gamma" in keys:
        steps.append(f"a stronger penalty, penalty.gamma={10 * keys['penalty.gamma']:g}")
    elif not any(key.startswith("penalty") for key in keys):
        steps.append("a recipe that keeps D smooth with a penalty, such as wgan-gp or particle-gan")
    return "Try " + "; or ".join(steps) + "."
