"""Whatever ends a training, nothing that has trained is deleted, and the end says which step is saved."""

import json
import os
import re
import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest
from support.real_runs import Person, resume
from support.warm import COMMAND, Begun

from gannet import cli
from gannet.config.plan import DEFAULT_FLAGS, plan
from gannet.doctor.diagnosis import diagnose
from gannet.errors import TrainingFailed, UserError
from gannet.runs.reader import Run
from gannet.runs.records import Event
from gannet.sessions.resume import train_again
from gannet.sessions.train import start
from gannet.training import checkpoint

LONG = "train ring --recipe gan --out run hidden=16 batch_size=16 checkpoint.every=100000 health.every=0".split()
RECIPE = """
import gannet
from gannet.errors import UserError
from gannet.losses.non_saturating import NonSaturating
from gannet.recipes.gan import gan


class Failing(NonSaturating):
    calls = 0

    def generator(self, fake, real):
        Failing.calls += 1
        if Failing.calls > {after}:
            raise {error}
        return super().generator(fake, real)


@gannet.recipe(kind="points")
def failing(form, *, steps: int = 90, batch_size: int = 16, hidden: int = 16) -> gannet.Experiment:
    return gan(form, steps=steps, batch_size=batch_size, hidden=hidden, loss=Failing())
"""
ERRORS = {
    "UserError": "UserError('this batch is not liked')",
    "RuntimeError": "RuntimeError('shape')",
    "MemoryError": "MemoryError()",
    "KeyboardInterrupt": "KeyboardInterrupt()",
    "SystemExit": "SystemExit(1)",
}


def steps_of(run: Path) -> list[int]:
    return [
        int(path.name.removeprefix("step-"))
        for path in checkpoint.newest_first(run / "checkpoints")
        if not checkpoint.problems(path)
    ]


def last_event(run: Path) -> Event:
    return Run(run).events()[-1]


def test_a_repeated_edit_to_the_value_that_holds_does_nothing(trained, tmp_path):
    edited = trained("commanded")
    again = tmp_path / "again"
    train_again(edited, None, {"optimizer.generator.lr": 0.01}, again, Person())
    assert steps_of(again)[0] == Run(again).record.arguments["steps"]


def test_a_journal_that_other_keys_make_impossible_is_refused_before_anything_is_made(trained, tmp_path):
    """The failed run's journal edits a field of the loss that another loss does not have."""
    again = tmp_path / "again"
    with pytest.raises(UserError, match="command of step 50 cannot be repeated"):
        train_again(trained("failed"), None, {"loss": "hinge"}, again, Person())
    assert not again.exists()


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize(("after", "kept"), [(1, [1]), (51, [51, 40])])
def test_an_exception_in_a_turn_deletes_nothing(tmp_path, error, after, kept):
    """The first two calls are the rehearsal's; the loss fails after one step of the training, or after 51."""
    recipe = tmp_path / "failing.py"
    recipe.write_text(RECIPE.format(after=after + 2, error=ERRORS[error]))
    run = tmp_path / "run"
    planned = plan(
        "ring",
        recipe=str(recipe),
        given={"checkpoint.every": 20, "frames.every": 0, "health.every": 0},
        flags=DEFAULT_FLAGS,
    )
    with pytest.raises(BaseException) as caught:  # noqa: PT011
        start(planned, run, Person())
    is_failure = error in ("RuntimeError", "MemoryError")
    assert type(caught.value.__cause__ if is_failure else caught.value).__name__ == error
    assert isinstance(caught.value, TrainingFailed) == is_failure
    assert steps_of(run) == kept
    event = last_event(run)
    assert (event.kind, event.reason, event.step) == ("stop", "error", after)
    assert event.text.startswith("this batch" if error == "UserError" else error)
    if is_failure or error == "UserError":
        assert f"Step {after} is saved." in str(caught.value)
    assert error in (run / "crash" / f"step-{after:09d}.txt").read_text()


