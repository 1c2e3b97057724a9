"""What to do about the warnings that training records."""

from __future__ import annotations

REMEDIES = {
    "Checkpoint not written": "Free space on the disk of {run}, or allow writing there; then `gannet resume {run}`.",
    "Slow motion not written": "Free space on the disk of {run}, or allow writing there; then record it again.",
    "Not measured": "`gannet measure {run}` measures the newest checkpoint.",
    "Resumed with": "Weights may differ in their last digits from those of one session; keep machine and libraries "
    "for an exact run.",
    "Health is watched without": "Make the held-out data readable and `gannet resume {run}`; memorisation is then "
    "checked against them.",
}
"""Beginnings of the warnings that training records -> what to do."""


def remedy(run: str, text: str) -> str:
    """What to do about a recorded warning of the run at path ``run``."""
    found = next(
        (remedy for beginning, remedy in REMEDIES.items() if text.startswith(beginning)),
        "`gannet resume {run}` tries again.",
    )
    return found.format(run=run)
