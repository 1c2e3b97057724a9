"""The model card next to an exported network."""

from __future__ import annotations

import shlex
from pathlib import Path

from gannet.errors import in_shell
from gannet.export.parts import Part
from gannet.export.scripts import NEEDS
from gannet.runs.command_line import train_command
from gannet.runs.rounding import written
from gannet.sessions.trained_run import TrainedRun


def about(run: TrainedRun, part: Part) -> dict[str, str]:
    """What the file says of itself in its header."""
    record = run.run.record
    facts = {
        "made_by": f"gannet-gan {record.environment.get('gannet', '')}".strip(),
        "part": part.name,
        "recipe": Path(record.recipe).name,
        "data": record.data.name,
        "data_hash": record.data.content_hash,
        "step": str(run.step),
        "seed": str(record.settings.get("seed", "")),
        "weights": run.weights,
    }
    # Names that are not UTF-8 become escapes.
    return {name: text.encode(errors="backslashreplace").decode() for name, text in facts.items()}


def card_of(run: TrainedRun, part: Part, file: str, kind: str, difference: float) -> str:
    """The text of README.md: what the network is, its inputs and outputs, its scores and its limits."""
    record, facts = run.run.record, about(run, part)
    weights = "exponential moving average of the parameters" if run.weights == "ema" else "parameters as trained"
    rows = [(given.name, given.meaning) for given in part.inputs]
    checked = (
        "The file holds exactly the tensors of the run."
        if kind == "safetensors"
        else f"Its outputs differ from PyTorch's by at most {difference:.2g} on 64 samples."
    )
    lines = [
        f"# {part.name.capitalize()} of {run.run.name}",
        "",
        f"Trained with Gannet by the recipe `{facts['recipe']}` on "
        f"`{facts['data']}`, step {run.step:,}, seed {facts['seed']}; {weights}. {checked}",
        "",
        f"`python load.py` runs `{file}` without Gannet; it needs {NEEDS[kind]}.",
        "",
        "| | name | what |",
        "|---|---|---|",
        *(f"| input | `{name}` | {meaning} |" for name, meaning in rows),
        f"| output | `{part.output}` | {part.meaning} |",
        "",
        "The batch size N is free." if kind != "safetensors" else "This format holds tensors and no code.",
        "",
        "## Data and training",
        "",
        f"- content hash of the data: `{facts['data_hash']}`",
        "- trained by:",
        "",
        "```",
        _without_folders(train_command(record, run.step)),
        "```",
        "",
        "## Scores",
        "",
        *_scores(run),
        "",
        *_limits(run),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _without_folders(command: str) -> str:
    """The command with the last part of every absolute path: a card is shared, and folders name a person's machine."""
    words = []
    for word in shlex.split(command):
        key, sign, text = word.partition("=") if "=" in word else ("", "", word)
        words.append(f"{key}{sign}{Path(text).name if Path(text).is_absolute() else text}")
    return in_shell(*words)


def _scores(run: TrainedRun) -> list[str]:
    cards = {card.label: card for card in run.run.scores() if (card.step, card.weights) == (run.step, run.weights)}
    if not cards and (few := run.run.record.data.num_samples) is not None:
        return [f"Step {run.step:,} was not measured: {few} samples are too few."]
    if not cards:
        return [f"Step {run.step:,} was not measured; `gannet measure` writes score cards."]
    rows = [
        f"| {card.label} | {written(card.value, card.n_fake)} | "
        f"{'' if card.reference is None else written(card.reference, card.n_fake)} | {card.n_fake:,} | "
        f"`{card.fingerprint}` |"
        for card in cards.values()
    ]
    return ["| metric | value | real data | samples | fingerprint |", "|---|---|---|---|---|", *rows]


def _limits(run: TrainedRun) -> list[str]:
    alarms = dict.fromkeys(event.text for event in run.run.events() if event.severity == "alarm")
    found = [*run.game.limitations(), *alarms]
    return ["## Limits", "", *(f"- {sentence}" for sentence in found)] if found else []