def test_bad_input_that_shows_before_the_first_step_leaves_nothing(tmp_path):
    recipe = tmp_path / "failing.py"
    recipe.write_text(RECIPE.format(after=0, error=ERRORS["UserError"]))
    with pytest.raises(UserError):
        start(plan("ring", recipe=str(recipe), given={}, flags=DEFAULT_FLAGS), tmp_path / "run", Person())
    assert not (tmp_path / "run").exists()


def test_a_failing_fork_keeps_what_it_trained(trained, tmp_path, monkeypatch):
    from gannet.training.trainer import Trainer

    parent, play = trained("points"), Trainer.play

    def failing(self):
        if self.step == 130:
            raise UserError("no more")
        return play(self)

    monkeypatch.setattr(Trainer, "play", failing)
    fork = tmp_path / "fork"
    with pytest.raises(UserError, match="no more Step 130 is saved"):
        train_again(parent, 100, {"checkpoint.every": 20, "steps": 200}, fork, Person())
    assert steps_of(fork)[:2] == [130, 120]
    monkeypatch.undo()
    assert resume(fork, Person()).step == 200


def test_a_compared_run_that_was_killed_early_is_continued(tmp_path, monkeypatch, trained):
    """It has events but no checkpoint: it used to be removed."""
    import shutil

    from gannet.api import compare

    monkeypatch.chdir(tmp_path)
    keys = {"hidden": 16, "batch_size": 16, "frames.every": 0, "health.every": 0}
    settings = {
        "seeds": [0],
        "metrics": ["w2"],
        "samples": 50,
        "out": tmp_path / "c",
        "steps": 30,
        "keys": keys,
        "quiet": True,
    }
    compare("ring", ["gan"], **settings)
    run = tmp_path / "c" / "gan" / "seed-0"
    shutil.rmtree(run / "checkpoints")
    (run / "checkpoints").mkdir()
    (run / "notes.txt").write_text("mine")
    compare("ring", ["gan"], **settings)
    assert (run / "notes.txt").read_text() == "mine"
    assert steps_of(run) == [30]


def hears_hangups() -> None:
    """For the process under test: whoever runs the tests may ignore SIGHUP, and a child would inherit that."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def begun(run: Path, process: subprocess.Popen | Begun) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        if Run.is_at(run) and any(event.kind == "terms" for event in Run(run).events()):
            return
        time.sleep(0.05)
    raise AssertionError(process.communicate())


@pytest.mark.parametrize("number", [signal.SIGHUP, pytest.param(signal.SIGTERM, marks=pytest.mark.slow), signal.SIGINT])
def test_signals_stop_with_a_checkpoint(begin, folder, number):
    process = begin(*LONG, "--steps", "100000")
    begun(folder / "run", process)
    process.send_signal(number)
    said = process.communicate(timeout=60)[1]
    step = last_event(folder / "run").step
    assert process.returncode == 128 + number
    assert steps_of(folder / "run") == [step]
    assert f"Stopped by {number.name}. Step {step} is saved. Continue with: gannet resume run" in said
    assert last_event(folder / "run").reason == "signal"


@pytest.mark.parametrize("where", ["pipe", pytest.param("terminal", marks=pytest.mark.slow)])
def test_a_reader_that_goes_away_stops_training_with_a_checkpoint(folder, environment, where):
    reader, writer = os.openpty() if where == "terminal" else os.pipe()
    words = [COMMAND, *LONG, "--steps", "100000"]
    process = subprocess.Popen(
        words, cwd=folder, env=environment, stderr=writer, start_new_session=True, preexec_fn=hears_hangups
    )
    os.close(writer)
    os.read(reader, 10)
    begun(folder / "run", process)
    os.close(reader)
    assert process.wait(timeout=60) == 128 + signal.SIGHUP
    event = last_event(folder / "run")
    assert (event.kind, event.reason, event.text) == ("stop", "signal", "SIGHUP")
    assert steps_of(folder / "run") == [event.step]


def test_output_that_nobody_reads_does_not_change_the_exit_status(folder, environment):
    """``gannet --version | true``: the line waits in a buffer until the process ends."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [str(COMMAND), "--version"]
    for more in ({}, {"PYTHONUNBUFFERED": "1"}):  # then, and for long outputs, the line is written at once
        done = subprocess.run(
            command, cwd=folder, env=environment | more, stdout=writing, stderr=subprocess.PIPE, text=True
        )
        assert (done.returncode, done.stderr) == (0, "")
    os.close(writing)


