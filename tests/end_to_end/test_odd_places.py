"""Run directories that are links or mounts, whose files are deleted or replaced while they train, and odd signals."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.real_runs import SMALL, Person, train

from gannet import cli
from gannet.config.plan import DEFAULT_FLAGS, plan
from gannet.errors import GannetWarning, UserError
from gannet.runs.lock import RunLock, is_held
from gannet.runs.reader import Run
from gannet.runs.writer import RunWriter
from gannet.sessions.resume import resume
from gannet.sessions.train import start
from gannet.training import checkpoint

QUICK = SMALL | {"health.every": 0, "frames.every": 0}
WORDS = "train ring --recipe gan hidden=8 batch_size=8 health.every=0 frames.every=0 --steps 3".split()


def same(one: Path, other: Path) -> bool:
    file = "checkpoints/step-000000060/model.safetensors"
    return (one / file).read_bytes() == (other / file).read_bytes()


@pytest.mark.filterwarnings("ignore::gannet.errors.GannetWarning")
def changed_while_it_trains(path: Path, act) -> None:
    """A training of 60 steps in ``path``; ``act`` is called after step 25."""
    start(plan("ring", recipe="gan", given=QUICK, flags=DEFAULT_FLAGS | {"seed": 7}), path, Person({25: [act]}))


def test_a_link_to_an_empty_folder_is_a_run_directory(tmp_path, capsys):
    (tmp_path / "disk").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "disk")
    assert cli.run([*WORDS, "--out", str(tmp_path / "run")]) == 0
    assert (tmp_path / "run").is_symlink()
    assert cli.run(["resume", str(tmp_path / "run"), "--steps", "5"]) == 0
    assert checkpoint.newest_step(tmp_path / "disk/checkpoints") == 5
    assert [path.name for path in (tmp_path / "disk").glob(".*")] == []


def test_the_working_folder_is_a_run_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = os.stat(tmp_path).st_ino
    assert cli.run([*WORDS, "--out", "."]) == 0
    assert checkpoint.newest_step(tmp_path / "checkpoints") == 3
    assert os.stat(tmp_path).st_ino == before


def test_a_link_that_did_not_train_is_left_as_it_was(tmp_path, monkeypatch):
    (tmp_path / "disk").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "disk")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gannet.sessions.train.Scores", interrupt)
    assert cli.run([*WORDS, "--out", str(tmp_path / "run")]) == 130
    assert (tmp_path / "run").is_symlink()
    assert list((tmp_path / "disk").iterdir()) == []


def test_a_link_to_nowhere_is_named(tmp_path, capsys):
    (tmp_path / "run").symlink_to("nowhere")
    assert cli.run([*WORDS, "--out", str(tmp_path / "run")]) == 2
    assert "is a link to nowhere, which does not exist" in capsys.readouterr().err


def test_a_mount_is_a_run_directory(tmp_path):
    """As a container has it: --out names a volume. It fills while the run trains and is read-only when it resumes."""
    (tmp_path / "disk").mkdir()
    words = f"{sys.executable} -m gannet"
    disk = tmp_path / "disk"
    script = (
        f"mount -t tmpfs -o size=2m none {disk} || exit 99; {words} {' '.join(WORDS)} --out {disk} && "
        f"{words} resume {disk} --steps 5 && mount -o remount,ro {disk} && {words} resume {disk} --steps 7; "
        f"echo status $?; ls {disk}/checkpoints"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(["unshare", "-rm", "bash", "-c", script], capture_output=True, text=True, env=environment)
    if done.returncode == 99 or "unshare" in done.stderr:
        pytest.skip("this machine does not let a test mount a small disk")
    assert done.stdout.split() == ["status", "2", "step-000000003", "step-000000005"], done.stderr
    assert f"Cannot write in {disk}: Read-only file system." in done.stderr


def test_a_run_has_one_writer_if_its_lock_is_deleted(trained):
    """Two processes trained the same run."""
    run = trained("points")
    with RunWriter(run):
        (run / "lock").unlink()
        assert is_held(run)
        with pytest.raises(UserError, match="is being written by"):
            RunLock(run)
    RunLock(run).release()


def test_deleted_records_begin_again(tmp_path, trained):
    """They went to a file without a name, and nothing said so."""
    run = tmp_path / "run"
    with pytest.warns(GannetWarning, match=r"events\.jsonl was deleted\. It begins again"):
        changed_while_it_trains(run, (run / "events.jsonl").unlink)
    assert Run(run).events()[-1].kind == "finish"
    assert min(event.step for event in Run(run).events()) > 0
    assert resume(run, Person(), steps=70).saved == 70


def test_a_journal_survives_the_deletion_of_its_file(trained):
    run = trained("commanded")
    commands = [event for event in Run(run).events() if event.kind == "command"]
    assert commands
    with RunWriter(run) as writer:
        (run / "events.jsonl").unlink()
        with pytest.warns(GannetWarning, match="was deleted"):
            writer.event("warning", 40, text="later")
    assert [event for event in Run(run).events() if event.kind == "command"] == commands


@pytest.mark.filterwarnings("ignore::gannet.errors.GannetWarning")
@pytest.mark.parametrize("place", ["frames", "checkpoints", "events.jsonl"])
def test_a_file_where_a_folder_belongs_is_one_sentence(tmp_path, capsys, place):
    """And a folder where a file belongs. Training continues; a resume asks for a remedy."""
    run = tmp_path / "run"

    def replace():
        (run / place).rename(run / "kept")
        (run / place).mkdir() if place == "events.jsonl" else (run / place).touch()

    changed_while_it_trains(run, replace)
    assert cli.run(["resume", str(run), "--steps", "70"]) in (0, 2, 4)
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert place in said
    assert "free some disk space" not in said


def test_a_checkpoint_that_becomes_a_pipe_is_not_waited_for(tmp_path):
    run = tmp_path / "run"

    def replace():
        file = run / "checkpoints/step-000000020/model.safetensors"
        file.unlink()
        os.mkfifo(file)

    changed_while_it_trains(run, replace)
    train(tmp_path / "whole", **QUICK)
    assert same(run, tmp_path / "whole")
    shutil.rmtree(run / "checkpoints/step-000000060")
    resume(run, Person())
    assert same(run, tmp_path / "whole")


SENT = [signal.SIGUSR1, *(pytest.param(number, marks=pytest.mark.slow) for number in (signal.SIGUSR2, signal.SIGXCPU))]


@pytest.mark.parametrize("number", SENT)
def test_what_batch_systems_send_stops_with_a_checkpoint(begin, folder, number):
    process = begin(*WORDS[:-1], "100000", "--out", "run")
    until = time.monotonic() + 120
    while not (Run.is_at(folder / "run") and any(event.kind == "terms" for event in Run(folder / "run").events())):
        assert time.monotonic() < until
        time.sleep(0.02)
    process.send_signal(number)
    said = process.communicate()[1]
    step = Run(folder / "run").events()[-1].step
    assert process.returncode == 128 + number
    assert f"Stopped by {number.name}. Step {step} is saved." in said
