"""The newest score cards against real data, and the likely cause of a distance with the key that changes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NAME = "scores"
TIMES = 3.0
"""A metric that is better when lower is far from real data at this multiple of its real-data reference."""
SHARE = 0.7
"""A metric that is better when higher is far from real data below this share of its real-data reference."""
MOST = 1 / 3
"""Share of the compared metrics that has to be far: one noisy metric is not enough."""
HIGH, LOW = 0.01, 2e-5
"""Learning rates of Adam outside this range rarely train a GAN."""
USUAL = {"points": 1e-3, "image": 2e-4}
IMBALANCE = 10.0
"""Quotient of the players' learning rates."""
FEW = 2_000
"""Steps below which more steps are the first thing to try."""
PLAYERS = ("generator", "discriminator")


@dataclass(frozen=True)
class Cause:
    """A likely cause, its evidence, and what ``gannet`` is given to change it."""

    name: str
    text: str
    arguments: tuple[str, ...]
    """For ``gannet train RUN``; ``--steps N`` is for ``gannet resume RUN``."""


def newest(cards: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The comparable cards of the newest measured step; of equal metrics the last one counts."""
    usable = [card for card in cards if card.get("floor") is not None and card.get("better") in ("lower", "higher")]
    last = max((card["step"] for card in usable), default=0)
    return list({card["metric"]: card for card in usable if card["step"] == last}.values())


def far(cards: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The cards far from their real-data reference; empty if too few are."""
    found = [card for card in cards if _is_far(card)]
    return found if len(found) >= MOST * len(cards) else []


def _is_far(card: Mapping[str, Any]) -> bool:
    return card["value"] >= TIMES * card["floor"] if card["better"] == "lower" else card["value"] < SHARE * card["floor"]


def evidence(cards: Sequence[Mapping[str, Any]]) -> str:
    """What is far, in one sentence."""
    listed = ", ".join(f"{card.get('label', card['metric'])} {card['value']:.3g} (real data {card['floor']:.3g})" for card in cards)
    return f"At step {cards[0]['step']:,} the scores are far from real data: {listed}."


def cause(keys: Mapping[str, Any], kind: str, step: int) -> Cause:
    """The likely cause of scores far from real data: learning rates, their balance, too few steps; else smaller steps."""
    rates = {player: keys[name] for player in PLAYERS if isinstance(keys.get(name := f"optimizer.{player}.lr"), int | float)}
    adam = {player: rate for player, rate in rates.items() if keys.get(f"optimizer.{player}.name", "adam") == "adam"}
    usual = USUAL.get(kind, USUAL["image"])
    for name, wrong in (
        ("learning rate too high", [player for player, rate in adam.items() if rate > HIGH]),
        ("learning rate too low", [player for player, rate in adam.items() if rate < LOW]),
    ):
        if wrong:
            said = " and ".join(f"the {player}'s is {rates[player]:g}" for player in wrong)
            both = len(wrong) == len(PLAYERS)
            change = ("lr=" + f"{usual:g}",) if both else tuple(f"optimizer.{player}.lr={usual:g}" for player in wrong)
            return Cause(name, f"Likely cause: {name}: {said}, and Adam usually trains a GAN between {LOW:g} and {HIGH:g}.", change)
    if len(rates) == len(PLAYERS) and max(rates.values()) >= IMBALANCE * min(rates.values()) > 0:
        slow, fast = sorted(rates, key=lambda player: rates[player])
        said = f"the {fast}'s learning rate is {rates[fast]:g}, the {slow}'s {rates[slow]:g}"
        return Cause("imbalance", f"Likely cause: imbalance between the players: {said}.", (f"optimizer.{slow}.lr={rates[fast]:g}",))
    if step < FEW:
        more = max(FEW, 4 * step)
        return Cause("too few steps", f"Likely cause: too few steps: it has trained for {step:,}.", ("--steps", str(more)))
    if not rates:
        return Cause("too few steps", f"Likely cause: too few steps: {step:,}.", ("--steps", str(2 * step)))
    lower = tuple(f"optimizer.{player}.lr={rate / 5:g}" for player, rate in rates.items())
    unregularised = "" if any(key.startswith("penalty") for key in keys) else " No regularizer holds the discriminator back."
    return Cause("unstable", f"Likely cause: steps too large to settle.{unregularised}", lower)
