"""What job scripts and people with many runs need: --resume, --max-time, status, stop, clean."""

from __future__ import annotations

import json
import os
import time

import pytest
from support.real_runs import Person
from test_train import _assert_same_bits, _wait_for_checkpoint, _weights

from gannet.sessions.resume import resume

TRAIN = ("train", "ring", "--recipe", "gan", "hidden=16", "batch_size=16", "--out", "run", "--resume")
DEAD = 2**22 - 7
"""A process number that no process has: above what Linux gives by default."""


def test_one_command_starts_continues_and_recognises_the_end(gannet, begin, folder):
    words = (*TRAIN, "--steps", "200", "checkpoint.every=20")
    # What a process leaves that is killed before the run has its name.
    (folder / f".run.tmp-{DEAD}").mkdir()
    process = begin(*words)
    _wait_for_checkpoint(folder / "run", 20)
    process.kill()
    process.communicate()
    answer = gannet(*words)
    assert answer.status == 0, answer
    assert "Step 200 is saved" in answer.err
    finished = (folder / "run" / "events.jsonl").read_bytes()
    again = gannet(*words)
    assert again.status == 0, again
    assert "already has all 200 steps" in again.err
    assert (folder / "run" / "events.jsonl").read_bytes() == finished
    whole = ["whole" if word == "run" else word for word in words if word != "--resume"]
    assert gannet(*whole).status == 0
    _assert_same_bits(_weights(folder / "whole"), _weights(folder / "run"))


def test_a_run_with_other_settings_is_refused_with_the_differences(gannet, folder):
    assert gannet(*TRAIN, "--steps", "4").status == 0
    before = {path: path.read_bytes() for path in (folder / "run").rglob("*") if path.is_file()}
    answer = gannet(*TRAIN, "--steps", "9", "--seed", "3", "loss=hinge", "data.radius=3")
    assert answer.status == 2
    for difference in (
        "steps (4 there, 9",
        "seed (0 there, 3",
        "loss (non-saturating there, hinge",
        "data.radius (2.0 there, 3.0",
    ):
        assert f"{difference} now)" in answer.err, answer.err
    assert {path: path.read_bytes() for path in (folder / "run").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("left", ["nothing", "an empty folder", "notes"])
def test_what_is_not_a_run_yet(gannet, folder, left):
    if left != "nothing":
        (folder / "run").mkdir()
    if left == "notes":
        (folder / "run" / "notes.txt").write_text("mine")
    answer = gannet(*TRAIN, "--steps", "2")
    assert answer.status == (2 if left == "notes" else 0), answer
    assert left != "notes" or "is not empty" in answer.err


def test_resume_needs_a_place(gannet):
    assert "--resume needs --out" in gannet("train", "ring", "--resume").err


def test_a_training_stops_at_its_time_limit(gannet, folder):
    began = time.monotonic()
    answer = gannet(*TRAIN, "--steps", "1000000", "--max-time", "0.05m")
    assert answer.status == 0, answer
    assert time.monotonic() - began > 3
    assert "Stopped at the time limit. Step" in answer.err
    [row] = json.loads(gannet("status", "--json").out)
    assert row["state"] == "stopped at its time limit"
    assert 0 < row["step"] < row["steps"] == 1_000_000
    assert "time limit" in gannet("doctor", "run").out


@pytest.mark.parametrize("text", ["banana", "0", "-3h", "3x", "1e9h", "inf"])
def test_what_is_not_a_time(gannet, folder, text):
    answer = gannet("train", "ring", f"--max-time={text}")
    assert answer.status == 2
    assert "is not a time" in answer.err
    assert not list(folder.iterdir())


def test_status_and_stop(gannet, begin, folder, trained):
    os.rename(trained("points"), folder / "finished")
    os.rename(trained("killed"), folder / "killed")
    long = 20 * "long-name-"
    os.rename(trained("points"), folder / long)
    damaged = trained("bare")
    (damaged / "run.json").write_text("{")
    os.rename(damaged, folder / "damaged")
    process = begin(*TRAIN, "--steps", "1000000", "checkpoint.every=50", "--quiet")
    _wait_for_checkpoint(folder / "run", 50)
    rows = {row["run"]: row for row in json.loads(gannet("status", "--json").out)}
    assert {name: row["state"] for name, row in rows.items()} == {
        "damaged": "damaged", "finished": "finished", "killed": "interrupted", "run": "running",
        long: "finished",
    }  # fmt: skip
    assert rows["finished"]["step"] == rows["finished"]["steps"] == 300
    shown = gannet("status").out
    assert "300 of 300" in shown
    assert "run.json" in shown
    assert f"\n{long}\n" in shown, "no name is divided"
    answer = gannet("stop", "run")
    assert answer.status == 0, answer
    assert process.wait(timeout=60) == 0
    assert answer.out.startswith("run: stopped by a command. Step ")
    assert answer.out.endswith(" is saved.\n")
    refused = gannet("stop", "finished", "run")
    assert refused.status == 2
    assert refused.err.count("is not being trained now") == 2


def test_status_of_what_holds_no_runs(gannet, folder):
    assert "no runs" in gannet("status").err
    assert "not a directory" in gannet("status", "nowhere").err


def test_clean_removes_only_what_was_never_finished(gannet, folder, trained):
    os.rename(trained("points"), folder / "run")
    before = {path for path in folder.rglob("*")}
    hour_ago = time.time() - 2 * 3600
    old = [folder / f".new.tmp-{DEAD}" / "frames", folder / "run" / "checkpoints" / f".step-000000400.tmp-{DEAD}"]
    for path in old:
        path.mkdir(parents=True)
    file = folder / "run" / f".report.html.tmp-{DEAD}-0a1b2c3d"
    file.write_text("half a report")
    alive = folder / f".other.tmp-{os.getpid()}"
    young = folder / f".young.tmp-{DEAD}-0a1b2c3d"
    for path in (alive, young):
        path.write_text("being written")
    for path in (*old, old[0].parent, file, alive):
        os.utime(path, (hour_ago, hour_ago))
    listed = gannet("clean", "--dry-run", ".")
    assert listed.out.count("would remove") == 3
    assert file.exists()
    assert gannet("clean", ".").out.count("removed") == 3
    assert {path for path in folder.rglob("*")} == before | {alive, young}


@pytest.mark.parametrize("place", [f".run.tmp-{DEAD}", f".runs.tmp-{DEAD}/deep/run"])
def test_clean_keeps_what_trained_under_a_temporary_name(gannet, folder, trained, place):
    """A person, or the author of a folder, can give a run such a name."""
    (folder / place).parent.mkdir(exist_ok=True, parents=True)
    os.rename(trained("points"), folder / place)
    before = sorted(folder.rglob("*"))
    for path in before:
        os.utime(path, (time.time() - 7200,) * 2)
    answer = gannet("clean", ".")
    assert answer.status == 0
    assert "nothing to remove" in answer.out
    assert sorted(folder.rglob("*")) == before


def test_the_next_session_removes_what_dead_processes_left_of_this_run(trained, tmp_path):
    run = trained("signalled")
    file, folder = run / f".training.gif.tmp-{DEAD}-0a1b2c3d", run.parent / f".{run.name}.tmp-{DEAD}"
    other = run.parent / f".other.tmp-{DEAD}"
    for path in (folder, other):
        path.mkdir()
    file.write_text("half an animation")
    for path in (folder, other, file):
        os.utime(path, (time.time() - 7200,) * 2)
    resume(run, Person())
    assert (file.exists(), folder.exists(), other.exists()) == (False, False, True)
