"""Runs that exist as the rows of a score table: the runs that differ only in their seed are one row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import JsonValue

from gannet.errors import UserError, in_shell
from gannet.reports.comparison import is_comparison
from gannet.reports.score_table import Method, ScoreTable, score_table
from gannet.runs.reader import Run, parse_run
from gannet.runs.records import ScoreCard
from gannet.runs.schema import RUN_FILE


def table_of_runs(paths: Sequence[str], metrics: Sequence[str] | None = None) -> ScoreTable:
    """The newest score cards of runs; those of ``RUN@STEP`` at that step.

    Args:
        paths: ``RUN``, ``RUN@STEP``, or the folder of a comparison, which stands for its runs.
        metrics: names of metrics to show; all if None.

    Raises:
        UserError: a run that was not measured or is given twice, runs on different data, or cards that were measured in
        different ways.
    """
    found = [_measured(path, metrics) for given in paths for path in _runs(given)]
    _same_data(found)
    groups: dict[str, list[_Measured]] = {}
    for run in found:
        groups.setdefault(json.dumps(run.what, sort_keys=True), []).append(run)
    names = _names([group[0] for group in groups.values()])
    methods = [_method(group, name, keys) for group, (name, keys) in zip(groups.values(), names, strict=True)]
    return score_table(methods, f"Scores on {found[0].run.record.data.name}.", metrics, notes=_edited(found))


def _runs(text: str) -> list[str]:
    folder, _ = parse_run(text)
    if Run.is_at(folder) or not is_comparison(folder):
        return [text]
    return [str(record.parent) for record in sorted(folder.rglob(RUN_FILE))]


class _Measured:
    """A run and the cards that stand in the table."""

    def __init__(self, text: str, run: Run, step: int, cards: Sequence[ScoreCard]) -> None:
        self.text, self.run, self.step, self.cards = text, run, step, cards
        record = run.record
        settings = {key: value for key, value in record.settings.items() if key in ("device", "precision")}
        seed = record.settings.get("seed")
        self.seed = seed if isinstance(seed, int) else 0
        self.keys: dict[str, JsonValue] = {**record.arguments, **settings, "step": step}
        self.keys.pop("steps", None)  # the step that was measured says it
        self.what = [record.recipe, self.keys, record.parent is not None]


def _measured(text: str, metrics: Sequence[str] | None) -> _Measured:
    path, step = parse_run(text)
    cards = [card for card in Run(path).scores() if metrics is None or card.metric in metrics]
    if step is not None:
        cards = [card for card in cards if card.step == step]
    if not cards:
        named = f" of {', '.join(metrics)}" if metrics else ""
        raise UserError(f"{text} has no score cards{named}: measure it with {in_shell('gannet', 'measure', text)}.")
    last = cards[-1].step
    newest = {card.metric: card for card in cards if card.step == last}
    return _Measured(text, Run(path), last, list(newest.values()))


def _same_data(found: Sequence[_Measured]) -> None:
    first = found[0]
    for other in found[1:]:
        if other.run.record.data.content_hash != first.run.record.data.content_hash:
            raise UserError(
                f"{first.text} and {other.text} were trained on different data ({first.run.record.data.name}, "
                f"{other.run.record.data.name}), so their scores cannot stand in one table. Give runs on the same "
                f"data."
            )


def _names(firsts: Sequence[_Measured]) -> list[tuple[str, dict[str, str]]]:
    """The recipe of each row; of rows with the same recipe, also the keys in which they differ."""
    named = []
    for run in firsts:
        recipe = Path(run.run.record.recipe).stem
        rivals = [other for other in firsts if other.run.record.recipe == run.run.record.recipe]
        differ = [
            key for key in run.keys if len({json.dumps(other.keys.get(key), sort_keys=True) for other in rivals}) > 1
        ]
        keys = {key: str(run.keys[key]) for key in differ}
        name = " ".join([recipe, *(f"{key}={value}" for key, value in keys.items())])
        named.append((f"{name} ({run.run.path.name})" if run.what[2] else name, keys))
    return named


def _method(group: Sequence[_Measured], name: str, keys: dict[str, str]) -> Method:
    seeds = [run.seed for run in group]
    for run in group:
        same = [other.text for other in group if other.seed == run.seed]
        if len(same) > 1:
            raise UserError(f"{' and '.join(same)} are the same recipe, keys and seed {run.seed}. Give one of them.")
    return Method(name, tuple(seeds), tuple(run.cards for run in group), keys)


def _edited(found: Sequence[_Measured]) -> list[str]:
    edited = [
        run.text
        for run in found
        if any(e.kind == "command" and e.outcome == "applied" and e.name in ("set", "step") for e in run.run.events())
    ]
    return [f"Edited while training: {', '.join(edited)}."] if edited else []
