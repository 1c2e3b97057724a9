"""A report of a run as one HTML file: one small script, no network, light and dark, wide and narrow."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from io import BytesIO
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from gannet.errors import UserError
from gannet.files import written_whole
from gannet.reports.pictures import animate, choose, frame_captions
from gannet.reports.player import POLICY, SCRIPT, frames_of, player, tile
from gannet.reports.run_figures import plan_figure
from gannet.reports.stacked_table import table_of
from gannet.reports.style import STYLE
from gannet.reports.verdict import Verdict, verdict_section
from gannet.runs.command_line import train_command
from gannet.runs.comparable import by_protocol, flat
from gannet.runs.reader import Run
from gannet.runs.records import Event, ScoreCard
from gannet.runs.state import state_of

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["animate", "report"]

MOMENTS = 12
LISTED_EVENTS = 200
LISTED = ("start", "resume", "warning", "stop", "finish")
"""Kinds of event that the report lists; the others are drawn."""


def report(run: Run, path: str | Path, verdict: Verdict | None = None) -> int:
    """Write a run's report: command, score cards, frames, curves and events. The same run gives the same bytes.

    Args:
        run: the run to report.
        path: the HTML file, written completely or not at all.
        verdict: of `gannet doctor`; left out if None.

    Returns:
        Number of bytes written.

    Raises:
        UserError: the report cannot be written.
    """
    path = Path(path)
    page = _page(run, _sections(run, verdict))
    with written_whole(path) as file:
        file.write(page.encode(errors="replace"))  # names need not be UTF-8
    return path.stat().st_size


def _sections(run: Run, verdict: Verdict | None) -> list[str]:
    events = run.events()
    return [
        _header(run, events),
        "" if verdict is None else verdict_section(run, verdict),
        _pictures(run),
        _scores(run.scores(), run.record.data.num_samples),
        _plan(run),
        _curves(run, events),
        _health(events),
        _how(run, events),
        _events(events),
    ]


def _header(run: Run, events: list[Event]) -> str:
    record = run.record
    # A report up to a step shows what was recorded by then; how the run stands is a fact of the whole run.
    state = state_of(run.path, Run(run.path).events())
    warned = sum(event.kind == "warning" or event.severity == "warning" for event in events)
    alarms = sum(event.severity == "alarm" for event in events)
    seconds = max((event.seconds for event in events if event.seconds is not None), default=None)
    facts = {
        "Data": record.data.name,
        "Recipe": Path(record.recipe).name,
        "Steps": f"{state_of(run.path, events).step:,}",
        "Seed": record.settings.get("seed", "?"),
        "Training time": "?" if seconds is None else _duration(seconds),
        "State": str(state),
        "Alarms in training": alarms,
        "Warnings in training": warned,
    }
    if run.label.description:
        facts = {"Description": run.label.description, **facts}
    cells = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(str(value))}</dd></div>" for name, value in facts.items())
    return (
        f'<header><p class="kicker">Gannet training report</p><h1>{escape(run.label.title or run.name)}</h1>'
        f'<dl class="facts">{cells}</dl></header>'
    )


def _pictures(run: Run) -> str:
    if not run.frames():
        return _section("What it makes", '<p class="none">No frames were recorded.</p>')
    frames = frames_of(run)
    if not frames:
        return _section("What it makes", '<p class="none">No frame can be read.</p>')
    tiles = (
        [tile(index, *frames[index]) for index in choose([step for step, _ in frames], MOMENTS)]
        if len(frames) > 1
        else []
    )
    note = '<p class="note">Early frames are closer together, because most changes happen early.</p>' if tiles else ""
    return _section(
        "What it makes",
        f'<div class="pair"><div>{_columns(run)}{player(frames)}</div><div>{note}<div '
        f'class="sheet">{"".join(tiles)}</div></div></div>',
    )


def _columns(run: Run) -> str:
    """What the columns of the frames show, for example inputs, outputs and targets; frames have no headings."""
    names = [] if frame_captions(run) else run.record.columns
    if not names:
        return ""
    different = list(dict.fromkeys(names))
    again = ", and again" if len(different) < len(names) else ""
    return f'<p class="note">Columns from the left: {escape(", ".join(different))}{again}.</p>'


def _plan(run: Run) -> str:
    """The earth mover's plan of a run of points."""
    if run.kind != "points":
        return ""
    try:
        figure = plan_figure(run)
    except UserError:
        return ""
    content = BytesIO()
    figure.savefig(content, format="png", dpi=140)
    note = (
        '<p class="note">The cheapest way to move the generated points onto the real ones. Long lines lead to places '
        "that the generator misses; W1 is their mean length.</p>"
    )
    source = f"data:image/png;base64,{b64encode(content.getvalue()).decode()}"
    picture = f'<div class="scroll"><picture><img src="{source}" alt="Earth mover\'s plan"></picture></div>'
    return _section("What is still to be moved", note + picture)


