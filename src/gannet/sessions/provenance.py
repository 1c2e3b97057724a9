"""What decided the parameters of a checkpoint. A resume compares it with the run, so that a change of run.json, of the
recipe file or of the journal never continues silently as another run.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from gannet.config.build import gannet_version
from gannet.config.plan import Plan
from gannet.discovery import is_outside
from gannet.errors import UserError, in_shell
from gannet.live.control import journal_of
from gannet.runs.comparable import differing
from gannet.runs.journal import damaged_commands
from gannet.runs.reader import Run
from gannet.runs.records import Event, RunRecord
from gannet.runs.schema import CHECKPOINTS_FOLDER, EVENTS_FILE, ORIGIN_FOLDER, RECIPE_FILE, RUN_FILE
from gannet.training import checkpoint

DECIDING = ("seed", "precision")
"""Settings that decide the parameters. Others only decide what is recorded; the environment records the device."""


def provenance(plan: Plan, record: RunRecord, commands: Iterable[Event], step: int) -> dict[str, JsonValue]:
    """What decided the parameters after ``step`` steps, for a checkpoint.

    Args:
        plan: the plan of the session.
        record: the content of run.json.
        commands: the commands of the run so far.
        step: steps taken.
    """
    return {
        "gannet": gannet_version(),
        "keys": keys_of(record),
        "code": {name: _hash(text) for name, text in _code(plan).items()},
        "journal": _hash_of_journal(commands, step),
    }


def keys_of(record: RunRecord) -> dict[str, JsonValue]:
    """The values of run.json that decide the parameters, by key. The path of the data is left out: their content
    counts.
    """
    data = {f"data.{key}": value for key, value in record.data.arguments.items() if key != "path"}
    recipe = "a recipe file" if record.recipe.endswith(".py") else record.recipe
    keys = {
        "recipe": recipe,
        **record.arguments,
        "data": record.data.source,
        **data,
        "data (content hash)": record.data.content_hash,
        "data (form)": record.data.form,
        **{key: record.settings.get(key) for key in DECIDING},
        "init (sha256)": None if record.init is None else record.init.sha256,
    }
    return json.loads(json.dumps(keys))


def require_same_code_and_journal(path: Path, plan: Plan, chosen: Path | None) -> list[str]:
    """Check that the code and the live edits of a run are still those that its checkpoint was trained with.

    Args:
        path: the run directory.
        plan: the plan of the session that is about to continue.
        chosen: a valid checkpoint of the run; None if it starts again.

    Returns:
        Sentences about differences that do not prevent a resume.

    Raises:
        UserError: the user's code or the journal has changed since the checkpoint was written.
    """
    require_whole_journal(path)
    if chosen is None or (path / ORIGIN_FOLDER / chosen.name).is_dir():
        return []  # the parent of a fork wrote it
    then = checkpoint.provenance_of(chosen)
    if then is None:
        return [
            f"{chosen.name} was written by an earlier version of Gannet: it does not record what decided its "
            f"parameters, so changes of {RUN_FILE}, of the recipe or of the journal cannot be noticed."
        ]
    notes = []
    code, now = _texts(then.get("code")), _code(plan)
    for name in sorted(code.keys() | now.keys()):
        if code.get(name) == _hash(now.get(name)):
            continue
        if name == "recipe" and not plan.recipe_name.endswith(".py"):
            notes.append(f"The source of the recipe {plan.recipe_name} has changed since {chosen.name} was written")
            continue
        what = f"The recipe file {plan.recipe_name}" if name == "recipe" else f"The source of {name}"
        kept = f" ({path / RECIPE_FILE} holds the text that trained this run)" if name == "recipe" else ""
        raise UserError(
            f"{what} has changed since {chosen.name} of {path} was written. Restore it{kept}, or continue as another "
            f"run: {_fork(path, chosen, *(['--recipe', plan.recipe_name] if name == 'recipe' else []))}."
        )
    if then.get("journal") != _hash_of_journal(_commands(path), int(chosen.name.removeprefix("step-"))):
        raise UserError(
            f"{path / EVENTS_FILE}: the journal of live edits differs from the one that trained {chosen.name}: an edit "
            f"is missing, added or changed. Restore the file from a copy of the run, or train a new run."
        )
    if then.get("gannet") != gannet_version():
        notes.append(f"{chosen.name} was written by Gannet {then.get('gannet')}, and this is {gannet_version()}")
    return [f"This resume may not be bitwise exact: {note}." for note in notes]


def require_same_keys(path: Path, record: RunRecord, chosen: Path) -> None:
    """Check that run.json holds the values that the checkpoint was trained with.

    Raises:
        UserError: it differs; names every key with both values.
    """
    if changed := changed_keys(path, record, chosen):
        raise UserError(
            f"{path / RUN_FILE} has changed since {chosen.name} was written: {changed}. Restore these values; "
            f"{_fork(path, chosen, 'KEY=VALUE')} trains on with others."
        )


def changed_keys(path: Path, record: RunRecord, chosen: Path) -> str:
    """The keys of run.json whose values differ from those that the checkpoint was trained with; empty if none does."""
    then = checkpoint.provenance_of(chosen)
    if then is None or (path / ORIGIN_FOLDER / chosen.name).is_dir():
        return ""
    fields = differing(_texts(then.get("keys")), keys_of(record))
    return ", ".join(f"{name} was {_short(old)} and is {_short(new)}" for name, (old, new) in fields.items())


def require_unchanged(run: Run) -> None:
    """As :func:`require_same_keys` and :func:`require_whole_journal`, with the newest valid checkpoint, if any."""
    require_whole_journal(run.path)
    valid = (p for p in checkpoint.newest_first(run.path / CHECKPOINTS_FOLDER) if not checkpoint.problems(p))
    if (newest := next(valid, None)) is not None:
        require_same_keys(run.path, run.record, newest)


def require_whole_journal(path: Path) -> None:
    """Check the commands recorded in events.jsonl.

    Raises:
        UserError: a command is damaged.
    """
    if lines := damaged_commands(path):
        raise UserError(
            f"{path / EVENTS_FILE} is damaged: line {', '.join(map(str, lines))} holds a command that cannot be read "
            f"or has been changed, so the live edits cannot be repeated. Restore the file from a copy of the run."
        )


def _fork(path: Path, chosen: Path, *words: str) -> str:
    return in_shell("gannet", "train", f"{path}@{int(chosen.name.removeprefix('step-'))}", *words)


def _commands(path: Path) -> list[Event]:
    return [event for event in Run(path).events() if event.kind == "command"]


def _hash_of_journal(commands: Iterable[Event], step: int) -> str:
    """Of the live edits and single-player moves before ``step``: those that decided its parameters."""
    entries = [[event.step, event.name, event.arguments] for event in journal_of(commands) if event.step < step]
    return _hash(json.dumps(entries, sort_keys=True))


def _code(plan: Plan) -> dict[str, str]:
    """The text of the recipe's file, and of the files of user-supplied components."""
    outside = {key: value for key, value in plan.values["recipe"].items() if is_outside(value)}
    texts = {"recipe": plan.recipe.source()}
    for key, value in outside.items():
        component = plan.arguments.get(key)
        file = None if component is None else inspect.getsourcefile(type(component))
        if file is not None:
            texts[f"{key}={value}"] = Path(file).read_text(encoding="utf-8")
    return texts


def _texts(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _hash(text: str | None) -> str:
    return "" if text is None else sha256(text.encode()).hexdigest()


def _short(value: object) -> str:
    text = json.dumps(value) if not isinstance(value, str) else value
    return text if len(text) <= 40 else f"{text[:37]}..."
