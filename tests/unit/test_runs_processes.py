"""One process writes a run: others are refused, and a kill at any moment leaves a run that reads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from gannet.errors import UserError
from gannet.runs.reader import Run
from gannet.runs.writer import RunWriter


@pytest.fixture
def bare(trained) -> Path:
    """A run killed before its first step."""
    return trained("bare")


CHILD = """
import sys, time
from gannet.runs.writer import RunWriter
with RunWriter(sys.argv[1]) as writer:
    print("open", flush=True)
    step = 0
    while True:
        step += 1
        writer.event("terms", step, values={"d": float(step)}, text="x" * (step % 300))
        writer.frame(step % 20 + 1, {"real": [[0.0, 1.0]] * 50, "fake": [[1.0, 0.0]] * 50})
"""


def start_child(path: Path) -> subprocess.Popen:
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "open\n"
    return child


@pytest.mark.parametrize("delay", [0.02, 0.05, 0.11])
def test_killed_while_writing_leaves_a_run_that_reads_and_continues(bare, delay):
    path = bare
    for _ in range(2):
        before = (path / "events.jsonl").stat().st_size
        child = start_child(path)
        while (path / "events.jsonl").stat().st_size < before + 1000:
            time.sleep(0.001)
        time.sleep(delay)
        child.send_signal(signal.SIGKILL)
        child.wait()
    run = Run(path)
    numbers = [event.seq for event in run.events()]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > 2
    for _, file in run.frames():
        frame = run.load_frame(file)
        assert isinstance(frame, dict)
        assert frame["real"].shape == (50, 2)
    with RunWriter(path) as writer:  # the lock died with its holder
        writer.truncate_after(0)
    assert Run(path).events() == []
    assert list((path / "frames").iterdir()) == []


def test_one_writer_and_the_second_hears_who_the_first_is(bare):
    child = start_child(bare)
    try:
        with pytest.raises(UserError, match=rf"pid {child.pid} on host {os.uname().nodename}"):
            RunWriter(bare)
    finally:
        child.kill()
        child.wait()
    RunWriter(bare).close()


@pytest.mark.parametrize("end", ["parent closes", "parent is gone"])
def test_a_forked_worker_does_not_hold_the_lock(bare, end):
    writer = RunWriter(bare)
    ready, tell = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        worker = os.fork()
    if worker == 0:
        os.write(tell, b"x")
        time.sleep(30)
        os._exit(0)
    os.read(ready, 1)
    try:
        with pytest.raises(UserError, match="being written"):
            RunWriter(bare)
        if end == "parent closes":
            writer.close()
        else:
            writer._lock.forget()  # what the kernel does for a process that was killed
        RunWriter(bare).close()
    finally:
        writer.close()
        os.close(ready)
        os.close(tell)
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)
