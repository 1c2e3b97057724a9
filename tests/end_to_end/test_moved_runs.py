"""A run directory that is renamed, replaced or deleted while it trains: followed, or the end; never a ghost."""

import shutil

import pytest
from support.real_runs import SMALL, Person, train

import gannet.live.control
from gannet.cli.progress import TerminalReporter
from gannet.cli.train import conclude
from gannet.config.plan import DEFAULT_FLAGS, plan
from gannet.runs.reader import Run
from gannet.sessions.outcome import saved_step
from gannet.sessions.resume import resume
from gannet.sessions.train import start


class Heard(Person):
    def __init__(self, script):
        super().__init__(script)
        self.sentences: list[str] = []

    def warned(self, sentence):
        self.sentences.append(sentence)


@pytest.fixture(autouse=True)
def looks_at_every_step(monkeypatch):
    monkeypatch.setattr(gannet.live.control, "LOOK_SECONDS", 0.0)


def trained(path, act, **keys):
    person = Heard({25: [act]})
    given = SMALL | {"health.every": 0} | keys
    return start(plan("ring", recipe="gan", given=given, flags=DEFAULT_FLAGS | {"seed": 7}), path, person), person


@pytest.mark.parametrize("at_old_name", ["nothing", "another folder"])
def test_a_renamed_run_is_followed(tmp_path, monkeypatch, at_old_name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deep").mkdir()
    old, new = tmp_path / "run", tmp_path / "deep" / "other"

    def rename():
        old.rename(new)
        if at_old_name == "another folder":
            old.mkdir()

    outcome, heard = trained(old.relative_to(tmp_path), rename)
    assert (str(outcome.path), outcome.saved, outcome.is_deleted) == ("deep/other", 60, False)
    assert heard.sentences == ["run was renamed while it trains. Training continues in deep/other."]
    assert not old.exists() or list(old.iterdir()) == []
    assert Run(new).events()[-1].kind == "finish"
    assert [step for step, _ in Run(new).frames()] == [0, 10, 20, 30, 40, 50, 60]
    train(tmp_path / "whole", **SMALL | {"health.every": 0})
    for name in ("model", "average", "optimizers"):
        file = f"checkpoints/step-000000060/{name}.safetensors"
        assert (new / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()


@pytest.mark.filterwarnings("error::gannet.errors.GannetWarning")
def test_a_deleted_run_stops_training_and_is_not_made_again(tmp_path, capsys):
    """Without a word that training continues."""
    run = tmp_path / "run"
    outcome, _ = trained(run, lambda: shutil.rmtree(run))
    assert (outcome.is_deleted, outcome.saved, outcome.is_saved) == (True, None, False)
    assert outcome.step < 60
    assert conclude(TerminalReporter(), outcome) == 4
    said = capsys.readouterr().err
    assert f"{run} was deleted, or moved to another file system, while it trained" in said
    assert f"Training stopped at step {outcome.step}, which is not saved" in said
    assert not run.exists()


def test_a_run_that_is_deleted_in_part_stops_training(tmp_path):
    """``rm -r`` deletes the record, and then fails, because a checkpoint appears in the folder that it empties."""
    run = tmp_path / "run"

    def delete_files():
        for path in run.iterdir():
            if path.is_file():
                path.unlink()

    outcome, heard = trained(run, delete_files)
    assert outcome.is_deleted
    assert outcome.step < 60
    assert heard.sentences == [f"The checkpoint of step {outcome.step} was not written: the run directory was deleted."]
    assert sorted(path.name for path in run.iterdir() if path.is_file()) == []


def test_deleted_checkpoints_are_written_again(tmp_path):
    run = tmp_path / "run"
    outcome, _ = trained(run, lambda: shutil.rmtree(run / "checkpoints"))
    assert outcome.saved == saved_step(run) == 60


def test_a_run_copied_while_it_trains_resumes(tmp_path):
    run, copy = tmp_path / "run", tmp_path / "copy"
    trained(run, lambda: shutil.copytree(run, copy))
    resume(copy, Person())
    file = "checkpoints/step-000000060/model.safetensors"
    assert (copy / file).read_bytes() == (run / file).read_bytes()
