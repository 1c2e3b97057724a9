"""Score cards of a run: how far they are from the real-data reference, and whether they were better before. Loss
curves show neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite

from gannet.health.base import Advice, Case, Finding
from gannet.runs.comparable import way_of
from gannet.runs.records import ScoreCard

NAME, FAR = "worsening", "far-from-real-data"
CARDS = 3
"""Fewer cards of a metric are not judged."""
AT_LEAST = 1.5
"""Factor by which the distance from the reference has grown, in both of the two newest cards."""
NEAR = {"lower": 0.5, "higher": 0.1}
"""A best value nearer to the reference than this share of it counts as this far away: chance moves it as much."""


def worsened(cards: Iterable[ScoreCard]) -> list[Finding]:
    """Metrics whose distance from the reference has grown again since the best card, the largest growth first.

    Args:
        cards: of one run, in the order they were written; only those made in one way are compared.
    """
    found = [finding for same in _series(cards) if (finding := _worsened(same))]
    return sorted(found, key=lambda finding: -finding.values["factor"])


def _worsened(cards: list[ScoreCard]) -> Finding | None:
    if len(cards) < CARDS:
        return None
    distances = [_distance(card) for card in cards]
    at = distances.index(min(distances))
    best, newest = cards[at], cards[-1]
    least = max(distances[at], NEAR[best.better] * abs(best.reference or 0.0))
    factor = min(distances[-2:]) / least if least > 0 else 0.0
    if factor < AT_LEAST:
        return None
    text = (
        f"{newest.label} is {newest.value:.3g} at step {newest.step:,}; at step {best.step:,} "
        f"it was {best.value:.3g} (real data {newest.reference:.3g})."
    )
    steps = {"best_step": float(best.step), "step": float(newest.step)}
    return Finding(NAME, "warning", text, {**steps, "best": best.value, "value": newest.value, "factor": factor})


def improving(cards: Iterable[ScoreCard]) -> str:
    """What the metric that improved most in the last third of its cards shows; empty if none is still at its best
    there.
    """
    found: list[tuple[float, str]] = []
    for same in _series(cards):
        distances = [_distance(card) for card in same]
        if len(same) < CARDS or distances[-1] > min(distances) or distances[-1] <= 0:
            continue
        before = same[-1 - max(1, len(same) // 3)]
        factor = _distance(before) / distances[-1]
        if factor >= AT_LEAST:
            text = (
                f"{same[-1].label} still improves: {before.value:.3g} at step {before.step:,}, "
                f"{same[-1].value:.3g} at step {same[-1].step:,} (real data {same[-1].reference:.3g})."
            )
            found.append((factor, text))
    return max(found)[1] if found else ""


def _series(cards: Iterable[ScoreCard]) -> list[list[ScoreCard]]:
    """Cards with a direction and a reference, made in one way, by step."""
    series: dict[tuple[object, ...], dict[int, ScoreCard]] = {}
    for card in cards:
        if is_judged(card) and card.better in ("lower", "higher"):
            series.setdefault(way_of(card), {})[card.step] = card
    return [list(same.values()) for same in series.values()]


def _distance(card: ScoreCard) -> float:
    """How far a card is on the bad side of the reference; 0 on the good side."""
    sign = 1 if card.better == "lower" else -1
    return max(0.0, sign * (card.value - (card.reference or 0.0)))


def advice(case: Case, values: Mapping[str, float]) -> Advice:
    """Learning rates that fall, or a stop at the best step."""
    best = f"Samples at step {values['best_step']:,.0f} were better than now."
    constant = {key: "cosine" for key in case.keys if key.endswith(".schedule") and case.keys[key] == "constant"}
    if constant:
        text = f"{best} Constant learning rates move the players away from a good state; falling ones stay near it."
        return Advice("worse-than-an-earlier-checkpoint", text, constant)
    return Advice("worse-than-an-earlier-checkpoint", f"{best} Stop there.", {"steps": int(values["best_step"])})


SMALL = {
    "js": 0.07, "kl_data_model": 0.1, "kl_model_data": 0.1, "reverse_kl": 0.1, "nll": 0.5, "ms_ssim": 0.1,
    "authpct": 20.0, "ct": 3.0,
}  # fmt: skip
"""A difference that matters little, in the metric's own unit, where that unit is known: shares of ln 2, nats,
standard errors.
"""
TIMES, SHARE = 2.0, 0.15
"""The same relative to the reference: of metrics that fall to 0 for equal distributions, and of all others."""
GRAVE, MOST = 4.0, 1e6
"""A card farther from the reference than the first number of tolerances is an alarm; distances are cut to the second
number.
"""


def newest(cards: Iterable[ScoreCard]) -> list[ScoreCard]:
    """The last card of each metric at the newest step."""
    cards = list(cards)
    step = max((card.step for card in cards), default=0)
    return list({card.metric: card for card in cards if card.step == step}.values())


def is_judged(card: ScoreCard) -> bool:
    """Whether the card has a finite value, a real-data reference and a direction."""
    return card.reference is not None and card.better in ("lower", "higher", "one", "real") and isfinite(card.value)


def far(cards: Iterable[ScoreCard]) -> list[Finding]:
    """The newest cards that are far from the real-data reference, the farthest first."""
    found = [(_tolerances(card), card) for card in newest(cards) if is_judged(card)]
    return [
        Finding(
            FAR,
            "alarm" if distance > GRAVE else "warning",
            _in_words(card),
            {"step": float(card.step), "value": card.value, "reference": card.reference or 0.0, "tolerances": distance},
        )
        for distance, card in sorted(found, key=lambda pair: -pair[0])
        if distance > 1
    ]


def copied(cards: Iterable[ScoreCard]) -> str:
    """Evidence in the newest cards of copied training data: fewer authentic samples, or samples nearer to it than
    held-out data.
    """
    about = [card for card in newest(cards) if card.metric in ("authpct", "ct") and is_judged(card)]
    below = [card for card in about if card.value < (card.reference or 0.0) and _tolerances(card) > 1]
    return " ".join(f"{_in_words(card)}." for card in below)


def _in_words(card: ScoreCard) -> str:
    return f"{card.label} {card.value:.3g} (real data {card.reference:.3g})"


def _tolerances(card: ScoreCard) -> float:
    """Distance from the reference on the bad side, in units of what matters little or is left to chance."""
    value, reference, better = card.value, card.reference or 0.0, card.better
    low, high = card.ci95 or (value, value)
    if better == "lower":
        distance, tolerance = value - max(reference, 0.0), TIMES * abs(reference)
    elif better == "higher":
        distance, tolerance = reference - value, SHARE * abs(reference)
        # With few modes or classes even one is much.
        tolerance = min(tolerance, 0.9) if card.metric == "modes" else tolerance
    else:
        distance, tolerance = abs(value - (1.0 if better == "one" else reference)), SHARE * abs(reference)
    tolerance = max(tolerance, SMALL.get(card.metric.partition("[")[0], 0.0), (high - low) / 2)
    return min(distance / tolerance, MOST) if tolerance > 0 else MOST * (distance > 0)
