"""Reads a run directory, live or years later, whatever state a crash left it in."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
from pydantic import ValidationError

from gannet.errors import UserError
from gannet.files import open_regular, read_json, read_regular
from gannet.runs.best import BEST, best_card
from gannet.runs.label import Label, read_label
from gannet.runs.outputs import interpreted, with_scales
from gannet.runs.records import Event, Kind, Record, RunRecord, ScoreCard
from gannet.runs.schema import (
    CHECKPOINTS_FOLDER,
    EVENTS_FILE,
    FRAMES_FOLDER,
    RUN_FILE,
    SCORES_FILE,
    SLOW_FOLDER,
    VERSION,
    checkpoint_name,
    frame_name,
)
from gannet.runs.term_names import with_current_names

USUAL_FOLDER = Path("runs")
"""Where `gannet train` makes runs by default."""
LARGEST_FRAME_BYTES = 2**28
"""Of the arrays in a frame; a larger one is a compressed bomb."""
AnyRecord = TypeVar("AnyRecord", bound=Record)
Frame = dict[str, np.ndarray] | np.ndarray
"""Points: arrays by name, float32. Images: uint8 (H, W, 3)."""


class Run:
    """A run directory, read only; nothing is cached but the record, so a live run can be read again and again.

    Args:
        path: the run directory.
        until: leave out events, score cards and frames of later steps.

    Raises:
        UserError: not a run directory, written by a newer Gannet, or ``until`` is later than anything recorded.
    """

    def __init__(self, path: str | Path, *, until: int | None = None) -> None:
        self.path = Path(path)
        self.record = read_record(self.path)
        self._until: float = math.inf
        if until is not None:
            last = max((event.step for event in self.events()), default=0)
            if until > last:
                raise UserError(f"{self.path} has no step {until}: its last recorded step is {last}.")
            self._until = until

    @staticmethod
    def is_at(path: str | Path) -> bool:
        """Whether a directory looks like a run."""
        try:
            return (Path(path).expanduser() / RUN_FILE).is_file()
        except (OSError, ValueError):  # a name too long, or with a zero byte
            return False

    @property
    def until(self) -> int | None:
        """The step after which everything is left out; None if nothing is."""
        return int(self._until) if math.isfinite(self._until) else None

    @property
    def name(self) -> str:
        """The directory's name, with ``@STEP`` if later steps are left out."""
        return self.path.resolve().name + (f"@{self._until}" if math.isfinite(self._until) else "")

    @property
    def label(self) -> Label:
        """The title and the description that a person gave the run; empty without."""
        return read_label(self.path)

    @property
    def kind(self) -> Kind:
        """What the frames show: ``points`` or ``images``."""
        if self.record.kind:
            return self.record.kind
        return "images" if any(path.suffix == ".png" for _, path in self.frames()) else "points"

    def events(self, after: int = -1) -> list[Event]:
        """Events whose ``seq`` is above ``after``, in order of ``seq``, each once; damaged lines are left out."""
        by_number: dict[int, Event] = {}
        for _, event in lines_of(self.path / EVENTS_FILE, Event):
            if event.seq > after:
                by_number.setdefault(event.seq, event)
        return [by_number[number] for number in sorted(by_number) if by_number[number].step <= self._until]

    def terms(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Every scalar that was logged: name -> (steps int64 (T,), values float64 (T,)), NaN where it was not
        finite.
        """
        series: dict[str, tuple[list[int], list[float]]] = {}
        for event in self.events():
            for name, value in event.values.items() if event.kind == "terms" else ():
                steps, numbers = series.setdefault(name, ([], []))
                steps.append(event.step)
                numbers.append(math.nan if value is None else value)
        return {
            name: (np.asarray(steps, np.int64), np.asarray(numbers, np.float64))
            for name, (steps, numbers) in series.items()
        }

    def scores(self) -> list[ScoreCard]:
        """Score cards in the order they were written; damaged lines are left out."""
        return [card for _, card in lines_of(self.path / SCORES_FILE, ScoreCard) if card.step <= self._until]

    def frames(self) -> list[tuple[int, Path]]:
        """(step, path) of every frame, in order of steps."""
        folder = self.path / FRAMES_FOLDER
        files = folder.iterdir() if folder.is_dir() else ()
        found = sorted(
            (int(file.stem), file) for file in files if file.suffix in {".npz", ".png"} and _is_number(file.stem)
        )
        return [(step, file) for step, file in found if step <= self._until]

    def load_frame(self, path: str | Path) -> Frame:
        """One frame: for points ``real``, ``fake``, ``extent``, ``step``, and if they were recorded ``logits`` with the
        ``field`` in [0, 1] that they mean (``runs.outputs``), ``pull``, ``latents``, ``manifold``; for images uint8
        (H, W, 3).

        Raises:
            UserError: the file cannot be read.
        """
        path = Path(path)
        try:
            return _load_points(path) if path.suffix == ".npz" else _load_image(path)
        except Exception as error:  # zip, zlib, Pillow and numpy each have their own for a damaged file
            raise UserError(
                f"Cannot read the frame {path}: {type(error).__name__}: {error}. Delete it to continue without it."
            ) from None

    def load_slow(self, step: int) -> dict[str, np.ndarray]:
        """The arrays of ``schema.SLOW_ARRAYS`` of a step that was recorded in slow motion, and of outputs without a
        zero their scales (``runs.outputs``).

        Raises:
            UserError: that step was not, or its file cannot be read.
        """
        path = self.path / SLOW_FOLDER / frame_name(step, "points")
        try:
            arrays = _arrays(path)
            # Runs of earlier versions say whether the outputs have a zero, but not which kind they are.
            return with_scales(
                {"output_kind": arrays.pop("relative_scores", np.zeros(())), **with_current_names(arrays)}
            )
        except FileNotFoundError:
            raise UserError(f"{self.path} has no slow motion of step {step}.") from None
        except Exception as error:
            raise UserError(f"Cannot read the slow motion {path}: {type(error).__name__}: {error}.") from None


def parse_run(text: str | Path) -> tuple[Path, int | None]:
    """(directory, STEP) of ``RUN``, ``RUN@STEP`` or ``RUN@best``; STEP is None if it is left out.

    RUN is a path, or the name of a run in ./runs if no such path exists. Whether it is a run is not checked.

    Raises:
        UserError: RUN is a run, but STEP is not a number; or it is ``best``, and no checkpoint of the run was measured.
    """
    path = Path(text).expanduser()
    before, at, step = str(path).rpartition("@")
    if at and before and not path.exists():
        folder = _below_runs(Path(before))
        if folder.is_dir() and not os.access(folder, os.X_OK):
            raise UserError(f"{folder} cannot be searched: permission denied. Allow it (chmod u+x).")
        if _is_number(step):
            return folder, int(step)
        if Run.is_at(folder):
            if step == BEST:
                return folder, _best_step(folder)
            raise UserError(
                f"{text}: {step!r} is not a step. After @, write digits only, as in {before}@1000, or {BEST}."
            )
    return _below_runs(path), None


def _best_step(run: Path) -> int:
    folder = run / CHECKPOINTS_FOLDER
    best = best_card(Run(run).scores(), lambda step: (folder / checkpoint_name(step)).is_dir())
    if best is None:
        raise UserError(
            f"{run} has no best checkpoint: no FD of a saved step was measured while it trained. Trainings on images "
            f"measure it by default, unless they are short; measure.every=N sets the steps."
        )
    return best.step


def _below_runs(path: Path) -> Path:
    named = USUAL_FOLDER / path
    return named if len(path.parts) == 1 and not path.exists() and Run.is_at(named) else path


def read_record(path: Path) -> RunRecord:
    """``run.json`` of a run directory.

    Raises:
        UserError: not a run directory, a damaged record, or one written by a newer Gannet.
    """
    file = path / RUN_FILE
    try:
        record = read_json(file)
    except (FileNotFoundError, NotADirectoryError):
        problem = f"is not a run: it has no {RUN_FILE}" if path.exists() else "does not exist"
        advice = "Give a directory that `gannet train` made, or the name of a run in ./runs."
        if inside := next((f for depth in ("*", "*/*") for f in sorted(path.glob(f"{depth}/{RUN_FILE}"))), None):
            advice = f"It contains runs: give one of them, such as {inside.parent}."
        raise UserError(f"{path} {problem}. {advice}") from None
    except OSError as error:
        raise UserError(f"Cannot read {file}: {error.strerror}.") from None
    except ValueError as error:
        raise UserError(f"{file} is damaged: {error}.") from None
    version = record.get("version") if isinstance(record, dict) else None
    if not isinstance(version, int):
        raise UserError(f"{file} is not the record of a run: it has no version number.")
    if version > VERSION:
        raise UserError(
            f"{path} was written by a newer Gannet (format {version}; this one reads up to {VERSION}). Update "
            f"gannet-gan."
        )
    try:
        return RunRecord.model_validate(record)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise UserError(f"{file} is damaged: {where}: {problem['msg'].replace('Input should', 'it should')}.") from None


def lines_of(path: Path, model: type[AnyRecord]) -> Iterator[tuple[bytes, AnyRecord]]:
    """(line, record) of the lines of a file; damaged lines are left out, and a missing file has none.

    Raises:
        UserError: the file cannot be read.
    """
    try:
        content = read_regular(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}.") from None
    for line in content.split(b"\n"):
        record = parse_line(line, model) if line else None
        if record is not None:
            yield line, record


def parse_line(line: bytes, model: type[AnyRecord]) -> AnyRecord | None:
    """The record of a line; None if the line is torn, is not a JSON object, or has no valid value of a required field.

    Any other field whose value is not valid, such as one that a newer version writes, is as if it were not there.
    """
    try:
        return model.model_validate_json(line)
    except ValidationError as error:
        wrong = [
            problem["loc"] for problem in error.errors(include_url=False, include_context=False, include_input=False)
        ]
    try:
        record = json.loads(line)  # it also reads the escapes of names that are not UTF-8, which pydantic refuses
        wrong = [place for place in wrong if place]
        for first, *rest in wrong:
            if len(rest) == 1 and isinstance(record[first], dict):
                record[first][rest[0]] = None
            else:
                record.pop(first, None)
        return model.model_validate(record)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _is_number(stem: str) -> bool:
    return stem.isascii() and stem.isdigit()


def _arrays(path: Path) -> dict[str, np.ndarray]:
    with open_regular(path) as file, np.load(file, allow_pickle=False) as archive:
        unpacked = sum(member.file_size for member in archive.zip.infolist())
        if unpacked > LARGEST_FRAME_BYTES:
            raise ValueError(f"it unpacks to {unpacked:,} bytes, above {LARGEST_FRAME_BYTES:,}")
        return {name: archive[name] for name in archive.files}


def _load_points(path: Path) -> dict[str, np.ndarray]:
    arrays = _arrays(path)
    for name in ("real", "fake"):
        if arrays[name].ndim != 2 or arrays[name].shape[1] != 2:
            raise ValueError(f"{name} has shape {arrays[name].shape}, not (N, 2)")
    arrays = {name: array.astype(np.float32) if array.dtype == np.float16 else array for name, array in arrays.items()}
    return interpreted(arrays)


def _load_image(path: Path) -> np.ndarray:
    from PIL import Image

    with open_regular(path) as file, Image.open(file, formats=["PNG"]) as image:
        return np.asarray(image.convert("RGB"))