def _curves(run: Run, events: list[Event]) -> str:
    from gannet.figures.curves import draw_curves

    terms = run.terms()
    if not terms:
        return _section("Curves", '<p class="none">No terms were recorded.</p>')
    marks = [event.step for event in events if event.kind == "health"]
    light, dark = (_png(draw_curves(terms, dark=dark, marks=marks)) for dark in (False, True))
    picture = (
        f'<picture><source srcset="{dark}" media="(prefers-color-scheme: dark)">'
        f'<img src="{light}" alt="Curves of {escape(", ".join(sorted(terms)))}"></picture>'
    )
    rows = [
        [name, f"{steps[-1]:,}", _number(values[0]), _number(values[-1]), _number(values.min()), _number(values.max())]
        for name, (steps, values) in sorted(terms.items())
    ]
    table = _table(["term", "last step", "first", "last", "lowest", "highest"], rows, words=1)
    note = '<p class="note">In long series, the line is the mean and the band shows minimum and maximum.'
    note += " Dashed lines mark health findings, see Health.</p>" if marks else "</p>"
    return _section(
        "Curves",
        f'{note}<div class="scroll">{picture}</div><details><summary>The same as a table</summary>{table}</details>',
    )


def _scores(cards: list[ScoreCard], too_few: int | None) -> str:
    if not cards and too_few is not None:
        text = f"Nothing was measured: the data have {too_few} samples, which are too few."
        return _section("Scores", f'<p class="none">{text}</p>')
    if not cards:
        return _section(
            "Scores", '<p class="none">Nothing was measured. <code>gannet measure RUN</code> writes score cards.</p>'
        )
    note = (
        '<p class="note">The real-data reference is the same metric between two halves of the real data. It is one '
        "random draw, so generated samples can get a better value. Compare only values with equal fingerprints.</p>"
    )
    newest, unlike, sentences = by_protocol(cards)
    parts = [note, _card_table(newest)]
    if unlike:
        parts += [
            "<h3>Other protocols: not comparable with the values above</h3>",
            _listed(sentences),
            _card_table(unlike),
        ]
    ways: dict[str, list[str]] = {}
    for card in newest:
        if card.interval:
            ways.setdefault(card.interval, []).append(card.label)
    intervals = [f"95 % interval of {', '.join(dict.fromkeys(labels))}: {way}." for way, labels in ways.items()]
    parts += [f'<p class="note">{escape(sentence)}</p>' for sentence in intervals]
    warned: dict[str, list[str]] = {}
    for card in cards:
        for text in card.warnings:
            warned.setdefault(text, []).append(card.label)
    sentences = [f"{', '.join(dict.fromkeys(labels))}: {text}" for text, labels in warned.items()]
    return _section("Scores", "".join([*parts, _listed(sentences)]))


def _card_table(cards: Sequence[ScoreCard]) -> str:
    held_out = ["held-out data"] if any(card.held_out is not None for card in cards) else []
    rows = [
        [
            card.label,
            {"lower": "lower", "higher": "higher", "one": "1", "real": "as real data"}.get(card.better, ""),
            f"{card.step:,}",
            _number(card.value),
            " to ".join(map(_number, card.ci95)) if card.ci95 else "",
            _number(card.reference),
            *([_number(card.held_out)] if held_out else []),
            f"{card.n_real:,} / {card.n_fake:,}",
            f"{card.fingerprint} {card.weights}",
        ]
        for card in cards
    ]
    head = [
        "metric",
        "better",
        "step",
        "value",
        "95 % interval",
        "reference",
        *held_out,
        "n real / generated",
        "fingerprint, weights",
    ]
    return _table(head, rows, words=2)


