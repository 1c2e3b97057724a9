"""The verdict of `gannet doctor` as a section of the report, with the samples that show it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from gannet.reports.run_figures import thumbnail
from gannet.runs.reader import Run


@dataclass(frozen=True)
class Symptom:
    """One thing that was found."""

    name: str
    severity: str
    text: str
    step: int
    """Where it was seen first."""


@dataclass(frozen=True)
class Verdict:
    """What `gannet doctor` says of a run."""

    word: str
    """``learned``, ``collapsed`` and so on."""
    meaning: str
    symptoms: Sequence[Symptom] = ()
    advice: str = ""
    """What to change; empty if nothing."""
    command: str = ""
    """Trains with the change; empty if no command does."""


def verdict_section(run: Run, verdict: Verdict) -> str:
    """HTML: the verdict, each symptom with the samples recorded nearest to its first step, and the newest samples."""
    seen = {symptom.step: symptom.name for symptom in reversed(verdict.symptoms)}
    frames = run.frames()
    last = frames[-1][0] if frames else 0
    shown = [(step, name) for step, name in sorted(seen.items()) if 0 < step < last]
    tiles = "".join(_tile(run, step, name) for step, name in [*shown, (last, "now")])
    rows = "".join(
        f"<li><strong>{escape(symptom.name)}</strong> ({escape(symptom.severity)}, from step {symptom.step:,}): "
        f"{escape(symptom.text)}</li>"
        for symptom in verdict.symptoms
    )
    command = f" <code>{escape(verdict.command)}</code>" if verdict.command else ""
    advice = f"<p>{escape(verdict.advice)}{command}</p>" if verdict.advice else ""
    return (
        f"<section><h2>Verdict: {escape(verdict.word)}</h2><p>{escape(verdict.meaning)}</p>"
        f'<ul class="warned">{rows}</ul>{advice}<div class="moments">{tiles}</div></section>'
    )


def _tile(run: Run, step: int, name: str) -> str:
    shown = thumbnail(run, step)
    if shown is None:
        return ""
    at, png = shown
    words = escape(f"{name}, step {at:,}")
    return (
        f'<figure><img alt="Samples: {words}" src="data:image/png;base64,{b64encode(png).decode()}">'
        f"<figcaption>{words}</figcaption></figure>"
    )
