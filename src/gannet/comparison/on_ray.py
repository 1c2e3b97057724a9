"""Runs as tasks of a Ray cluster: ``gannet compare --on ray``. A task whose worker is lost is tried again, from its
checkpoint.

Ray (the extra ``[ray]``) is imported only here. Where the tasks see the folder of the comparison they write in it;
otherwise each run travels to its node and back. Gannet and the data must be installed on the nodes at the same path.
"""

from __future__ import annotations

import io
import os
import signal
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gannet.comparison.existing import threads_of
from gannet.comparison.job import carry_out_job, job_of
from gannet.comparison.one_run import failed_row
from gannet.comparison.plan import Entry, Measurement
from gannet.comparison.result import Row
from gannet.comparison.telling import Interrupted, Narrator
from gannet.errors import UserError
from gannet.runs.schema import LOCK_FILE

if TYPE_CHECKING:
    from gannet.config.plan import Plan
    from gannet.training.trainer import Trainer

RETRIES = 5
"""How often a task is tried again after its worker was lost."""
REPORT_SECONDS, STOP_SECONDS = 0.5, 120.0


def on_ray(
    where: str, at_once: int | None
) -> Callable[[Sequence[Entry], Measurement, Narrator, Callable[[Entry], None]], Iterator[Row]]:
    """The engine of ``gannet compare --on WHERE``.

    Args:
        where: ``ray`` starts a local cluster; ``ray://HOST:PORT``, ``HOST:PORT`` and ``auto`` use a running one.
        at_once: tasks submitted at a time; None leaves it to the cluster.

    Raises:
        UserError: Ray is not installed, or ``where`` is none of these.
    """
    if where not in ("ray", "auto") and ":" not in where:
        raise UserError(
            f"--on {where}: write ray for a local cluster, or ray://HOST:PORT, HOST:PORT or auto for a running one."
        )
    try:
        import ray  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise UserError(
            f"--on {where} needs Ray, which is not installed: pip install 'gannet-gan[ray]'. --jobs auto needs nothing."
        ) from None

    def engine(
        entries: Sequence[Entry], measurement: Measurement, narrator: Narrator, begins: Callable[[Entry], None]
    ) -> Iterator[Row]:
        if not entries:
            return
        jobs = [(entry, job_of(entry, measurement)) for entry in entries]
        with _connected(ray, where):
            board = ray.remote(num_cpus=0)(Board).remote()
            waiting, running = list(jobs), {}
            try:
                while waiting or running:
                    while waiting and (at_once is None or len(running) < at_once):
                        entry, job = waiting.pop(0)
                        begins(entry)
                        running[_submit(ray, entry, job, board)] = entry
                    done, _ = ray.wait(list(running), timeout=REPORT_SECONDS)
                    _tell(ray.get(board.read.remote()), running.values(), narrator)
                    for task in done:
                        yield _row(ray, task, running.pop(task))
            except BaseException:
                board.stop.remote()
                done, _ = (
                    ray.wait(list(running), num_returns=len(running), timeout=STOP_SECONDS) if running else ([], [])
                )
                for task in done:
                    with suppress(Exception):
                        _row(ray, task, running[task])  # brings the run back
                raise
            narrator.running({})

    return engine


class Board:
    """Where tasks report to the comparison, and learn that it stops: an actor, because tasks may run on any machine."""

    def __init__(self) -> None:
        self._steps: dict[str, int] = {}
        self._sentences: list[tuple[str, str]] = []
        self._stopping = False

    def step(self, name: str, step: int) -> bool:
        """A run is at a step. Returns whether it should stop."""
        self._steps[name] = step
        return self._stopping

    def tell(self, kind: str, sentence: str) -> None:
        """Something for the user."""
        self._sentences.append((kind, sentence))

    def read(self) -> tuple[dict[str, int], list[tuple[str, str]]]:
        """The steps of all runs, and the sentences since the last call."""
        sentences, self._sentences = self._sentences, []
        return self._steps, sentences

    def stop(self) -> None:
        """Ask every task to stop with a checkpoint."""
        self._stopping = True


class _TaskNarrator(Narrator):
    """Reports from within a task."""

    def __init__(self, board: Any, name: str) -> None:
        self._board, self._name = board, name
        self._last = 0.0

    def started(self, path: Path, plan: Plan, trainer: Trainer) -> None:
        self.advanced(trainer.step)

    def advanced(self, step: int) -> None:
        import ray  # pyright: ignore[reportMissingImports]

        if time.monotonic() - self._last >= REPORT_SECONDS:
            self._last = time.monotonic()
            if ray.get(self._board.step.remote(self._name, step)):
                signal.raise_signal(signal.SIGINT)  # which training handles: a checkpoint, then the end

    def terms(self, step: int, values: Mapping[str, float]) -> None:
        self.advanced(step)

    def warned(self, sentence: str) -> None:
        self._board.tell.remote("warned", f"{self._name}: {sentence}")

    def say(self, sentence: str) -> None:
        self._board.tell.remote("said", sentence)


