"""Published names, which only the published thing may carry."""

from __future__ import annotations

PUBLISHED = {
    ("FD", "inception"): "FID",
    ("KID", "inception"): "KID",
    ("is", "inception"): "IS",
    ("FD-per-class", "inception"): "intra-FID",
    ("FD-infinity", "inception"): "FID-infinity",
}
"""(formula, extractor) -> the name by which papers know the two together."""
FEWEST_SAMPLES = {"FID": 10_000}
"""Generated samples below which a name must say how many there were, for its value depends on that."""


def feature_label(formula: str, extractor: str) -> str:
    """``FID`` for the published pair, else the formula with its extractor: ``FD[randconv-v1]``."""
    return PUBLISHED.get((formula, extractor), f"{formula}[{extractor}]")


def guarded(label: str, num_fake: int) -> str:
    """The label of a value from the given number of generated samples: ``FID@5000`` below 10,000."""
    return label if num_fake >= FEWEST_SAMPLES.get(label, 0) else f"{label}@{num_fake}"
