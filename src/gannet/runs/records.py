"""The records of a run directory as typed objects: the only form in which run.json, events and score cards are read and
written.

A field that a newer version of Gannet added is kept and ignored. How damaged lines are handled: ``runs/reader.py``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import PurePath
from typing import Annotated, Literal

import numpy as np
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StrictInt,
    model_validator,
)

from gannet.runs.rounding import written
from gannet.runs.term_names import current_name, with_current_names

Kind = Literal["points", "images"]
"""What the frames of a run show."""
Severity = Literal["warning", "alarm"]
"""Of a health event: something to look at, or something that spoils the run."""
Reason = Literal["command", "signal", "time", "goal", "guard", "error"]
"""What ended a training before its last step."""
LARGEST = 2**62
"""Numbers of events and steps stay below: they are stored as 64-bit integers."""


def plain(value: object) -> JsonValue:
    """A value as JSON has it: tuples become lists, numbers of numpy become Python's, and numbers that are not finite
    None.

    Raises:
        ValueError: anything other than text, numbers, None, lists and mappings of these.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    raise ValueError(f"{type(value).__name__} is not a JSON value: {value!r}")


Values = Annotated[dict[str, JsonValue], BeforeValidator(plain)]
"""JSON values by name."""
Number = Annotated[float, BeforeValidator(lambda value: math.nan if value is None else value)]
"""A number that JSON writes as null if it is not finite; it is then read as NaN."""


class Record(BaseModel):
    """What all records share: they never change, and keep fields that this version does not know."""

    model_config = ConfigDict(frozen=True, extra="allow")

    def as_json(self) -> dict[str, JsonValue]:
        """The record as JSON values, only with fields that were given."""
        return {name: plain(value) for name, value in self.model_dump(exclude_unset=True).items()}


class Event(Record):
    """One line of ``events.jsonl``. Which fields an event has depends on its kind; the others are empty."""

    seq: Annotated[StrictInt, Field(ge=0, lt=LARGEST)]
    """Number of the event; events are ordered by it."""
    step: Annotated[StrictInt, Field(gt=-LARGEST, lt=LARGEST)]
    """Generator steps taken."""
    kind: str
    """start, terms, frame, checkpoint, scores, vitals, health, resume, warning, command, slow, stop, finish, or a
    newer one.
    """
    number: int = 0
    """kind command: the number of its file in commands/; 0 if it was copied from the run that this one repeats."""
    name: str = ""
    """kind command: a key of ``runs/commands.py::COMMANDS``."""
    arguments: Values = Field(default_factory=dict)
    """kind command: complete; empty if the file could not be read."""
    outcome: Literal["", "applied", "refused"] = ""
    """kind command. Applied commands ``set`` and ``step`` (of a single player) are the journal: in the order of (step,
    seq) they determine the weights, together with the seed. Events of commands stay when a resume forgets later steps,
    and the journal acts again when training reaches its steps; so such an event may have a later step than those around
    it."""
    check: str = ""
    """kind command: see ``runs/journal.py``; empty in runs of earlier versions."""
    minimised: Annotated[tuple[str, ...], AfterValidator(lambda names: tuple(map(current_name, names)))] = ()
    """kind vitals: the terms that are minimised, not only watched."""
    rule: str = ""
    """kind health: the rule that reports; the stem of its file in health/rules, with hyphens."""
    severity: Severity | None = None
    """kind health."""
    reason: Reason | None = None
    """kind stop; ``text`` gives details. None in runs of earlier versions."""
    values: Annotated[dict[str, float | None], AfterValidator(with_current_names)] = Field(default_factory=dict)
    """None if the value was not finite (``text`` says what it was). By kind:

    terms: ``player/term`` -> value, ``player/gradient_norm``, and ``steps_per_second``;
    vitals: what the health rules read in addition to the terms, see training/vitals.py;
    health: the numbers behind the sentence in ``text``;
    start: ``steps``, the planned steps of this session.
    """
    text: str = ""
    """For people; kinds frame and slow: the name of the file."""
    seconds: float | None = None
    """Wall time of training so far, without pauses."""


class Parent(Record):
    """The run that another run was made from."""

    run: str
    """Its path as it was given."""
    step: int
    """0 if the parent is trained again from the beginning, including its commands."""
    changes: Values
    """Keys whose values differ from the parent's at that step."""


class Init(Record):
    """The other run whose parameters a run started from (``gannet train DATA --init RUN``)."""

    run: str
    """Its path as it was given."""
    step: int
    """Of the checkpoint."""
    sha256: str
    """Of the file model.safetensors of that checkpoint."""
    loaded: int
    """Tensors that were loaded."""
    tensors: int
    """Tensors that this run has."""
    not_loaded: list[str]
    """Tensors of this run that the other one does not have with this name and shape: they were initialised normally."""
    unused: list[str]
    """Tensors of the other run that have no place here."""


class DataRecord(Record):
    """The data of a run."""

    source: str = ""
    """Name of the source, such as ``ring``."""
    arguments: Values = Field(default_factory=dict)
    """The keys ``data.*``, complete, without ``data.``."""
    content_hash: str = ""
    form: Values = Field(default_factory=dict)
    """``data.base.Form`` as JSON."""
    notes: tuple[str, ...] = ()
    """What was reported about the data before training, such as images that were left out; absent if nothing."""
    num_samples: int | None = None
    """Number of samples if they are too few to be measured; absent otherwise."""
    modes: Values | None = None
    """Means, covariances and weights of the Gaussian modes, if they are known and few."""

    @property
    def name(self) -> str:
        """What people call the data: the last part of their path, or the name of a built-in source."""
        return data_name(self.source, self.arguments)