def _listed(sentences: list[str]) -> str:
    return f'<ul class="warned">{"".join(f"<li>{escape(text)}</li>" for text in sentences)}</ul>' if sentences else ""


def _health(events: list[Event]) -> str:
    if not any(event.kind in ("vitals", "health") for event in events):
        return ""
    found = [event for event in events if event.kind == "health"]
    if not found:
        checks = sum(event.kind == "vitals" for event in events)
        return _section("Health", f'<p class="none">No findings in {checks:,} health checks.</p>')
    rows = [[f"{event.step:,}", event.severity or "", event.rule, event.text] for event in found[-LISTED_EVENTS:]]
    note = (
        '<p class="note">Findings during training; <code>gannet doctor RUN</code> says which of them lasted and '
        "what to try.</p>"
    )
    return _section("Health", note + _table(["step", "severity", "rule", "finding"], rows, words=4))


def _how(run: Run, events: list[Event]) -> str:
    record = run.record
    last = max((event.step for event in events if event.kind in ("stop", "finish", "checkpoint")), default=0)
    finished = any(event.kind == "finish" and event.step == last for event in events)
    edits = sum(
        event.kind == "command" and event.outcome == "applied" and event.name in ("set", "step") for event in events
    )
    note = (
        ""
        if not edits
        else (
            '<p class="note">Commands were applied during training, which this line does not repeat; '
            "<code>gannet train RUN</code> with the path of this run does.</p>"
        )
    )
    parts = [f'<pre class="command"><code>{escape(train_command(record, last, finished=finished))}</code></pre>{note}']
    for title, values in (
        ("Arguments", record.arguments),
        ("Data", record.data.as_json()),
        ("Settings", record.settings),
        ("Environment", record.environment),
    ):
        rows = [[name, "none" if value is None else value] for name, value in flat(values)]
        parts.append(f"<div><h3>{title}</h3>{_table([], rows, words=2)}</div>" if rows else "")
    return _section("How it was run", f'{parts[0]}<div class="columns">{"".join(parts[1:])}</div>')


def _events(events: list[Event]) -> str:
    drawn = ("frame", "scores", "health")
    listed = [event for event in events if event.kind in LISTED or (event.text and event.kind not in drawn)]
    rows = [[f"{event.step:,}", event.kind, event.text] for event in listed[-LISTED_EVENTS:]]
    note = f'<p class="note">The last {LISTED_EVENTS} of {len(listed):,}.</p>' if len(listed) > LISTED_EVENTS else ""
    body = _table(["step", "event", "text"], rows, words=3) if rows else '<p class="none">None.</p>'
    return _section("Warnings and events", note + body)


def _page(run: Run, sections: Iterable[str]) -> str:
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {POLICY}"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" '
        'content="light dark">\n'
        f"<title>{escape(run.name)} · Gannet</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(section for section in sections if section)
        + "\n</main>\n"
        + (f"<script>{SCRIPT}</script>\n" if run.frames() else "")
        + "</body>\n</html>\n"
    )


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _table(head: list[str], rows: Sequence[Sequence[object]], words: int) -> str:
    """A table whose first ``words`` columns contain words; the others contain numbers and are right-aligned."""
    texts = [[escape(str(value)) for value in row] for row in rows]
    return table_of([escape(name) for name in head], texts, words)


def _png(picture: Image.Image) -> str:
    content = BytesIO()
    picture.save(content, "PNG")
    return f"data:image/png;base64,{b64encode(content.getvalue()).decode()}"


def _number(value: float | None) -> str:
    return "none" if value is None or not isfinite(value) else f"{value:.4g}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s" if minutes else f"{seconds:.1f} s"
