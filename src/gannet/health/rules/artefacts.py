"""Artefacts: generated images have much more power in their fine details than real ones, as noise or a checkerboard.

The spectra of real and generated images differ most at high frequencies (Durall, Keuper and Keuper 2020,
https://arxiv.org/abs/2003.01826). Two sets of 64 real images of MNIST or of the digits differ by at most 0.12 powers
of ten at any frequency.
"""

from __future__ import annotations

from collections.abc import Mapping

from gannet.health.base import Advice, Case, Finding, History, running_medians

NAME = "artefacts"
RECORDS = 5
"""Fewest records: the first ones are of networks that have hardly trained."""
TWICE, TENFOLD = 0.3, 1.0
"""Powers of ten: twice, and ten times the power of real images."""
FALLING = 0.75
"""Of the largest excess: below, it still falls, and only the end of training decides."""


def examine(history: History) -> Finding | None:
    """Report an excess of power that stays."""
    steps, excess = history.get("spectrum_excess")
    if len(excess) < RECORDS:
        return None
    recent = running_medians(excess)
    now = float(recent[-1])
    if now < TWICE or (now < FALLING * recent.max() and not history.finished):
        return None
    text = (
        f"Generated images have {10**now:.1f} times the power of real ones in their fine details at step "
        f"{steps[-1]:,}: look for noise, a checkerboard or hard edges."
    )
    # The first steps of most trainings look like this; only at the end it is an alarm.
    severity = "alarm" if now >= TENFOLD and history.finished else "warning"
    return Finding(NAME, severity, text, {"excess": now, "step": float(steps[-1])})


def advice(case: Case, values: Mapping[str, float]) -> Advice:
    """Twice as many steps: most artefacts of the first steps fade."""
    steps = int(case.number("steps") or values.get("step", 1))
    text = "Artefacts of upsampling are strongest early and fade while the generator improves; train longer."
    return Advice(NAME, text, {"steps": 2 * steps})