def data_name(source: str, arguments: Mapping[str, object]) -> str:
    """The last part of the data's path, or the name of a built-in source; ``?`` if neither is recorded."""
    path = arguments.get("path")
    return (PurePath(path).name if isinstance(path, str) else "") or source or "?"


class RunRecord(Record):
    """``run.json``."""

    version: StrictInt
    kind: Kind | None = None
    """None in runs of early versions."""
    recipe: str = ""
    """Name, or path of the user's own file."""
    arguments: Values = Field(default_factory=dict)
    """The recipe's arguments, complete: defaults are written too."""
    data: DataRecord = DataRecord()
    settings: Values = Field(default_factory=dict)
    """seed, device, precision, cadences: see training/settings.py."""
    environment: dict[str, str] = Field(default_factory=dict)
    columns: tuple[str, ...] = ()
    """Headings of the columns of frames of images: classes, captions, or input, output and target; empty if the columns
    mean nothing, and in runs of earlier versions.
    """
    parent: Parent | None = None
    """Of a run that repeats or forks another run."""
    init: Init | None = None
    """Of a run that started from the parameters of another run. ``origin/`` holds that state."""

    @property
    def method(self) -> str:
        """Name of the recipe, without the path and suffix of the user's own file."""
        return PurePath(self.recipe).stem

    @property
    def steps(self) -> int | None:
        """Planned generator steps; None if the recipe has no such argument."""
        steps = self.arguments.get("steps")
        return steps if isinstance(steps, int) else None


def fingerprint_of(spec: Mapping[str, JsonValue]) -> str:
    """First 8 hex digits of blake2b of the canonical spec."""
    canonical = json.dumps(spec, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return blake2b(canonical.encode()).hexdigest()[:8]


def label_for_people(metric: str, label: str) -> str:
    """The label of a score card. A JSON name, which is the label in records of earlier versions, becomes the name that
    ``gannet list metrics`` prints: ``high-quality``; any other label stays as it is.
    """
    stem, bracket, rest = label.partition("[")
    return f"{stem.replace('_', '-')}{bracket}{rest}" if stem == metric.partition("[")[0] else label


class ScoreCard(Record):
    """One line of ``scores.jsonl``: a value with its protocol. Values of cards with different fingerprints must not
    be compared.
    """

    metric: str
    """JSON name, with brackets if the extractor was named: ``fd[mnist-cnn-v1]``."""
    label: str = Field(default_factory=lambda data: label_for_people(data.get("metric", ""), data.get("metric", "")))
    """For people, guarded: ``FID`` only with the official weights. With hyphens, as in ``gannet list metrics``."""
    value: Number
    """NaN if it was not finite."""
    reference: float | None = Field(default=None, validation_alias=AliasChoices("reference", "floor"))
    """Real-data reference: the same metric between two halves of real data at the same n. It is one random draw, like
    the value, so generated samples can have a better value. Version 1 of the format calls it ``floor``."""
    n_real: int = 0
    n_fake: int = 0
    spec: Values = Field(default_factory=dict)
    """Everything that defines the number: the metric's own settings, and the protocol of real data and sampling."""
    better: str = ""
    """``metrics.base.Better``: which way is good."""
    run: str = ""
    step: int = 0
    weights: str = "ema"
    """``ema`` or ``raw``."""
    seed: int = 0
    seconds: float = 0.0
    ci95: tuple[Number, Number] | None = None
    """95 % confidence interval, lower and upper end."""
    warnings: tuple[str, ...] = ()
    interval: str = ""
    """How ``ci95`` was found: it describes the scatter of the samples, not a bias and not other seeds of training."""
    held_out: float | None = None
    """The same metric of held-out real samples at the same n, if the data have such samples."""
    parts: dict[str, Number] = Field(default_factory=dict)
    """Components of the value by name, such as one number for each class."""
    reference_parts: dict[str, Number] = Field(
        default_factory=dict, validation_alias=AliasChoices("reference_parts", "floor_parts")
    )
    """The same components of the real-data reference."""
    fingerprint: str = Field(default_factory=lambda data: fingerprint_of(data.get("spec", {})))
    """Equal for cards that were measured in the same way, except for the fields of ``runs/comparable.py::WAY``."""

    @model_validator(mode="before")
    @classmethod
    def _with_hyphens(cls, fields: object) -> object:
        if isinstance(fields, dict) and isinstance(label := fields.get("label"), str):
            return fields | {"label": label_for_people(str(fields.get("metric")), label)}
        return fields

    def as_json(self) -> dict[str, JsonValue]:
        """All fields as JSON values, for ``--json`` and for scores.jsonl."""
        return {name: plain(value) for name, value in self.model_dump().items()}

    def _repr_html_(self) -> str:
        from gannet.runs.score_cards import cards_html

        return cards_html([self])

    def __repr__(self) -> str:
        interval = "" if self.ci95 is None else f" ({' to '.join(written(end, self.n_fake) for end in self.ci95)})"
        reference = "" if self.reference is None else f", real data {written(self.reference, self.n_fake)}"
        return f"<ScoreCard {self.label} {written(self.value, self.n_fake)}{interval}{reference}, n={self.n_fake:,}>"
