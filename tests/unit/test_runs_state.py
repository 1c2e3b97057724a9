"""How a run stands, on runs that training made, and the same words wherever a person reads them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import real_runs
from support.real_runs import Person, train

from gannet.cli import run as command
from gannet.dashboard.library import newest_run
from gannet.doctor.diagnosis import diagnose
from gannet.reports.html import report
from gannet.runs.commands import submit
from gannet.runs.lock import RunLock
from gannet.runs.reader import Run
from gannet.runs.state import RunState, state_of
from gannet.sessions.fork import repeat
from gannet.sessions.outcome import has_trained
from gannet.sessions.resume import resume

KEYS: dict[str, Any] = dict(real_runs.SMALL)
STANDS = {
    "points": ("finished", 300),
    "again": ("finished", 60),
    "forked": ("finished", 160),
    "commanded": ("stopped by a command", 40),
    "signalled": ("stopped by a signal", 30),
    "failed": ("stopped by its guard", 50),
    "killed": ("interrupted", 20),
    "bare": ("empty", 0),
}


def state(path: Path) -> RunState:
    return state_of(path, Run(path).events())


def until(path: Path, word: str) -> RunState:
    for _ in range(600):
        if Run.is_at(path) and (now := state(path)).word == word:
            return now
        time.sleep(0.05)
    raise AssertionError(f"{path} never was {word}")


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("name", STANDS)
def test_every_reader_says_the_same(
    trained: Callable[..., Path], name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, (words, step) = trained(name), STANDS[name]
    found = state(path)
    assert (str(found), found.step) == (words, step)
    assert not found.is_live
    assert (diagnose(path).state, diagnose(path).step) == (words, step)
    seen = newest_run(path)
    assert seen.state() == found, "the follower keeps less than all events, and the answer is the same"
    assert (seen.summary()["state"], seen.summary()["step"]) == (found.word, step)
    report(Run(path), tmp_path / "report.html")
    assert f"<dt>State</dt><dd>{words}</dd>" in (tmp_path / "report.html").read_text()
    assert command(["watch", str(path), "--terminal"]) == 0
    assert f"{name}  {words}, step {step:,}" in capsys.readouterr().out


def test_a_run_that_has_not_begun_is_empty(trained: Callable[..., Path], tmp_path: Path) -> None:
    repeat(trained("points"), {}, tmp_path / "run")
    assert state(tmp_path / "run").word == "empty"
    assert not has_trained(tmp_path / "run")
    assert diagnose(tmp_path / "run").state == "empty"
    lock = RunLock(tmp_path / "run")
    assert state(tmp_path / "run").word == "running", "a process prepares its first step"
    lock.release()


def test_a_failure_is_a_stop_with_its_reason(tmp_path: Path) -> None:
    def fail() -> None:
        raise RuntimeError("The projector fell over.")

    with pytest.raises(RuntimeError):
        train(tmp_path / "run", person=Person({30: [fail]}), **KEYS)
    found = state(tmp_path / "run")
    assert (found.word, found.reason, str(found), found.step) == ("stopped", "error", "stopped by a failure", 30)
    assert found.event is not None
    assert "The projector fell over" in found.event.text


def test_a_process_that_runs_pauses_and_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "run"
    words = ["train", "ring", "--recipe", "gan", "--out", str(path), "--steps", "10000000", "hidden=8", "batch_size=8"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gannet", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(path, "running")
        submit(path, "pause", {})
        paused = until(path, "paused")
        assert paused.is_live
        assert newest_run(path).summary()["paused"]
        assert diagnose(path).state == "paused"
        submit(path, "go", {})
        assert time.time() - until(path, "running").seen < 60
        assert not newest_run(path).summary()["paused"]
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        killed = until(path, "interrupted")
        assert killed.reason is None
        assert newest_run(path).summary()["state"] == "interrupted"
    finally:
        process.kill()
        process.wait()


def test_a_session_begins_unpaused(tmp_path: Path) -> None:
    """A run that was stopped while it was paused, and resumed: the pause was of the earlier session."""
    path = tmp_path / "run"
    train(path, person=Person({30: [("pause", {}), ("stop", {})]}), **KEYS)
    assert str(state(path)) == "stopped by a command"
    seen = []
    resume(path, Person({40: [lambda: seen.append(state(path).word)]}))
    assert seen == ["running"]
    assert state(path).word == "finished"