@pytest.mark.parametrize(("words", "status"), [(["sample", "nothing"], 2), (["data"], 0), (["no-such-verb"], 2)])
def test_a_message_that_nobody_reads_does_not_change_the_exit_status(folder, environment, words, status):
    """``gannet ... 2>&1 | true``: a message on stderr is written at once, and fails at once."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([COMMAND, *words], cwd=folder, env=environment, stdout=writing, stderr=writing)
    os.close(writing)
    assert done.returncode == status


@pytest.mark.parametrize("closed", [(2,), pytest.param((0, 1, 2), marks=pytest.mark.slow)])
def test_a_stream_that_is_closed_from_the_beginning_changes_nothing(folder, environment, closed):
    """``2>&-``: the number of the stream must not go to a file of the run, where libraries would write."""
    words = [COMMAND, *LONG, "--steps", "3"]
    done = subprocess.run(words, cwd=folder, env=environment, preexec_fn=lambda: list(map(os.close, closed)))
    assert done.returncode == 0
    assert steps_of(folder / "run") == [3]


def test_nohup_trains_on_without_a_reader(folder, environment):
    reader, writer = os.pipe()
    words = ["nohup", str(COMMAND), *LONG, "--steps", "400"]
    process = subprocess.Popen(
        words, cwd=folder, env=environment, stderr=writer, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    )
    os.close(writer)
    os.close(reader)
    assert process.wait(timeout=90) == 0
    assert steps_of(folder / "run") == [400]


@pytest.mark.parametrize("ends", ["finished", "signal"])
def test_a_full_disk_is_said_at_the_end(folder, environment, ends):
    """No file may grow above the size of the optimizers' state: safetensors then fails as on a full disk."""
    words = [
        COMMAND,
        "train",
        "ring",
        "--recipe",
        "gan",
        "--out",
        "run",
        "checkpoint.every=50",
        "health.every=0",
        "frames.every=0",
    ]
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))  # noqa: E731
    steps = "200" if ends == "finished" else "100000"
    process = subprocess.Popen(
        [*words, "--steps", steps], cwd=folder, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=limit
    )
    if ends == "signal":
        begun(folder / "run", process)
        process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=90)[1]
    step = last_event(folder / "run").step
    assert process.returncode == (4 if ends == "finished" else 143), said
    assert f"Step {step} is not saved: there is no checkpoint." in said
    assert re.search(r"The checkpoint of step \d+ was not written: ", said), said
    assert "Traceback" not in said
    assert "is saved." not in said.replace("is not saved", "")
    assert [path.name for path in (folder / "run" / "checkpoints").iterdir()] == []
    [complaint] = [complaint for complaint in diagnose(folder / "run").complaints if complaint.rule == "recorded"]
    assert "Free space" in complaint.suggestion


def test_the_end_lists_the_alarms(trained, capsys):
    run = trained("alarmed")
    alarms = [event for event in Run(run).events() if event.kind == "health" and event.severity == "alarm"]
    assert alarms
    record = json.loads((run / "run.json").read_text())["arguments"]
    keys = [
        f"{key}={value}"
        for key, value in record.items()
        if key in ("hidden", "batch_size", "steps", "optimizer.generator.lr")
    ]
    assert (
        cli.run(
            [
                "train",
                "ring",
                "--recipe",
                "gan",
                "--seed",
                "7",
                "health.every=5",
                *keys,
                "--out",
                str(run.parent / "same"),
            ]
        )
        == 0
    )
    said = capsys.readouterr().err
    assert f"{len(alarms)} alarm" in said
    assert all(f"step {event.step}: {event.rule}: {event.text}" in said for event in alarms)
