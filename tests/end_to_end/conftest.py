"""The ``gannet`` command as a user gives it: in this process, or as the installed command where the process itself matters."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
from support.real_runs import trained, trained_once  # noqa: F401

COMMAND = Path(sys.executable).parent / "gannet"


@dataclass(frozen=True)
class Answer:
    status: int
    out: str
    err: str


@pytest.fixture(scope="session")
def environment(tmp_path_factory) -> dict[str, str]:
    keep = {k: v for k, v in os.environ.items() if not k.startswith("GANNET_")}
    return keep | {"GANNET_CACHE": str(tmp_path_factory.mktemp("cache")), "HF_HUB_OFFLINE": "1", "COLUMNS": "200"}


@pytest.fixture
def folder(tmp_path) -> Path:
    """An empty working folder."""
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


@pytest.fixture
def gannet(folder, environment, monkeypatch) -> Callable[..., Answer]:
    """``gannet("train", "ring")`` in the empty folder, in this process: a new process would spend seconds on importing torch."""
    from gannet import cli

    def call(*words: object) -> Answer:
        with monkeypatch.context() as patch, redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
            patch.chdir(folder)
            for name in set(os.environ) - set(environment):
                patch.delenv(name)
            for name, value in environment.items():
                patch.setenv(name, value)
            status = cli.run([*map(str, words)])
        return Answer(status, out.getvalue(), err.getvalue())

    return call


@pytest.fixture
def installed(folder, environment) -> Callable[..., Answer]:
    """The same as ``gannet`` through the installed command, for tests of what only a process has."""
    assert COMMAND.is_file(), f"the command is not installed beside {sys.executable}"

    def call(*words: object, timeout: float = 240) -> Answer:
        done = subprocess.run(
            [str(COMMAND), *map(str, words)], cwd=folder, env=environment, capture_output=True, text=True, timeout=timeout
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    return call
