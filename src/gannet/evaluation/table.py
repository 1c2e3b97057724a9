"""Score cards as a table for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gannet.errors import one_line
from gannet.runs.comparable import require_comparable
from gannet.runs.records import ScoreCard
from gannet.runs.rounding import written
from gannet.runs.score_cards import ARROWS

if TYPE_CHECKING:
    from rich.table import Table


def render(cards: Sequence[ScoreCard]) -> Table:
    """One row a card: label, value with its interval, real-data reference, which way is better, fingerprint; the
    warnings stand below.

    Where there are held-out samples, a column tells what they get; where a value has parts, such as classes, each has a
    row below it.

    Raises:
        UserError: cards of several runs or steps, of one metric, whose fingerprints differ.
    """
    from rich.table import Table
    from rich.text import Text

    if len({(card.run, card.step, card.weights) for card in cards}) > 1:
        require_comparable(cards)
    said = dict.fromkeys(warning for card in cards for warning in card.warnings)
    # Text, because "FD[randconv-v1]" would be read as markup.
    table = Table(caption=Text("\n".join(map(one_line, said))) if said else None, caption_justify="left")
    held_out_heading = ["held out"] if any(card.held_out is not None for card in cards) else []
    for heading in ("metric", "value", "real data", *held_out_heading, "better", "fingerprint"):
        table.add_column(heading, justify="right" if heading in ("value", "real data", "held out") else "left")
    for card in cards:
        held_out = [_written(card.held_out, card.n_fake)] if held_out_heading else []
        table.add_row(
            Text(one_line(card.label)),
            _with_interval(card),
            _written(card.reference, card.n_fake),
            *held_out,
            ARROWS[card.better],
            one_line(card.fingerprint),
        )
        for name, value in card.parts.items():
            reference = card.reference_parts.get(name)
            part = Text(one_line(f"  {name}"))
            table.add_row(part, _written(value, card.n_fake), _written(reference, card.n_fake))
    return table


def _written(value: float | None, count: int) -> str:
    return "-" if value is None else written(value, count)


def _with_interval(card: ScoreCard) -> str:
    value = written(card.value, card.n_fake)
    if card.ci95 is None:
        return value
    low, high = (written(end, card.n_fake) for end in card.ci95)
    if float(low) == float(value) == float(high):
        # 100 (100 to 100) would say that the value is certain.
        low, high = (_distinct(end, float(value)) for end in card.ci95)
    if card.ci95[0] <= card.value <= card.ci95[1] and not float(low) <= float(value) <= float(high):
        # 1.2 (1.16 to 1.19) would say that the value is outside its interval.
        value = next(t for n in range(2, 18) if float(low) <= float(t := f"{card.value:.{n}g}") <= float(high))
    return f"{value} ({low} to {high})"


def _distinct(end: float, value: float) -> str:
    """The end of an interval, with as many digits as it takes to tell it from the value as printed."""
    if float(end) == value:
        return f"{end:g}"
    return next(text for digits in range(3, 18) if float(text := f"{end:.{digits}g}") != value)
