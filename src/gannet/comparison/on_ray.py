"""Runs as tasks of a Ray cluster: ``gannet compare --on ray``. A task whose worker is lost is tried again, from its
checkpoint.

Ray (the extra ``[ray]``) is imported only here and in the tasks. Where the tasks see the folder of the comparison they
write in it; otherwise each run travels to its node and back. Gannet and the data must be installed on the nodes at the
same path.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import Any, Self

from gannet.comparison.board import Board
from gannet.comparison.existing import threads_of
from gannet.comparison.job import job_of
from gannet.comparison.one_run import failed_row
from gannet.comparison.packing import pack, unpack
from gannet.comparison.plan import Entry, Measurement
from gannet.comparison.ray_task import REPORT_SECONDS, lock_text, run_task
from gannet.comparison.result import Row
from gannet.comparison.telling import Narrator
from gannet.errors import UserError

RETRIES = 5
"""How often a task is tried again after its worker was lost."""
LOCAL_CLUSTER = {"RAY_worker_niceness": "0", "RAY_USAGE_STATS_ENABLED": "0"}
"""Environment of a local cluster: runs have the priority of the command, as with ``--jobs``, and nothing is reported to
Ray's developers.
"""
CONNECT = "import sys, ray; ray.init(address=sys.argv[1], log_to_driver=False, logging_level='ERROR')"
"""Program that connects to the address of its argument."""
ANSWER_SECONDS = 90.0
"""How long a cluster may take to answer it, with the import of Ray."""
STOP_SECONDS = 120.0
"""How long an interrupted comparison waits for the checkpoints of its tasks."""


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
        with _Signals() as signals, _connected(ray, where, signals):
            _say_what_must_wait(ray, entries, narrator)
            board = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(Board).remote()
            waiting = [(entry, job_of(entry, measurement)) for entry in entries]
            running: dict[Any, Entry] = {}
            scratch = secrets.token_hex(8)
            try:
                while (waiting or running) and not signals.heard:
                    while waiting and (at_once is None or len(running) < at_once):
                        entry, job = waiting.pop(0)
                        begins(entry)
                        running[_submit(ray, entry, job, scratch, board)] = entry
                    done, _ = ray.wait(list(running), timeout=REPORT_SECONDS)
                    _tell(ray.get(board.read.remote()), running.values(), narrator)
                    for task in done:
                        yield _row(ray, task, running.pop(task))
            except (ray.exceptions.RayError, ConnectionError) as error:
                raise UserError(
                    f"--on {where}: the connection to the cluster is lost: {_first_line(error)} "
                    "The same command continues, from the newest checkpoints."
                ) from None
            finally:
                _stop(ray, board, running, signals)
            narrator.running({})

    return engine


class _Signals:
    """Remembers signals: one that is raised within a call of Ray becomes a SystemError. The first stops the tasks with
    checkpoints, the second does not wait for them. At the end the first gets to its own handler.
    """

    def __init__(self) -> None:
        self.heard: list[int] = []
        self._before = {}

    def __enter__(self) -> Self:
        self._before = {
            number: handler
            for number in (signal.SIGINT, signal.SIGTERM)
            if (handler := signal.getsignal(number)) != signal.SIG_IGN
        }
        self.receive()
        return self

    def receive(self) -> None:
        """Receive signals, also after Ray set other handlers."""
        with suppress(ValueError):  # signals belong to the main thread
            for number in self._before:
                signal.signal(number, lambda number, _: self.heard.append(number))

    def __exit__(self, *_: object) -> None:
        with suppress(ValueError):
            for number, handler in self._before.items():
                signal.signal(number, handler)
        if self.heard:
            signal.raise_signal(self.heard[0])


def _say_what_must_wait(ray: Any, entries: Sequence[Entry], narrator: Narrator) -> None:
    """Ray waits for a node that is large enough: one that an autoscaler starts, or for ever."""
    most = max((node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"]), default=0)
    wanted = max(map(threads_of, entries))
    if wanted > most:
        narrator.warned(
            f"No node of the cluster has the {wanted} CPUs that a run asks for (the largest has {most:.0f}): runs wait "
            "for one. A larger --jobs gives each run fewer threads."
        )


def _submit(ray: Any, entry: Entry, job: dict[str, Any], scratch: str, board: Any) -> Any:
    out = Path(job["out"]).absolute()
    task = ray.remote(run_task).options(
        num_cpus=threads_of(entry),
        num_gpus=1 if entry.record.environment["device"].startswith("cuda") else 0,
        max_retries=RETRIES,
    )
    folder = str(entry.path.absolute().relative_to(out))
    place = {"folder": folder, "cwd": os.getcwd(), "lock": lock_text(out), "scratch": scratch}
    packed = pack(entry.path) if entry.path.is_dir() and any(entry.path.iterdir()) else None
    return task.remote(job | {"out": str(out)}, place, packed, entry.name, board)


def _row(ray: Any, task: Any, entry: Entry) -> Row:
    try:
        answer, packed = ray.get(task)
    except Exception as error:  # Ray's own for lost workers and nodes, and whatever a task raises
        return failed_row(entry, [f"Its Ray task failed: {type(error).__name__}: {_last_line(error)}"])
    if packed is not None:
        unpack(packed, entry.path)
    return Row.from_json(entry, answer["row"]) if "row" in answer else failed_row(entry, answer["problems"])


def _stop(ray: Any, board: Any, running: Mapping[Any, Entry], signals: _Signals) -> None:
    """Stop the tasks that run, with checkpoints, and bring their runs back."""
    end = time.monotonic() + STOP_SECONDS
    left = list(running)
    with suppress(ray.exceptions.RayError, ConnectionError):
        while left and time.monotonic() < end and len(signals.heard) < 2:
            board.stop.remote()  # again and again: the board may be another one by now
            done, left = ray.wait(left, num_returns=len(left), timeout=REPORT_SECONDS)
            for task in done:
                _row(ray, task, running[task])


def _tell(
    read: tuple[Mapping[str, int], Sequence[tuple[str, str]]], entries: Collection[Entry], narrator: Narrator
) -> None:
    steps, sentences = read
    for kind, sentence in sentences:
        (narrator.warned if kind == "warned" else narrator.say)(sentence)
    shown = {}
    for entry in entries:
        step, last = steps.get(entry.name), entry.plan.values["recipe"]["steps"]
        if step is not None:
            shown[f"{entry.name}, measuring" if step >= last else entry.name] = (step, last)
    narrator.running(shown)


@contextmanager
def _connected(ray: Any, where: str, signals: _Signals) -> Iterator[None]:
    """A connection to the cluster. What Ray prints goes to stderr: stdout belongs to ``--json``."""
    # Without an address, Ray would join a cluster that runs on this machine, or wait for one that has ended.
    given: dict[str, Any] = {"address": "local", "include_dashboard": False} if where == "ray" else {"address": where}
    _require_listening(where)
    if where != "ray":
        _require_answer(where, signals)
    if where == "ray":
        for name, value in LOCAL_CLUSTER.items():
            os.environ.setdefault(name, value)
    with redirect_stdout(sys.stderr):
        try:
            ray.init(**given, log_to_driver=False, logging_level="ERROR")
        except Exception as error:
            raise UserError(
                f"--on {where}: cannot connect to Ray: {type(error).__name__}: {_first_line(error)}."
            ) from None
        try:
            signals.receive()
            yield
        finally:
            ray.shutdown()


def _require_listening(where: str) -> None:
    """Find quickly that nothing is there.

    Raises:
        UserError: nothing listens at an address.
    """
    host, colon, port = where.removeprefix("ray://").rpartition(":")
    if colon:
        if not (port.isascii() and port.isdigit()):
            raise UserError(f"--on {where}: {port!r} is not a port; write HOST:PORT or ray://HOST:PORT.")
        try:
            socket.create_connection((host, int(port)), timeout=10).close()
        except (OSError, OverflowError) as error:
            raise UserError(f"--on {where}: cannot connect to Ray: {error}.") from None


def _require_answer(where: str, signals: _Signals) -> None:
    """Connect in a separate process first: where a cluster has ended, or something else listens, Ray waits for minutes
    and then ends its process.

    Raises:
        UserError: no cluster answers.
    """
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-c", CONNECT, where],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
        end = time.monotonic() + ANSWER_SECONDS
        try:
            while process.poll() is None and time.monotonic() < end and not signals.heard:
                time.sleep(0.05)
        finally:
            process.kill()
        said.seek(0)
        lines = said.read().decode(errors="replace").strip().splitlines()
    status = process.wait()
    if status == -signal.SIGKILL:
        raise UserError(f"--on {where}: cannot connect to Ray: no cluster answers within {ANSWER_SECONDS:.0f} s.")
    if status:
        reason = lines[-1].rstrip(".") if lines else f"its process ended with status {status}"
        raise UserError(f"--on {where}: cannot connect to Ray: {reason}.")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _last_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[-1].strip()
