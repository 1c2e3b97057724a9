"""The command ``gannet`` in a process of its own, without the seconds that importing its libraries takes each time.

One server process imports the libraries and forks for every command line. A fork has its own working folder, output,
exit status and memory, as a new process has. It enters at ``gannet.__main__.main``, where the installed command enters
too. What depends on how a process starts (signals, terminals, pipes) is tested with the installed command itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

COMMAND = Path(sys.executable).parent / "gannet"
"""The installed command."""

IMPORTED = (
    "gannet.api", "gannet.sessions.resume", "gannet.evaluation.measure", "gannet.metrics.frechet",
    "gannet.reports.html",
    "gannet.doctor.diagnosis", "gannet.comparison.work", "sklearn.datasets", "scipy.stats", "ot", "PIL.Image",
)  # fmt: skip


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

    def run(self, words: list[str], folder: Path, timeout: float) -> tuple[int, str, str]:
        """Exit status, standard output and standard error of one command line in ``folder``."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        with tempfile.TemporaryDirectory() as outputs:
            task = {"words": words, "folder": str(folder), "outputs": outputs, "timeout": timeout}
            self._server.stdin.write(json.dumps(task) + "\n")
            self._server.stdin.flush()
            answer = self._server.stdout.readline()
            assert answer, "the process that runs the commands has ended"
            out, err = (Path(outputs, name).read_text(encoding="utf-8") for name in ("out", "err"))
        return int(answer), out, err

    def close(self) -> None:
        """End the server."""
        self._server.communicate(timeout=60)


def serve() -> None:
    """Read tasks from standard input, fork for each, and write its exit status to standard output."""
    from importlib import import_module

    for module in IMPORTED:
        import_module(module)
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        task = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(task)
        _, status = os.waitpid(child, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
        answers.flush()


def _command(words: list[str]) -> None:
    from gannet.__main__ import main

    sys.argv = ["gannet", *words]
    main()


def _script(words: list[str]) -> None:
    """As ``python FILE.py ...`` does."""
    import runpy

    sys.argv, sys.path[0] = words, str(Path(words[0]).parent)
    runpy.run_path(words[0], run_name="__main__")


def _become(task: Mapping[str, object]) -> None:
    """Run one command line of Gannet, or a script, in this process, which ends."""
    import signal

    signal.alarm(int(float(str(task["timeout"]))))
    os.chdir(str(task["folder"]))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for descriptor, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(Path(str(task["outputs"]), name), os.O_WRONLY | os.O_CREAT, 0o600), descriptor)
    words = task["words"]
    assert isinstance(words, list)
    status = 1
    try:
        _script(words) if words[0].endswith(".py") else _command(words)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
