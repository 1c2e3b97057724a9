"""The discriminator separates real and generated samples completely, so that the generator has no gradient."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gannet.health.base import Advice, Case, Finding, History, running_medians

NAME = "saturated-discriminator"
RECORDS = 5
"""Number of consecutive records that must agree."""
SEPARATED = 0.995
"""Share of pairs in which the real sample has the higher logit; it needs no zero, so it also applies to critics."""
CERTAIN = 0.01
"""Maximum probability of the wrong answer."""
VANISHED = 0.01
"""Share of the generator's largest gradient norm below which the gradient has vanished."""


def examine(history: History) -> Finding | None:
    """Report separated logits, but only with a vanished gradient or certainty on both sides: a critic always
    separates.
    """
    steps, separation = history.get("separation")
    _, norms = history.get("generator/gradient_norm")
    if len(separation) < RECORDS or separation[-RECORDS:].min() < SEPARATED:
        return None
    since = int(steps[-RECORDS])
    values = {"separation": float(separation[-RECORDS:].min()), "since_step": since}
    seen = (
        f"Since step {since:,} at least, D ranks the real sample above the generated one in "
        f"{values['separation']:.1%} of pairs"
    )
    if len(norms) >= RECORDS:
        now, best = float(np.median(norms[-RECORDS:])), float(max(norms[0], running_medians(norms).max()))
        if now <= VANISHED * best:
            text = f"{seen}, and the generator's gradient has vanished: its norm fell from {best:.2g} to {now:.2g}."
            return Finding(NAME, "alarm", text, values | {"gradient_norm": now, "best_gradient_norm": best})
    # Only logits with a zero are recorded as probabilities.
    real, fake = (history.get(name)[1][-RECORDS:] for name in ("probability_real", "probability_fake"))
    if len(real) == len(fake) == RECORDS and real.min() > 1 - CERTAIN and fake.max() < CERTAIN:
        text = f"{seen}, and is certain: it calls generated samples real with probability {fake[-1]:.1g}."
        return Finding(
            NAME, "warning", text, values | {"probability_real": float(real[-1]), "probability_fake": float(fake[-1])}
        )
    return None


def advice(case: Case, values: Mapping[str, float]) -> Advice:
    """A loss whose gradient does not vanish, else a smoother or slower discriminator."""
    if case.keys.get("loss") == "minimax":
        return Advice(
            NAME,
            "The minimax loss has no gradient when D wins; the non-saturating loss has one.",
            {"loss": "non-saturating"},
        )
    if stronger := case.stronger_penalty():
        return Advice(
            NAME,
            "The discriminator wins in spite of its penalty; a stronger penalty leaves the generator a gradient.",
            stronger,
        )
    text = "The discriminator learns faster than the generator; try a fifth of its learning rate."
    return Advice("discriminator-too-strong", text, case.learning_rates(1 / 5, "discriminator"))
