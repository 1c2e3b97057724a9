"""What a notebook shows of a run, a comparison and an animation: plain HTML without scripts."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from html import escape
from pathlib import Path

from gannet.errors import in_shell
from gannet.reports.run_figures import thumbnail
from gannet.runs.reader import Run
from gannet.runs.records import ScoreCard
from gannet.runs.score_cards import cards_html
from gannet.runs.state import state_of

MOST_BYTES = 8_000_000
"""A larger animation is linked instead of shown."""
KINDS = {".gif": "image/gif", ".webp": "image/webp", ".png": "image/png", ".mp4": "video/mp4"}


class Animation(type(Path())):
    """The path of an animation, which a notebook shows."""

    def _repr_html_(self) -> str:
        return file_html(self)


def run_html(run: Run, cards: Iterable[ScoreCard] = ()) -> str:
    """State, newest samples, score cards, and where to look further.

    Args:
        run: the run.
        cards: its newest score cards.
    """
    record, state = run.record, state_of(run.path, run.events())
    alarms = [event for event in run.events() if event.severity == "alarm"]
    planned = state.planned(record)
    steps = "" if planned is None else f" of {planned:,}"
    facts = [f"seed {record.settings.get('seed', '?')}", f"step {state.step:,}{steps}", str(state)]
    number = "1 alarm:" if len(alarms) == 1 else f"{len(alarms)} alarms, the last one"
    facts += [f"{number} {alarms[-1].rule}"] if alarms else []
    shown = thumbnail(run, state.step)
    samples = "" if shown is None else f"<div>{_embedded(shown[1], 'image/png', 'newest samples')}</div>"
    links = [f'<a href="{escape(run.path.as_posix())}">{escape(str(run.path))}</a>']
    page = run.path / "report.html"
    links += [f'<a href="{escape(page.as_posix())}">report</a>'] if page.is_file() else []
    links += [f"live view: <code>{escape(in_shell('gannet', 'watch', run.path))}</code>"]
    cards = list(cards)
    return (
        f"<div><strong>{escape(record.method)} on {escape(record.data.name)}</strong> · {escape(' · '.join(facts))}"
        f"{samples}<div>{' · '.join(links)}</div>{cards_html(cards) if cards else ''}</div>"
    )


def file_html(path: Path) -> str:
    """An image or a video, embedded if it is not too large."""
    kind = KINDS.get(path.suffix, "")
    if not path.is_file() or not kind or path.stat().st_size > MOST_BYTES:
        return f'<a href="{escape(path.as_posix())}">{escape(str(path))}</a>'
    return _embedded(path.read_bytes(), kind, path.name)


def _embedded(content: bytes, kind: str, name: str) -> str:
    source = f"data:{kind};base64,{b64encode(content).decode()}"
    if kind.startswith("video/"):
        return f'<video controls loop muted src="{source}"></video>'
    return f'<img alt="{escape(name)}" src="{source}">'
