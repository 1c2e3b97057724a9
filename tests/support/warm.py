"""The command ``gannet`` in a separate process, without the seconds that importing its libraries takes each time.

One server process imports the libraries and forks for every command line. A fork has its own working folder, output,
exit status and memory, as a new process has. It enters at ``gannet.__main__.main``, where the installed command enters
too. What depends on how a process starts (signals, terminals, pipes) is tested with the installed command itself.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

COMMAND = Path(sys.executable).parent / "gannet"
"""The installed command."""

IMPORTED = (
    "gannet.api", "gannet.sessions.resume", "gannet.evaluation.measure", "gannet.metrics.frechet",
    "gannet.reports.html",
    "gannet.doctor.diagnosis", "gannet.comparison.work", "sklearn.datasets", "scipy.stats", "ot", "PIL.Image",
)  # fmt: skip


class Begun:
    """A command line that runs in a fork; like a process of ``subprocess``, with output in files or on a terminal."""

    def __init__(self, ask: Callable[..., str], words: list[str], folder: Path, terminal: str | None = None) -> None:
        self._ask = ask
        self._outputs = tempfile.TemporaryDirectory()
        task = {"words": words, "folder": str(folder), "outputs": self._outputs.name, "terminal": terminal}
        self.pid = int(ask(do="start", **task))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit status, or the negative number of the signal that ended it; None while it runs."""
        if self.returncode is None:
            answer = self._ask(do="poll", pid=self.pid)
            self.returncode = int(answer) if answer else None
        return self.returncode

    def wait(self, timeout: float = 240) -> int:
        """Wait until it ends."""
        end = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("gannet", timeout)
            time.sleep(0.01)
        return status

    def communicate(self, timeout: float = 240) -> tuple[str, str]:
        """Standard output and standard error, once it has ended."""
        self.wait(timeout)
        return self.said("out"), self.said("err")

    def said(self, name: str) -> str:
        """What it has written so far to ``out`` or ``err``."""
        return Path(self._outputs.name, name).read_text(encoding="utf-8")

    def send_signal(self, number: int) -> None:
        """Send a signal to it, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """As ``kill`` without arguments does."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


class Warm:
    """Runs command lines of Gannet in forks of one process that has imported everything."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        command = [sys.executable, "-c", "from support.warm import serve; serve()"]
        paths = [str(Path(__file__).parent.parent), environment.get("PYTHONPATH", "")]
        self._server = subprocess.Popen(
            command,
            env={**environment, "PYTHONPATH": os.pathsep.join(path for path in paths if path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _ask(self, **task: object) -> str:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(task) + "\n")
        self._server.stdin.flush()
        answer = self._server.stdout.readline()
        assert answer, "the process that runs the commands has ended"
        return answer.strip()

    def start(self, words: list[str], folder: Path, terminal: str | None = None) -> Begun:
        """Begin a command line in ``folder``: words of ``gannet``, ``[FILE.py, ...]`` or ``["-c", CODE]``."""
        return Begun(self._ask, words, folder, terminal)

    def on_terminal(
        self, words: list[str], folder: Path, shown: Callable[[Begun, str], object] = lambda begun, text: None
    ) -> tuple[int, str]:
        """Exit status of a command line in ``folder``, and what it wrote to a pseudo-terminal; ``shown`` is called
        with what it has written so far.
        """
        master, slave = os.openpty()
        begun, written, status = self.start(words, folder, os.ttyname(slave)), b"", None
        try:
            end = time.monotonic() + 240
            while status is None or select.select([master], [], [], 0.05)[0]:
                if select.select([master], [], [], 0.05)[0]:
                    written += os.read(master, 65536)
                    shown(begun, written.decode())
                status = begun.poll() if status is None else status
                assert time.monotonic() < end, written.decode()
        finally:
            begun.kill()
            os.close(slave)
            os.close(master)
        return status, written.decode()

    def run(self, words: list[str], folder: Path, timeout: float) -> tuple[int, str, str]:
        """Exit status, standard output and standard error of a command line in ``folder``."""
        begun = self.start(words, folder)
        try:
            begun.wait(timeout)
        except subprocess.TimeoutExpired:
            begun.kill()
            raise
        return begun.wait(), begun.said("out"), begun.said("err")

    def close(self) -> None:
        """End the server."""
        self._server.communicate(timeout=60)


def serve() -> None:
    """Read tasks from standard input, and answer each in a line: the number of a fork, or its exit status."""
    from importlib import import_module

    for module in IMPORTED:
        import_module(module)
    answers = os.fdopen(os.dup(1), "w")
    running: set[int] = set()
    for line in sys.stdin:
        task = json.loads(line)
        if task["do"] == "start":
            child = os.fork()
            if child == 0:
                _become(task)
            running.add(child)
            answer = str(child)
        else:
            ended, status = os.waitpid(task["pid"], os.WNOHANG)
            running.discard(ended)
            answer = str(os.waitstatus_to_exitcode(status)) if ended else ""
        answers.write(answer + "\n")
        answers.flush()
    for child in running:
        os.kill(child, signal.SIGKILL)


def _command(words: list[str]) -> None:
    from gannet.__main__ import main

    sys.argv = ["gannet", *words]
    main()


def _script(words: list[str]) -> None:
    """As ``python FILE.py ...`` does."""
    import runpy

    sys.argv, sys.path[0] = words, str(Path(words[0]).parent)
    runpy.run_path(words[0], run_name="__main__")


def _code(code: str) -> None:
    """As ``python -c CODE`` does."""
    sys.argv, sys.path[0] = ["-c"], ""
    exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})


def _become(task: Mapping[str, object]) -> None:
    """Run one command line of Gannet, or a script, in this process, which ends."""
    # Whoever runs the tests may ignore these, and a fork would inherit that.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(str(task["folder"]))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for descriptor, name in ((1, "out"), (2, "err")):
        file = task["terminal"] or Path(str(task["outputs"]), name)
        os.dup2(os.open(str(file), os.O_WRONLY | os.O_CREAT | os.O_NOCTTY, 0o600), descriptor)
    if task["terminal"]:  # streams of a new process; those of the server belong to a file and a pipe
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
    words = task["words"]
    assert isinstance(words, list)
    status = 1
    try:
        if words[0] == "-c":
            _code(words[1])
        elif words[0].endswith(".py"):
            _script(words)
        else:
            _command(words)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
