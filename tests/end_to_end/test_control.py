"""Control of a training process through its run directory, from another process."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from gannet.dashboard.launch import start
from gannet.errors import UserError
from gannet.runs.commands import answer, submit
from gannet.runs.reader import Run

KEYS = ("--recipe", "particle-gan", "hidden=8", "prior.count=16", "batch_size=8", "health.every=0")


def _weights(run):
    newest = sorted((run / "checkpoints").iterdir())[-1]
    return newest.name, {
        f"{file.stem}/{k}": v.tobytes() for file in newest.glob("*.safetensors") for k, v in load_file(file).items()
    }


def _until(is_so, what):
    for _ in range(2400):
        if found := is_so():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not in two minutes")


@pytest.fixture
def training(begin, folder):
    """A training in ``run`` that has begun."""

    def call(*words):
        process = begin(*words)
        _until(lambda: '"start"' in _events(folder / "run"), "training begins")
        return process

    return call


def _events(run):
    return (run / "events.jsonl").read_text() if (run / "events.jsonl").exists() else ""


def _do(run, name, **arguments):
    number = submit(run, name, arguments)
    return _until(lambda: answer(run, number), f"an answer to {name}")


def test_a_commanded_run_is_journaled_and_trained_again_bit_for_bit(gannet, training, folder):
    run = folder / "run"
    process = training("train", "ring", *KEYS, "--steps", "400", "--out", "run")
    step = _do(run, "pause").step
    assert 0 <= step < 400
    time.sleep(0.3)
    assert _do(run, "step", player="discriminator", count=3).step == step, "the step counter stood still"
    assert _do(run, "set", key="optimizer.generator.lr", value=1e-3).outcome == "applied"
    assert _do(run, "set", key="penalty.gamma", value=0.5).outcome == "applied"
    assert _do(run, "set", key="penalty.gamma", value=-1.0).outcome == "refused"
    _do(run, "snapshot")
    _until(lambda: (run / "checkpoints" / f"step-{step:09d}").is_dir(), "a checkpoint")
    _do(run, "step", count=5)
    _until(lambda: (run / "frames" / f"{step + 5:09d}.npz").exists(), "five steps, and a frame of where they end")
    assert _do(run, "slow").step == step + 5
    _until(lambda: list((run / "slow").glob("*.npz")) if (run / "slow").exists() else [], "slow motion")
    _do(run, "go")
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "command 1, pause: applied" in err
    assert json.loads(_events(run).splitlines()[-1])["kind"] == "finish"

    with pytest.raises(UserError, match="not being trained now"):
        submit(run, "pause", {})
    answered = gannet("train", "run", "--out", "again")
    assert answered.status == 0, answered
    assert _weights(folder / "again") == _weights(run)
    shown = gannet("train", "run@77", "--out", "fork")
    assert shown.status == 2
    assert "no checkpoint of step 77" in shown.err
    assert not (folder / "fork").exists()


def test_stop_is_graceful(gannet, training, folder):
    run = folder / "run"
    process = training("train", "ring", *KEYS, "--steps", "400000", "--out", "run")
    step = _do(run, "pause").step + 3
    _do(run, "step", count=3)
    _until(lambda: (run / "frames" / f"{step:09d}.npz").exists(), "three steps")
    stopped = _do(run, "stop").step
    assert stopped == step
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "gannet resume run" in err
    assert "Traceback" not in err
    last = json.loads(_events(run).splitlines()[-1])
    assert (last["kind"], last["step"], last.get("text")) == ("stop", stopped, None), "a text would mean the guard"
    assert _weights(run)[0] == f"step-{stopped:09d}"
    assert gannet("resume", "run", "--steps", stopped + 5).status == 0


def test_a_kill_between_a_command_and_its_answer(gannet, training, folder):
    run = folder / "run"
    words = ["train", "ring", *KEYS, "--steps", "300", "checkpoint.every=50"]
    process = training(*words, "--out", "run")
    _do(run, "pause")
    _do(run, "set", key="optimizer.generator.lr", value=1e-3)
    process.send_signal(signal.SIGSTOP)
    number = submit(run, "set", {"key": "optimizer.generator.lr", "value": 5.0})
    process.kill()
    process.communicate()
    assert answer(run, number) is None
    done = gannet("resume", "run")
    assert done.status == 0, done
    given = answer(run, number)
    assert given is not None
    assert given.outcome == "refused"
    assert "send it again" in given.text
    assert gannet("train", "run", "--out", "again").status == 0
    assert _weights(folder / "again") == _weights(run)


def test_a_paused_run_hears_signals_and_burns_no_processor(training, folder):
    process = training("train", "ring", *KEYS, "--steps", "400000", "--out", "run")
    _do(folder / "run", "pause")
    before = _processor_seconds(process.pid)
    time.sleep(1)
    assert _processor_seconds(process.pid) - before < 0.2
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 143


def _processor_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_training_started_by_another_process(tmp_path):
    keys = {"hidden": 8, "prior.count": 16, "batch_size": 8}
    pid = start("ring", tmp_path / "run", recipe="particle-gan", steps=30, keys=keys)
    assert pid > 0
    _until(lambda: '"finish"' in _events(tmp_path / "run"), "the end")
    assert Run(tmp_path / "run").record.arguments["steps"] == 30
    with pytest.raises(UserError, match="Did you mean 'hidden'"):
        start("ring", tmp_path / "other", keys={"hiden": 8})
    assert not (tmp_path / "other").exists()
    with pytest.raises(UserError, match="already contains a run"):
        start("ring", tmp_path / "run")
