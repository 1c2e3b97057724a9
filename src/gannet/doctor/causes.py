"""The likely cause of bad samples, from settings and recorded figures: the first of a list, the most certain first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gannet.health.base import LEARNING_RATE, Advice, Case, Finding, History, all_rules, rounded

OFF = 10.0
"""A learning rate that differs from the recipe's by this factor is suspect."""
RECORDS = 5
FOOLED = 0.1
"""Share of pairs in which D ranks the real sample above the generated one; below, D is led astray."""
FEW = 0.5
"""Of the recipe's steps; fewer may be too few."""
BEFORE_STEPS = (
    "memorisation", "discriminator-overfitting", "frozen-loss", "exploding-gradient", "saturated-discriminator",
    "oscillation", "augmentation-limit",
)  # fmt: skip
"""Rules whose findings more steps would not change, in the order in which they explain each other. Lost modes may
come back.
"""


def likely(
    case: Case, history: History, findings: Sequence[Finding], *, done: int, copies: str = "", improving: str = ""
) -> Advice:
    """The likely cause of what is wrong with a run.

    Args:
        case: its settings.
        history: its terms and vitals.
        findings: what the rules say now.
        done: steps trained.
        copies: what the score cards say of copied training data; empty if nothing.
        improving: which score card still improves at the end; empty if none.
    """
    rules, found = all_rules(), {finding.rule: finding for finding in findings}
    if advice := _rates(case, history):
        return advice
    if case.keys.get("loss") == "wasserstein" and case.smoother:
        text = (
            "The Wasserstein loss needs a bound on the critic's slope, and this run has none (no penalty, no "
            "constraint)."
        )
        return Advice("missing-regularizer", text, recipe="wgan-gp")
    if copies and "memorisation" not in found:
        advice = rules["memorisation"].advice(case, {})
        return Advice(advice.cause, f"{copies} {advice.text}", advice.changes)
    for name in BEFORE_STEPS:
        if name in found:
            return rules[name].advice(case, found[name].values)
    if advice := _fooled(case, history) or (_too_few(case, done) if history.finished else None):
        return advice
    if "still-learning" in found or (improving and history.finished):
        seen = found["still-learning"].text if "still-learning" in found else improving
        return rules["still-learning"].advice(case, {"step": done}).after(seen)
    if "mode-collapse" in found or (case.smoother and history.finished):
        return rules["mode-collapse"].advice(case, found["mode-collapse"].values if "mode-collapse" in found else {})
    if seen := found.get("artefacts"):
        return rules["artefacts"].advice(case, seen.values).after(seen.text)
    return _more_steps(done, history.finished)


def _more_steps(done: int, finished: bool) -> Advice:
    if not finished:
        return Advice(
            "still-training", f"No setting stands out, and at step {done:,} it is still training; look again later."
        )
    text = f"No setting stands out. After {done:,} steps, twice as many are the simplest next trial."
    return Advice("too-few-steps", text, {"steps": 2 * done})


def _rates(case: Case, history: History) -> Advice | None:
    """Learning rates far from the recipe's: both in one direction, or one player's."""
    factors = {}
    for key in case.keys:
        rate, default = case.number(key), case.default(key)
        if (match := LEARNING_RATE.fullmatch(key)) and rate and default:
            factors[match["player"]] = rate / default
    off = {player: factor for player, factor in factors.items() if not 1 / OFF < rounded(factor) < OFF}
    if not off:
        return None
    changes = {f"optimizer.{player}.lr": case.default(f"optimizer.{player}.lr") for player in off}
    seen = " and ".join(
        f"{key}={case.keys[key]:g} is {_times(off[player])}" for key, player in zip(changes, off, strict=True)
    )
    text = f"{seen} (its recipe has {', '.join(f'{value:g}' for value in changes.values())})."
    apart = max(factors, key=lambda player: factors[player]), min(factors, key=lambda player: factors[player])
    if factors[apart[0]] >= OFF * factors[apart[1]] and set(apart) == {"generator", "discriminator"}:
        return Advice(
            f"{apart[0]}-too-strong",
            f"The {apart[0]} learns too fast for the {apart[1]}: {text}{_balance(history)}",
            changes,
        )
    high = max(off.values()) >= OFF
    return Advice(f"learning-rate-too-{'high' if high else 'low'}", f"{text}{_balance(history)}", changes)


def _times(factor: float) -> str:
    return f"{factor:.3g} times too high" if factor > 1 else f"{1 / factor:.3g} times too low"


def _balance(history: History) -> str:
    steps, separation = history.get("separation")
    if not len(steps):
        return ""
    return (
        f" At step {steps[-1]:,} D ranks the real sample above the generated one in {separation[-1]:.0%} of pairs "
        f"(50% is no difference)."
    )


def _fooled(case: Case, history: History) -> Advice | None:
    steps, separation = history.get("separation")
    if len(separation) < RECORDS or np.median(separation[-RECORDS:]) > FOOLED:
        return None
    text = f"The discriminator cannot follow the generator since step {steps[-RECORDS]:,}.{_balance(history)}"
    return Advice("generator-too-strong", text, case.learning_rates(1 / 5, "generator"))


def _too_few(case: Case, done: int) -> Advice | None:
    planned, default = int(case.number("steps") or 0), int(case.default("steps") or 0)
    if done < planned:
        return Advice("too-few-steps", f"It trained {done:,} of its {planned:,} steps.", {"steps": planned})
    if done < FEW * default:
        return Advice("too-few-steps", f"It trained {done:,} steps; its recipe has {default:,}.", {"steps": default})
    return None
