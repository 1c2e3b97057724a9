"""A training that fails in a turn: its state is saved, and the run keeps what reproduces the failure.

``RUN/crash/`` holds for each failure at a step ``step-000000250.json`` (what was played), ``step-000000250.txt`` (the
traceback) and ``step-000000250/`` (the checkpoint before the turn that failed). All random numbers are functions of the
seed and the step, so `gannet train RUN@250` plays the same turn with the same batch and noise, and fails in the same
way; with ``KEY=VALUE`` it tries a remedy.
"""

from __future__ import annotations

import json
import shutil
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import JsonValue

from gannet.config.plan import Plan
from gannet.errors import RankLost, TrainingFailed, TrainingStopped, UserError, in_shell
from gannet.files import link_or_copy, written_whole
from gannet.ranks.group import repeated
from gannet.runs.schema import CHECKPOINTS_FOLDER, CRASH_FOLDER, checkpoint_name
from gannet.runs.writer import RunWriter
from gannet.sessions.outcome import saved_sentence, saved_step
from gannet.training import checkpoint
from gannet.training.memory import is_out_of_memory, less_memory
from gannet.training.observers import Clock
from gannet.training.trainer import Trainer

FAILURES = (Exception, KeyboardInterrupt, SystemExit)
"""What may end a training without ending its process at once."""


@contextmanager
def saved_on_failure(
    plan: Plan, trainer: Trainer, writer: RunWriter, clock: Clock, deciding: Callable[[], Mapping[str, JsonValue]]
) -> Iterator[None]:
    """Save the state of a training whose steps fail, and record why.

    Raises:
        TrainingStopped: a value is not finite.
        TrainingFailed: any other exception of a turn, as one sentence that names what is saved.
        UserError: as raised, with what is saved.
    """
    begun_at = trainer.step
    try:
        yield
    except FAILURES as error:
        failure = error if isinstance(error, Exception) and not isinstance(error, UserError) else None
        if trainer.step == begun_at and failure is None:
            raise
        _save(plan, trainer, writer, clock, error, deciding)
        is_guard = isinstance(error, TrainingStopped)
        reason = "guard" if is_guard else "error"
        writer.event("stop", trainer.step, text=_problem(error), reason=reason, seconds=clock.seconds())
        saved = saved_step(writer.path)
        said = saved_sentence(trainer.step, saved)
        if is_guard:
            raise TrainingStopped(f"{error} {said} {_replay(plan, writer.path, trainer.step)}".rstrip()) from None
        if isinstance(error, UserError):
            raise UserError(f"{error} {said}") from error
        if failure is None:
            raise
        sentence = f"{sentence_of(plan, trainer, failure)} {said} {_advice(plan, writer.path)}"
        raise TrainingFailed(sentence, saved == trainer.step) from error


def _save(
    plan: Plan,
    trainer: Trainer,
    writer: RunWriter,
    clock: Clock,
    error: BaseException,
    deciding: Callable[[], Mapping[str, JsonValue]],
) -> None:
    """Write the checkpoint and what reproduces the failure. A state that cannot be saved is not a second failure."""
    said = "".join(traceback.format_exception(error))
    traceback.clear_frames(error.__traceback__)  # they hold the tensors of the turn
    writer.follow()
    folder, name = writer.path / CRASH_FOLDER, checkpoint_name(trainer.step)
    report = {
        "error": _problem(error),
        "step": trainer.step,
        "seed": trainer.seed,
        "batch_size": trainer.batch_size,
        **trainer.failed_turn(),
        "repeat_with": in_shell("gannet", "train", f"{writer.path}@{trainer.step}", *_recipe_file(plan)),
    }
    saved = None
    with suppress(OSError, TrainingStopped, MemoryError, RuntimeError):
        if trainer.is_whole:
            saved = checkpoint.save(
                writer.path / CHECKPOINTS_FOLDER,
                trainer,
                seconds=clock.seconds(),
                keep=plan.settings.checkpoint.keep,
                provenance=deciding(),
            )
            writer.event("checkpoint", trainer.step)
    with suppress(OSError, UserError):
        folder.mkdir(exist_ok=True)
        with written_whole(folder / f"{name}.json") as file:
            file.write(json.dumps(report, indent=2, allow_nan=True, default=str).encode())
        keep_traceback(writer.path, name, said)
        if saved is not None and not (folder / name).exists():
            shutil.copytree(saved, folder / name, copy_function=link_or_copy)


def keep_traceback(path: Path, name: str, said: str) -> Path | None:
    """Write a traceback to ``RUN/crash/NAME.txt``; None if that is not possible."""
    kept = path / CRASH_FOLDER / f"{name}.txt"
    try:
        kept.parent.mkdir(exist_ok=True)
        with written_whole(kept) as file:
            file.write(said.encode(errors="replace"))
    except (OSError, UserError):
        return None
    return kept


def _problem(error: BaseException) -> str:
    if isinstance(error, UserError | TrainingStopped | RankLost):
        return str(error)
    first = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def sentence_of(plan: Plan, trainer: Trainer, error: BaseException) -> str:
    """Where and why a turn failed."""
    player = trainer.failed_turn().get("player")
    where = f"Step {trainer.step}" + (f", the {player}'s turn" if player else "")
    if is_out_of_memory(error):
        return f"{where}: out of memory. {less_memory(plan.keys)}"
    return f"{where}: training failed: {_problem(error).rstrip('.')}."


def _advice(plan: Plan, path: Path) -> str:
    again = in_shell("gannet", "resume", path, *_recipe_file(plan), *repeated())
    return f"The traceback is in {path / CRASH_FOLDER}. Continue with: {again}"


def _replay(plan: Plan, path: Path, step: int) -> str:
    if not (path / CRASH_FOLDER / checkpoint_name(step)).is_dir():
        return ""
    return f"To repeat the turn, or try a remedy: {in_shell('gannet', 'train', f'{path}@{step}', *_recipe_file(plan))}"


def _recipe_file(plan: Plan) -> list[str]:
    """The words that name the user's recipe file again, if the run has one."""
    return ["--recipe", plan.recipe_name] if plan.recipe_name.endswith(".py") else []
