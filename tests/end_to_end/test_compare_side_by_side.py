"""``gannet compare --jobs``: the same tensors as one after the other; a dead process is a row; what was stopped
continues.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from test_train import _assert_same_bits, _wait_for_checkpoint, _weights

pytestmark = (
    pytest.mark.slow
)  # every process imports torch; tests/unit/test_comparison_processes.py tries the engine in seconds
TINY = ("--samples", "100", "--metrics", "w1", "hidden=16", "batch_size=16")


def _document(folder, name="c"):
    return json.loads((folder / name / "compare.json").read_text())


def _values(document):
    return [
        (r["recipe"], run["seed"], c["metric"], c["value"])
        for r in document["recipes"]
        for run in r["runs"]
        for c in run["cards"]
    ]


def _worker_of(run: Path) -> int:
    """The process that holds the lock of a run."""
    return int((run / "lock").read_text().split()[1])


def test_side_by_side_is_one_after_the_other(gannet, folder):
    words = ("compare", "ring", "--recipes", "gan,lsgan", "--seeds", "4-5", "--steps", "40", *TINY)
    alone = gannet(*words, "--out", "alone")
    assert alone.status == 0, alone
    both = gannet(*words, "--jobs", "2", "--out", "both")
    assert both.status == 0, both
    assert _values(_document(folder, "alone")) == _values(_document(folder, "both"))
    for run in ("gan/seed-4", "gan/seed-5", "lsgan/seed-4", "lsgan/seed-5"):
        _assert_same_bits(_weights(folder / "alone" / run), _weights(folder / "both" / run))
    # The folder is the same one, however its runs were made.
    again = gannet(*words, "--out", "both")
    assert again.err.count("is there already") == 4, again


def test_a_killed_process_is_a_row_and_continues(folder, begin, gannet):
    words = (
        "compare",
        "ring",
        "--recipes",
        "gan,lsgan",
        "--seeds",
        "1",
        "--steps",
        "800",
        *TINY,
        "checkpoint.every=50",
        "--out",
        "c",
    )
    process = begin(*words, "--jobs", "2")
    run = folder / "c" / "gan" / "seed-1"
    _wait_for_checkpoint(run, 50)
    os.kill(_worker_of(run), signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1, err
    assert "gan, seed 1: Its process was stopped by SIGKILL" in err
    assert "the same command continues from there" in err
    gan, other = _document(folder)["recipes"]
    assert gan["runs"][0]["status"] == "failed"
    assert gan["runs"][0]["step"] >= 50
    assert other["runs"][0]["status"] == "finished", "the other run was not ended"
    assert not _document(folder)["complete"]
    again = gannet(*words)
    assert again.status == 0, again
    assert "gan, seed 1, continues" in again.err
    assert "lsgan, seed 1, is there already" in again.err
    assert (
        gannet("train", "ring", "--recipe", "gan", "--steps", "800", "--seed", "1", "--out", "whole", *TINY[4:]).status
        == 0
    )
    _assert_same_bits(_weights(folder / "whole"), _weights(run))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_stops_all_with_checkpoints(folder, begin, number):
    words = (
        "compare",
        "ring",
        "--recipes",
        "gan,lsgan",
        "--seeds",
        "1",
        "--steps",
        "100000",
        *TINY,
        "checkpoint.every=100",
    )
    process = begin(*words, "--jobs", "2", "--out", "c")
    runs = [folder / "c" / name / "seed-1" for name in ("gan", "lsgan")]
    for run in runs:
        _wait_for_checkpoint(run, 100)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number, err
    assert "The same command continues from here" in err
    assert "Traceback" not in err
    for run in runs:
        last = json.loads((run / "events.jsonl").read_text().splitlines()[-1])
        assert (last["kind"], last["reason"]) == ("stop", "signal")
        assert (run / "checkpoints" / f"step-{last['step']:09d}").is_dir()


def test_workers_of_a_killed_comparison_stop_by_themselves(folder, begin):
    words = (
        "compare",
        "ring",
        "--recipes",
        "gan,lsgan",
        "--seeds",
        "1",
        "--steps",
        "100000",
        *TINY,
        "--jobs",
        "2",
        "--out",
        "c",
    )
    process = begin(*words, "checkpoint.every=100")
    runs = [folder / "c" / name / "seed-1" for name in ("gan", "lsgan")]
    for run in runs:
        _wait_for_checkpoint(run, 100)
    workers = [_worker_of(run) for run in runs]
    process.kill()
    process.communicate(timeout=60)
    until = time.monotonic() + 20
    while any(_is_alive(worker) for worker in workers) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(_is_alive(worker) for worker in workers)
    for run in runs:
        assert json.loads((run / "events.jsonl").read_text().splitlines()[-1])["kind"] == "stop"


def _is_alive(process: int) -> bool:
    status = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return bool(status) and not status.startswith("Z")
