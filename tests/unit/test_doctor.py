"""The doctor on run directories made by hand: what it names, in which order, and that it is quiet about healthy ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import gannet
from gannet.cli import run as command
from gannet.doctor import diagnose
from gannet.runs.lock import RunLock, is_written
from gannet.runs.schema import RunRecord
from gannet.runs.writer import RunWriter

KEYS = {"steps": 1000, "loss": "minimax", "optimizer.generator.lr": 1e-3, "optimizer.discriminator.lr": 5e-3}


def write(path: Path, *, modes=(0, 2, 5, *[8] * 15), norms=None, end="finish", text="") -> Path:
    record: RunRecord = {"version": 1, "recipe": "gan", "arguments": KEYS, "data": {}, "settings": {}, "environment": {}}
    rng = np.random.default_rng(0)
    with RunWriter.create(path, record, kind="points") as writer:
        writer.event("start", 0)
        for index, found in enumerate(modes):
            step = 50 * (index + 1)
            norm = 1.0 if norms is None else norms[index]
            values = {"generator/adversarial": rng.normal(), "generator/gradient_norm": norm, "steps_per_second": 100.0}
            writer.event("terms", step, values=values, seconds=step / 100)
            writer.event("vitals", step, values={"modes_found": found, "modes_known": 8, "modes_expected": 8.0, "separation": 0.6})
        if end:
            writer.event(end, 50 * len(modes), text=text)
    return path


def named(path):
    return [(complaint.rule, complaint.severity) for complaint in diagnose(path).complaints]


def checkpointed(path: Path) -> Path:
    gannet.train("ring", recipe="gan", out=path, steps=20, hidden=4, keys={"checkpoint.every": 10})
    return path


def test_a_healthy_run(tmp_path):
    diagnosis = diagnose(checkpointed(tmp_path / "run"))
    assert diagnosis.complaints == []
    assert (diagnosis.state, diagnosis.step, diagnosis.steps) == ("finished", 20, 20)
    assert "2 checkpoints" in " ".join(diagnosis.looked_at)
    assert "mode-collapse" in " ".join(diagnosis.looked_at)


def test_a_collapse_that_nobody_wrote_down(tmp_path):
    """The vitals are enough: the rules are asked again."""
    complaint = diagnose(write(tmp_path / "run", modes=[0, 4, 8, 8, 8, 8, 8, 1, 1, 1, 1, 1])).complaints[0]
    assert (complaint.rule, complaint.severity) == ("mode-collapse", "alarm")
    assert complaint.text == "Samples reach 1 of 8 modes at step 600; at step 250 they reached 8."
    assert "optimizer.generator.lr=0.0002" in complaint.suggestion
    assert complaint.values["modes_found"] == 1


def test_what_was_noticed_and_is_over_comes_last(tmp_path):
    path = write(tmp_path / "run", end="")
    with RunWriter(path) as writer:
        writer.health(300, rule="saturated-discriminator", severity="alarm", text="D won.", values={"separation": 1.0})
        writer.health(400, rule="from-a-newer-gannet", severity="alarm", text="?", values={})
        writer.event("finish", 900)
    complaints = diagnose(path).complaints
    assert [(c.rule, c.severity) for c in complaints] == [("checkpoints", "warning"), ("saturated-discriminator", "past")]
    assert complaints[-1].text == "D won. It was over at the last look."
    assert complaints[-1].steps == (300, 300)
    assert len(complaints[-1].records) == 1


def test_a_stop_by_the_guard_says_what_came_before(tmp_path):
    path = write(tmp_path / "run", norms=np.geomspace(1, 1e3, 18), end="stop", text="Step 900: not finite.")
    complaint = diagnose(path).complaints[0]
    assert (complaint.rule, complaint.severity) == ("guard", "alarm")
    assert complaint.text.startswith("Step 900: not finite. generator/gradient_norm had grown to 1e+03 at step 900")
    assert diagnose(path).state == "stopped by its guard"
    assert "grown" not in diagnose(write(tmp_path / "flat", end="stop", text="Step 900: not finite.")).complaints[0].text


def test_interrupted_runs(tmp_path):
    killed, stopped = write(tmp_path / "killed", end=""), write(tmp_path / "stopped", end="stop")
    assert ("interrupted", "warning") in named(killed)
    assert diagnose(killed).state == "interrupted"
    assert diagnose(stopped).state == "stopped"
    assert any("gannet resume" in complaint.suggestion for complaint in diagnose(stopped).complaints)
    lock = RunLock(killed)
    assert is_written(killed)
    assert diagnose(killed).state == "running"
    assert named(killed) == []
    lock.release()
    assert not is_written(killed)


def test_damaged_checkpoints(tmp_path):
    path = checkpointed(tmp_path / "run")
    newest, older = sorted((path / "checkpoints").iterdir(), reverse=True)
    (newest / "model.safetensors").write_bytes(b"")
    complaint = diagnose(path).complaints[0]
    assert (complaint.rule, complaint.severity) == ("checkpoints", "warning")
    assert "model.safetensors in step-000000020 is damaged" in complaint.text
    assert "step-000000010" in complaint.suggestion
    (older / "average.safetensors").unlink()
    assert named(path) == [("checkpoints", "alarm")]


def test_recorded_warnings_count_once(tmp_path):
    path = checkpointed(tmp_path / "run")
    with RunWriter(path) as writer:
        for step in (5, 10):
            writer.event("warning", step, text="Checkpoint not written: No space left on device.")
    [complaint] = diagnose(path).complaints
    assert complaint.steps == (5, 10)
    assert len(complaint.records) == 2


def test_nothing_is_changed(tmp_path):
    path = checkpointed(tmp_path / "run")
    before = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in path.rglob("*") if file.is_file()}
    diagnose(path)
    assert {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in path.rglob("*") if file.is_file()} == before


def test_the_command(tmp_path, capsys):
    path = write(tmp_path / "run", modes=[2] * 30)
    assert command(["doctor", str(path)]) == 0
    told = capsys.readouterr().out
    assert "ALARM  mode-collapse  (step 1,500)" in told
    assert "finished, step 1,500 of 1,000" in told
    assert command(["doctor", str(path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["complaints"][0]["rule"] == "mode-collapse"
    assert command(["doctor", str(checkpointed(tmp_path / "healthy"))]) == 0
    assert "Nothing is wrong" in capsys.readouterr().out


@pytest.mark.parametrize("content", ["empty", "foreign", "none", "file"])
def test_what_is_no_run_is_one_sentence(tmp_path, capsys, content):
    path = tmp_path / content
    if content == "file":
        path.write_text("x")
    elif content != "none":
        path.mkdir()
    if content == "foreign":
        (path / "holiday.txt").write_text("x")
    assert command(["doctor", str(path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_run_that_has_not_begun(tmp_path, capsys):
    record: RunRecord = {"version": 1, "recipe": "gan", "arguments": {}, "data": {}, "settings": {}, "environment": {}}
    RunWriter.create(tmp_path / "run", record).close()
    assert command(["doctor", str(tmp_path / "run")]) == 0
    assert "nothing to examine yet" in capsys.readouterr().out
