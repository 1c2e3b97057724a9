"""The ``gannet`` command as a user gives it: words in, exit status and text out."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.real_runs import trained, trained_once  # noqa: F401
from support.warm import COMMAND, Warm


@dataclass(frozen=True)
class Answer:
    status: int
    out: str
    err: str


@pytest.fixture(scope="session")
def environment(tmp_path_factory) -> dict[str, str]:
    # Python's output is buffered, as a user's is, even if the tests run with PYTHONUNBUFFERED.
    keep = {k: v for k, v in os.environ.items() if not k.startswith("GANNET_") and k != "PYTHONUNBUFFERED"}
    return keep | {"GANNET_CACHE": str(tmp_path_factory.mktemp("cache")), "HF_HUB_OFFLINE": "1", "COLUMNS": "200"}


@pytest.fixture
def folder(tmp_path) -> Path:
    """An empty working folder."""
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


@pytest.fixture(scope="session")
def warm(environment) -> Iterator[Warm]:
    server = Warm(environment)
    yield server
    server.close()


@pytest.fixture
def gannet(folder, warm) -> Callable[..., Answer]:
    """``gannet("train", "ring")`` in the empty folder, in a process of its own."""

    def call(*words: object, timeout: float = 240) -> Answer:
        return Answer(*warm.run([str(word) for word in words], folder, timeout))

    return call


@pytest.fixture
def installed(folder, environment) -> Callable[..., Answer]:
    """The same through the installed command."""
    assert COMMAND.is_file(), f"the command is not installed: {COMMAND}"

    def call(*words: object, timeout: float = 240) -> Answer:
        done = subprocess.run(
            [str(COMMAND), *map(str, words)],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    return call
