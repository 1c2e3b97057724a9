"""When to stop a training before its last step: ``--stop-when "fd<0.2"`` and ``--patience N``."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from math import isfinite, nan
from operator import gt, lt
from typing import TYPE_CHECKING

from gannet.errors import UserError
from gannet.runs.best import METRIC, best_card
from gannet.runs.comparable import way_of
from gannet.runs.rounding import written

if TYPE_CHECKING:
    from gannet.runs.records import ScoreCard

WRITTEN = re.compile(r"\s*(?P<metric>[\w.\[\]-]+?)\s*(?P<sign><|>)\s*(?P<value>[-+\w.]+)\s*")
COMPARED: dict[str, Callable[[float, float], bool]] = {"<": lt, ">": gt}


@dataclass(frozen=True)
class Goal:
    """What ends a training; it is checked after each measurement."""

    metric: str = ""
    """JSON name of a metric that is measured during training; empty if only ``patience`` is given."""
    sign: str = "<"
    value: float = 0.0
    patience: int | None = None
    """Number of measurements in a row without a lower FD."""

    def reached(self, cards: Iterable[ScoreCard]) -> str:
        """Why the training ends, as a sentence without a full stop; empty if it continues.

        Args:
            cards: of the run so far, in the order of their steps.
        """
        cards = list(cards)
        newest = next((card for card in reversed(cards) if card.metric == self.metric), None)
        if newest is not None and isfinite(newest.value) and COMPARED[self.sign](newest.value, self.value):
            value = f"{written(newest.value, newest.n_fake)} {self.sign} {self.value:g}"
            return f"{newest.label} is {value} at step {newest.step}"
        best = best_card(cards) if self.patience else None
        if best is None or self.patience is None:
            return ""
        later = {card.step for card in cards if way_of(card) == way_of(best) and card.step > best.step}
        if len(later) < self.patience:
            return ""
        return f"{best.label} has not fallen in {len(later)} measurements since step {best.step}"

    def require(self, measured: Collection[str]) -> None:
        """Check that the training measures what the goal is about.

        Args:
            measured: JSON names of metrics.

        Raises:
            UserError: it does not.
        """
        flag = "--stop-when" if self.metric else "--patience"
        if not measured:
            raise UserError(f"{flag}: nothing is measured during this training. Set measure.every=N.")
        if (name := self.metric or METRIC) not in measured:
            raise UserError(
                f"{flag}: {name} is not measured during this training. Measured: {', '.join(dict.fromkeys(measured))}."
            )


def parse_goal(stop_when: str | None, patience: int | None) -> Goal | None:
    """The goal that a user typed; None if there is none.

    Args:
        stop_when: ``METRIC<VALUE`` or ``METRIC>VALUE``.
        patience: a number of measurements.

    Raises:
        UserError: not of this form.
    """
    if patience is not None and patience < 1:
        raise UserError(f"--patience {patience}: expected a number of measurements, at least 1.")
    if stop_when is None:
        return None if patience is None else Goal(patience=patience)
    found = WRITTEN.fullmatch(stop_when)
    try:
        value = float(found["value"]) if found else nan
    except ValueError:
        value = nan
    if found is None or not isfinite(value):
        raise UserError(f"--stop-when {stop_when!r}: write METRIC<VALUE or METRIC>VALUE in quotes, such as 'fd<0.2'.")
    return Goal(found["metric"].replace("-", "_").lower(), found["sign"], value, patience)
