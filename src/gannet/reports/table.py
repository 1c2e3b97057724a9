"""All recorded numbers of a run as one CSV table."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

from gannet.files import written_whole
from gannet.runs.reader import Run

COLUMNS = ("kind", "name", "step", "value", "low", "high", "reference", "n_real", "n_fake", "weights", "fingerprint")


def save_table(run: Run, path: str | Path) -> int:
    """Write every logged term and every score card as CSV: one value per row, UTF-8, empty if it is missing.

    Columns: ``kind`` (term or score), ``name``, ``step``, ``value``; of scores also the 95 % interval ``low`` and
    ``high``, ``reference``, ``n_real``, ``n_fake``, ``weights`` and the protocol's ``fingerprint``. The same run gives
    the same bytes.

    Returns:
        Number of bytes written.

    Raises:
        UserError: the file cannot be written.
    """
    content = io.StringIO()
    table = csv.writer(content, lineterminator="\n")
    table.writerow(COLUMNS)
    for name, (steps, values) in sorted(run.terms().items()):
        for step, value in zip(steps.tolist(), values.tolist(), strict=True):
            table.writerow(["term", name, step, _finite(value), *[""] * 7])
    for card in run.scores():
        low, high = (_finite(end) for end in card.ci95 or ("", ""))
        rest = [card.reference, card.n_real, card.n_fake, card.weights, card.fingerprint]
        table.writerow(["score", card.label, card.step, _finite(card.value), low, high, *rest])
    with written_whole(Path(path)) as file:
        file.write(content.getvalue().encode(errors="backslashreplace"))
    return Path(path).stat().st_size


def _finite(value: float | str) -> float | str:
    return "" if isinstance(value, float) and not math.isfinite(value) else value
