"""New trainings started from the page: a fork of a run, or a run on data drawn by hand."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gannet.dashboard import launch as launching
from gannet.dashboard.library import Library, Watched
from gannet.data.drawing import save_drawing
from gannet.discovery import canonical, components
from gannet.errors import UserError
from gannet.keys import unknown_number

DRAWINGS_FOLDER = "drawings"
"""Folder of drawings, next to the runs that are trained on them."""
NAMES_AT_MOST = 1000


class Asked(BaseModel):
    """Validation rules of all requests of the page."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


AnyAsked = TypeVar("AnyAsked", bound=Asked)


class AskedFork(Asked):
    """A fork from a checkpoint with other values."""

    step: Annotated[int, Field(ge=0)]
    steps: Annotated[int, Field(ge=1, le=10**9)]
    """New total number of steps."""
    changes: Annotated[dict[str, float | None], Field(max_length=100)] = {}


class AskedDrawing(Asked):
    """A training on a drawing."""

    strokes: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=1000)]
    """Strokes as ``data.drawing.Stroke``."""
    count: Annotated[int, Field(ge=2, le=200_000)] = 5000
    recipe: str
    steps: Annotated[int, Field(ge=1, le=10**9)] | None = None
    """The recipe's default if None."""


class Starter:
    """Starts one training at a time, each in a detached process that outlives this one.

    Args:
        library: its folder receives the new runs, and it watches them.
    """

    def __init__(self, library: Library) -> None:
        self.library = library
        self._busy = threading.Lock()

    def fork(self, run: Watched, asked: Mapping[str, Any]) -> str:
        """Start a fork of ``run`` from a checkpoint, next to it; returns the id of the new run.

        Raises:
            UserError: the training is refused, or another one is being started.
        """
        wanted = _read(AskedFork, asked)
        known = run.numbers()
        if unknown := [unknown_number(key, value, known) for key, value in wanted.changes.items() if key not in known]:
            raise UserError(*unknown)
        changes = {key: "none" if value is None else value for key, value in wanted.changes.items()}
        out = _free(run.path.parent / f"{run.path.name}-from-{wanted.step}")
        return self._start(f"{run.path}@{wanted.step}", out, steps=wanted.steps, keys=changes)

    def draw(self, asked: Mapping[str, Any]) -> str:
        """Start a training on a drawing, which is stored as a file next to it; returns the id of the new run.

        Raises:
            UserError: the drawing is empty, the recipe does not support points, the training is refused, or another is
            being started.
        """
        wanted = _read(AskedDrawing, asked)
        recipe = canonical(wanted.recipe)
        if recipe not in {name for name, _ in recipes_for_points()}:
            raise UserError(f"{wanted.recipe!r} does not train on points.")
        folder = self.library.folder
        drawing = save_drawing(folder / DRAWINGS_FOLDER, wanted.strokes, count=wanted.count)
        return self._start(
            str(drawing.path), _free(folder / f"{drawing.path.stem}-{recipe}"), recipe=recipe, steps=wanted.steps
        )

    def _start(self, data: str, out: Path, **rest: Any) -> str:
        if not self._busy.acquire(blocking=False):
            raise UserError("Another training is being started. Try again when it runs.")
        try:
            launching.start(data, out, **rest)
        finally:
            self._busy.release()
        return self.library.add(out)


def recipes_for_points() -> Iterator[tuple[str, str]]:
    """(name, summary) of every recipe that trains on points, read from source text, because importing recipes would
    import torch.
    """
    for name, component in components("recipes").items():
        if re.search(r'^@recipe\(kind="(points|any)"', component.path.read_text(encoding="utf-8"), re.MULTILINE):
            yield name, component.summary


def _read(model: type[AnyAsked], asked: Mapping[str, Any]) -> AnyAsked:
    try:
        return model.model_validate(asked)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise UserError(
            f"This cannot be started: {where}: {first['msg'].replace('Input should be', 'should be')}."
        ) from None


def _free(path: Path) -> Path:
    """The path, with a number appended if it is taken."""
    for number in range(2, NAMES_AT_MOST):
        if not path.exists():
            return path
        path = path.with_name(re.sub(r"(-v\d+)?$", f"-v{number}", path.name, count=1))
    raise UserError(f"There are already {NAMES_AT_MOST} runs named {path.name}: delete some.")
