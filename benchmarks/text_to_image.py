"""Measure what runs of text-to-image draw for held-out captions: benchmarks/results/text-to-image.json.

usage: for seed in 0 1 2; do gannet train captioned-digits --seed $seed --out t2i/$seed; done
       python benchmarks/text_to_image.py t2i/0 t2i/1 t2i/2

A run may be given as RUN@STEP. Runs of other data are refused by the metric.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import gannet
from gannet.runs.command_line import train_command

OUT = Path(__file__).parent / "results" / "text-to-image.json"


def row(path: str) -> dict[str, Any]:
    """The score card of one run, and the command that trains it."""
    run = gannet.load(path)
    [card], _ = run.measure(["caption_accuracy"])
    seconds = [event.seconds for event in run.run.events() if event.kind == "terms" and event.step <= run.step]
    return {
        "command": train_command(run.run.record, run.step),
        "seed": run.plan.settings.seed,
        "step": run.step,
        "caption_accuracy": card.value,
        "ci95": card.ci95,
        "real data": card.reference,
        "parts": dict(card.parts),
        "n_fake": card.n_fake,
        "training_seconds": max((time for time in seconds if time is not None), default=None),
        "fingerprint": card.fingerprint,
    }


if __name__ == "__main__":
    rows = [row(path) for path in sys.argv[1:]]
    if not rows:
        raise SystemExit(__doc__)
    OUT.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    for found in rows:
        print(found["seed"], found["step"], found["caption_accuracy"], found["parts"])
