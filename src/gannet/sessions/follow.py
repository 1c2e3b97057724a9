"""A rank other than 0: it trains what rank 0 trains, and writes nothing."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gannet.config.build import build
from gannet.config.plan import Plan, plan_again
from gannet.data.base import silent
from gannet.discovery import is_outside
from gannet.errors import RankLost, TrainingFailed, TrainingStopped, UserError
from gannet.ranks.group import LOST, Ranks
from gannet.runs.reader import Run, read_record
from gannet.runs.schema import CHECKPOINTS_FOLDER, checkpoint_name
from gannet.sessions.failure import FAILURES, keep_traceback, sentence_of
from gannet.sessions.reopen import changed_data, reopen_data
from gannet.training import checkpoint, loop
from gannet.training.allocator import keep_freed_memory
from gannet.training.observers import compare_ranks
from gannet.training.trainer import Trainer

PATIENCE_SECONDS = 3.0
"""How long a rank that fails waits for rank 0 to record the same failure; meanwhile rank 0 may save its checkpoint."""


def begin_together(ranks: Ranks, trainer: Trainer, path: Path) -> None:
    """Rank 0: spread its training, whose run directory is ``path``, over the ranks that wait in :func:`follow`.

    Raises:
        UserError: the game or its batch cannot be spread, or its networks cannot be sharded.
        RankLost: another process has ended.
    """
    if ranks.size == 1:
        return
    trainer.spread(ranks)
    ranks.tell({"path": str(path.resolve()), "steps": trainer.steps, "step": trainer.step})
    compare_ranks(trainer, 0).act({})
    if ranks.shard:
        from gannet.training.shards import Shards  # imports torch's compiler

        Shards(trainer)


def follow(ranks: Ranks, *, recipe_file: str | None, keys: Mapping[str, Any]) -> None:
    """Wait for the training of rank 0, and take part in it to its end. All ranks read its run directory.

    Args:
        ranks: this process and the others.
        recipe_file: the user's recipe file, if the run is made from one.
        keys: the keys that the user typed, of which user-supplied components and the path of the data matter.

    Raises:
        TrainingStopped: a value is not finite; rank 0 raises it too.
        TrainingFailed: this rank cannot take part, or another process has ended.
    """
    try:
        begun = ranks.hear()
    except RankLost:
        return  # rank 0 has said why it does not train
    trainer, path = None, Path(begun["path"])
    try:
        record = read_record(path)
        own = {key: value for key, value in keys.items() if is_outside(value) or key == "data.path"}
        plan = plan_again(record, steps=begun["steps"], recipe_file=recipe_file, changes=own)
        dataset = reopen_data(plan, silent)
        keep_freed_memory()
        if changed := changed_data(record, dataset):
            raise UserError(changed)
        experiment, precision = build(plan, dataset.form)
        with precision.applied() as precision:
            trainer = Trainer(
                experiment, dataset, seed=plan.settings.seed, precision=precision, has_own_code=plan.has_own_code
            )
            del experiment  # its networks are released if they are sharded
            saved = path / CHECKPOINTS_FOLDER / checkpoint_name(begun["step"])
            if saved.is_dir():
                checkpoint.restore(saved, trainer)
            trainer.spread(ranks)
            comparison = compare_ranks(trainer, plan.settings.checkpoint.every)
            comparison.act({})
            if ranks.shard:
                from gannet.training.shards import Shards

                try:
                    Shards(trainer)
                except UserError:
                    return  # rank 0 says it
            with loop.listening(is_rank=True) as request, _kept_on_failure(plan, trainer, path):
                loop.run(trainer, [] if ranks.shard else [comparison], request)
    except (TrainingStopped, TrainingFailed):
        raise
    except (UserError, OSError, RuntimeError) as error:
        if trainer is not None and isinstance(error, UserError) and _is_said(path):
            return
        where = f"rank {ranks.rank}" + (f", step {trainer.step}" if trainer else "")
        raise TrainingFailed(f"{where}: {str(error).rstrip('.')}.") from error


def _is_said(path: Path) -> bool:
    """Whether rank 0 fails by itself too: all ranks meet damaged data, and one of them says so."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        *_, newest = Run(path).events()
        if newest.kind == "stop":
            return newest.text != LOST
        time.sleep(0.1)
    return False


@contextmanager
def _kept_on_failure(plan: Plan, trainer: Trainer, path: Path) -> Iterator[None]:
    """Keep the traceback of a turn that fails on this rank; rank 0 only sees that this rank has ended.

    Raises:
        TrainingFailed: any exception that is not a sentence already.
    """
    try:
        yield
    except (UserError, TrainingStopped, RankLost):
        raise
    except FAILURES as error:
        rank = trainer.ranks.rank
        sentence = f"rank {rank}: {sentence_of(plan, trainer, error)}"
        said = "".join(traceback.format_exception(error))
        if kept := keep_traceback(path, f"{checkpoint_name(trainer.step)}-rank-{rank}", said):
            sentence += f" The traceback is in {kept}."
        raise TrainingFailed(sentence) from error
