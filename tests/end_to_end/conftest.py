"""The ``gannet`` command as a user gives it: words in, exit status and text out."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.real_runs import trained, trained_once  # noqa: F401
from support.warm import COMMAND, Begun


@dataclass(frozen=True)
class Answer:
    status: int
    out: str
    err: str


@pytest.fixture
def folder(tmp_path) -> Path:
    """An empty working folder."""
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


@pytest.fixture
def begin(folder, warm) -> Iterator[Callable[..., Begun]]:
    """``begin("train", "ring")`` does not wait until it ends. What still runs when the test is over is killed."""
    begun: list[Begun] = []

    def call(*words: object) -> Begun:
        begun.append(warm.start([str(word) for word in words], folder))
        return begun[-1]

    yield call
    for one in begun:
        one.kill()


@pytest.fixture
def gannet(folder, warm) -> Callable[..., Answer]:
    """``gannet("train", "ring")`` in the empty folder, in a separate process."""

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