def run_task(
    job: dict[str, Any], lock: str, packed: bytes | None, folder: str, name: str, board: Any
) -> tuple[dict[str, Any], bytes | None]:
    """A task: bring one run to its end, in the folder of the comparison if this machine sees it, else in a scratch
    folder.

    Args:
        job: see :mod:`gannet.comparison.job`; its paths are relative to the folder where the command was given.
        lock: text of the comparison's lock file, by which its folder is recognised.
        packed: what the run holds already, for a machine that does not see the folder.
        folder: path of the run below the comparison's folder.
        name: of the run.
        board: the actor to report to.

    Returns:
        The row, or why there is none; and the run, if the comparison cannot see it.
    """
    import ray  # pyright: ignore[reportMissingImports]

    if ray.get(board.step.remote(name, 0)):
        return {"problems": ["It was stopped before it began."]}, None
    out = Path(job["out"])
    shared = _text(out / LOCK_FILE) == lock
    if not shared:
        out = Path(tempfile.gettempdir()) / "gannet-ray" / lock.replace(" ", "-").strip()
        if packed is not None and not (out / folder).exists():
            _unpack(packed, out / folder)
        job = job | {"out": str(out)}
    elif Path(job["cwd"]).is_dir():
        os.chdir(job["cwd"])
    try:
        answer: dict[str, Any] = {
            "row": carry_out_job(
                {key: value for key, value in job.items() if key != "cwd"}, _TaskNarrator(board, name)
            ).as_json()
        }
    except UserError as error:
        answer = {"problems": list(error.problems)}
    except Interrupted:
        answer = {"problems": ["It was stopped."]}
    return answer, None if shared or not (out / folder).exists() else _pack(out / folder)


def _submit(ray: Any, entry: Entry, job: dict[str, Any], board: Any) -> Any:
    out = Path(job["out"]).absolute()
    there = entry.path.is_dir() and any(entry.path.iterdir())
    task = ray.remote(run_task).options(
        num_cpus=threads_of(entry),
        num_gpus=1 if entry.record.environment["device"].startswith("cuda") else 0,
        max_retries=RETRIES,
    )
    place = {"out": str(out), "cwd": os.getcwd()}
    packed = _pack(entry.path) if there else None
    return task.remote(
        job | place, _text(out / LOCK_FILE), packed, str(entry.path.absolute().relative_to(out)), entry.name, board
    )


def _row(ray: Any, task: Any, entry: Entry) -> Row:
    try:
        answer, packed = ray.get(task)
    except Exception as error:  # Ray's own for lost workers and nodes, and whatever a task raises
        lines = str(error).strip().splitlines() or [""]
        return failed_row(entry, [f"Its Ray task failed: {type(error).__name__}: {lines[-1].strip()}"])
    if packed is not None:
        _unpack(packed, entry.path)
    return Row.from_json(entry, answer["row"]) if "row" in answer else failed_row(entry, answer["problems"])


def _tell(read: tuple[Mapping[str, int], Sequence[tuple[str, str]]], entries: Any, narrator: Narrator) -> None:
    steps, sentences = read
    for kind, sentence in sentences:
        (narrator.warned if kind == "warned" else narrator.say)(sentence)
    narrator.running(
        {entry.name: (steps[entry.name], entry.record.arguments["steps"]) for entry in entries if entry.name in steps}
    )


@contextmanager
def _connected(ray: Any, where: str) -> Iterator[None]:
    """A connection to the cluster, with our own handlers of signals: Ray sets others."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    local: dict[str, Any] = {"include_dashboard": False} if where == "ray" else {"address": where}
    try:
        ray.init(**local, log_to_driver=False, logging_level="ERROR")
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        raise UserError(f"--on {where}: cannot connect to Ray: {type(error).__name__}: {lines[0]}.") from None
    try:
        with suppress(ValueError):  # signals belong to the main thread
            for number, handler in before.items():
                signal.signal(number, handler)
        yield
    finally:
        ray.shutdown()


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _pack(run: Path) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.add(run, arcname=".", filter=lambda member: None if member.name.endswith(f"/{LOCK_FILE}") else member)
    return content.getvalue()


def _unpack(packed: bytes, run: Path) -> None:
    run.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(run, filter="data")
