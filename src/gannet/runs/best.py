"""The best checkpoint of a run by the FD measured while it trained: what ``RUN@best`` names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from math import isfinite

from gannet.runs.comparable import way_of
from gannet.runs.records import ScoreCard

BEST = "best"
"""What follows the @ of ``RUN@best``."""
METRIC = "fd"
"""The metric that ranks checkpoints; with brackets if the extractor was named."""


def best_card(cards: Iterable[ScoreCard], is_there: Callable[[int], bool] = lambda step: True) -> ScoreCard | None:
    """The card of the lowest FD; None if no FD was measured.

    Only values that were measured in the same way are compared: in the way with the most steps, which is that of the
    measurements during training. Of equal values, the earliest step counts.

    Args:
        cards: of one run.
        is_there: whether a step can be chosen, such as whether its checkpoint exists.
    """
    series: dict[tuple[object, ...], dict[int, ScoreCard]] = defaultdict(dict)
    for card in cards:
        if card.metric.partition("[")[0] == METRIC and card.weights == "ema" and isfinite(card.value):
            series[way_of(card)][card.step] = card
    longest = max(series.values(), key=len, default={})
    return min(
        (card for step, card in longest.items() if is_there(step)),
        key=lambda card: (card.value, card.step),
        default=None,
    )
