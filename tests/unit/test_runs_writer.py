"""Run directories are whole lines or nothing, whatever happens while they are written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from gannet.errors import UserError
from gannet.runs.reader import Run
from gannet.runs.schema import RunRecord
from gannet.runs.writer import RunWriter

RECORD: RunRecord = {
    "version": 1,
    "recipe": "gan",
    "arguments": {"hidden": 64},
    "data": {"source": "ring"},
    "settings": {"steps": 100, "seed": 0},
    "environment": {"python": "3"},
}
EXTENT = (-2.0, 2.0, -1.0, 1.0)


def make(path: Path, kind="points") -> RunWriter:
    return RunWriter.create(path, RECORD, "source = 1\n", kind=kind)


def points(value: float) -> dict:
    return {"real": [[value, 0.25], [1.0, -0.5]], "fake": [[0.0, value]], "field": [[0.0, 0.25], [0.5, 1.0]], "extent": EXTENT}


def test_round_trip_with_a_space_and_unicode_in_the_path(tmp_path):
    path = tmp_path / "my runs" / "Körper 海鸟"
    with make(path) as writer:
        writer.event("terms", 10, values={"generator/adversarial": 0.5, "steps_per_second": np.float32(2)}, seconds=1.23456)
        writer.event("terms", 20, values={"generator/adversarial": 0.25})
        writer.frame(20, points(0.5))
        writer.scores([{"metric": "w2", "label": "W2", "value": 0.5, "step": 20, "ci95": (0.25, np.float32(0.5))}])
    run = Run(path)
    assert run.kind == "points"
    assert run.name == "Körper 海鸟"
    assert run.record["arguments"] == {"hidden": 64}
    assert (path / "recipe.py").read_text() == "source = 1\n"
    assert [(event["seq"], event["kind"]) for event in run.events()] == [(0, "terms"), (1, "terms"), (2, "frame"), (3, "scores")]
    assert run.events()[0]["seconds"] == 1.235
    assert [event["seq"] for event in run.events(after=1)] == [2, 3]
    steps, values = run.terms()["generator/adversarial"]
    assert steps.tolist() == [10, 20]
    assert values.tolist() == [0.5, 0.25]
    assert run.terms()["steps_per_second"][0].tolist() == [10]
    assert run.scores() == [{"metric": "w2", "label": "W2", "value": 0.5, "step": 20, "ci95": [0.25, 0.5]}]
    [(step, file)] = run.frames()
    frame = run.load_frame(file)
    assert isinstance(frame, dict)
    assert step == 20
    assert int(frame["step"]) == 20
    assert frame["real"].dtype == np.float32
    assert frame["real"].tolist() == [[0.5, 0.25], [1.0, -0.5]]
    assert frame["field"].tolist() == [[0.0, 0.25], [0.5, 1.0]]
    assert frame["extent"].tolist() == list(EXTENT)


def test_points_beyond_float16_stay_finite_and_equal_frames_are_equal_bytes(tmp_path):
    with make(tmp_path / "a") as writer:
        writer.frame(1, points(1e9))
        writer.frame(2, points(0.5))
    with make(tmp_path / "b") as writer:
        writer.frame(2, points(0.5))
    run = Run(tmp_path / "a")
    frame = run.load_frame(run.frames()[0][1])
    assert isinstance(frame, dict)
    assert np.isfinite(frame["real"]).all()
    assert run.frames()[1][1].read_bytes() == Run(tmp_path / "b").frames()[0][1].read_bytes()


def test_image_frames_are_exact(tmp_path):
    grid = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)
    with make(tmp_path / "a", "images") as writer:
        writer.frame(5, grid)
        writer.frame(6, grid[..., :1])
    run = Run(tmp_path / "a")
    assert run.kind == "images"
    np.testing.assert_array_equal(run.load_frame(run.frames()[0][1]), grid)
    np.testing.assert_array_equal(run.load_frame(run.frames()[1][1]), grid[..., :1].repeat(3, axis=2))


def test_frames_are_in_numeric_order_past_the_padding(tmp_path):
    with make(tmp_path / "a") as writer:
        for step in (2_000_000_000, 10, 999_999_999, 9):
            writer.frame(step, points(0.5))
    (tmp_path / "a" / "frames" / "notes.png").write_bytes(b"")
    assert [step for step, _ in Run(tmp_path / "a").frames()] == [9, 10, 999_999_999, 2_000_000_000]


def test_values_that_are_not_finite_become_null_and_words(tmp_path):
    with make(tmp_path / "a") as writer:
        writer.event("terms", 1, values={"d": float("nan"), "g": float("-inf"), "ok": 1.0}, text="odd")
        writer.scores([{"metric": "w1", "value": float("nan"), "spec": {"x": [float("inf")]}}])

    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    for name in ("events.jsonl", "scores.jsonl"):
        for line in (tmp_path / "a" / name).read_text().splitlines():
            json.loads(line, parse_constant=refuse)
    event = Run(tmp_path / "a").events()[0]
    assert event["values"] == {"d": None, "g": None, "ok": 1.0}
    assert event["text"] == "odd; d is nan; g is -inf"
    assert np.isnan(Run(tmp_path / "a").terms()["d"][1]).all()
    assert Run(tmp_path / "a").scores()[0]["spec"] == {"x": [None]}


def test_create_refuses_a_directory_that_holds_something_and_leaves_it_alone(tmp_path):
    target = tmp_path / "a"
    target.mkdir()
    (target / "thesis.txt").write_text("precious")
    with pytest.raises(UserError, match="not empty"):
        make(target)
    assert [file.name for file in tmp_path.rglob("*")] == ["a", "thesis.txt"]


def test_create_takes_an_empty_directory(tmp_path):
    (tmp_path / "a").mkdir()
    make(tmp_path / "a").close()
    assert Run(tmp_path / "a").record["recipe"] == "gan"


def test_a_failed_create_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(UserError, match="No space left"):
        make(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("tail", [b'{"seq":2,"step":3,"ki', b"\x00\xff\xfe garbage\n", b'[1,2]\n"x"\n12\n{"seq":"a"}\n', b"{" * 5000])
def test_torn_and_garbled_lines_are_passed_over_and_writing_goes_on(tmp_path, tail):
    with make(tmp_path / "a") as writer:
        writer.event("terms", 1, values={"d": 1.0})
        writer.event("terms", 2, values={"d": 2.0})
    with open(tmp_path / "a" / "events.jsonl", "ab") as file:
        file.write(tail)
    assert Run(tmp_path / "a").terms()["d"][1].tolist() == [1.0, 2.0]
    with RunWriter(tmp_path / "a") as writer:
        writer.event("terms", 3, values={"d": 3.0})
    assert Run(tmp_path / "a").terms()["d"][1].tolist() == [1.0, 2.0, 3.0]
    assert [event["seq"] for event in Run(tmp_path / "a").events()] == [0, 1, 2]


def test_repeated_numbers_count_once(tmp_path):
    with make(tmp_path / "a") as writer:
        writer.event("terms", 1, values={"d": 1.0})
    file = tmp_path / "a" / "events.jsonl"
    file.write_bytes(file.read_bytes() * 3)
    assert len(Run(tmp_path / "a").events()) == 1


def test_resume_forgets_what_came_later(tmp_path):
    path = tmp_path / "a"
    with make(path) as writer:
        for step in range(1, 7):
            writer.event("terms", step, values={"d": float(step)})
            writer.frame(step, points(step))
            writer.scores([{"metric": "w2", "value": float(step), "step": step}])
    with open(path / "events.jsonl", "ab") as file:
        file.write(b'{"seq":99,"step":2,"ki')
    with RunWriter(path) as writer:
        before = max(event["seq"] for event in Run(path).events())
        writer.truncate_after(3)
        assert (path / "events.jsonl").read_bytes().endswith(b"}\n")
        writer.event("terms", 4, values={"d": 40.0})
    run = Run(path)
    assert run.terms()["d"][0].tolist() == [1, 2, 3, 4]
    assert run.terms()["d"][1].tolist() == [1.0, 2.0, 3.0, 40.0]
    assert [card["step"] for card in run.scores()] == [1, 2, 3]
    assert [step for step, _ in run.frames()] == [1, 2, 3]
    assert run.events()[-1]["seq"] == before + 1  # a viewer that had read everything sees the new event as new


def test_a_full_disk_never_stops_training(tmp_path, monkeypatch):
    path = tmp_path / "a"
    with make(path) as writer:
        writer.event("terms", 1, values={"d": 1.0})
        real_write = os.write

        def full(*_):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            with pytest.warns(RuntimeWarning, match="No space left"):
                writer.event("terms", 2, values={"d": 1.0})
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # warned once only
                writer.event("terms", 3, values={"d": 1.0})
                writer.event("terms", 4, values={"d": 1.0})
        assert writer.drops == 3
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", lambda descriptor, line: real_write(descriptor, line[: len(line) // 2]))
            writer.event("terms", 5, values={"d": 1.0})
        assert writer.drops == 4
        writer.event("terms", 6, values={"d": 1.0})
    assert Run(path).terms()["d"][0].tolist() == [1, 6]
    assert [event["seq"] for event in Run(path).events()] == [0, 5]  # the gap shows how many were lost


def test_a_frame_that_cannot_be_written_is_counted(tmp_path, monkeypatch):
    with make(tmp_path / "a") as writer:

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "replace", full)
        with pytest.warns(RuntimeWarning, match="No space left"):
            writer.frame(1, points(0.5))
        assert writer.drops == 1
        assert list((tmp_path / "a" / "frames").iterdir()) == []
        assert Run(tmp_path / "a").events() == []


def test_a_rewrite_that_fails_keeps_the_records(tmp_path, monkeypatch):
    with make(tmp_path / "a") as writer:
        writer.event("terms", 1, values={"d": 1.0})
        writer.event("terms", 9, values={"d": 1.0})

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(UserError, match="No space left"):
            writer.truncate_after(1)
    assert len(Run(tmp_path / "a").events()) == 2
    assert not list((tmp_path / "a").glob(".*"))


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
def test_killed_while_writing_leaves_a_run_that_reads_and_goes_on(tmp_path, delay):
    path = tmp_path / "a"
    make(path).close()
    for _ in range(2):
        before = (path / "events.jsonl").stat().st_size
        child = start_child(path)
        while (path / "events.jsonl").stat().st_size < before + 1000:
            time.sleep(0.001)
        time.sleep(delay)
        child.send_signal(signal.SIGKILL)
        child.wait()
    run = Run(path)
    numbers = [event["seq"] for event in run.events()]
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


def test_one_writer_and_the_second_is_told_who_the_first_is(tmp_path):
    make(tmp_path / "a").close()
    child = start_child(tmp_path / "a")
    try:
        with pytest.raises(UserError, match=rf"pid {child.pid} on host {os.uname().nodename}"):
            RunWriter(tmp_path / "a")
    finally:
        child.kill()
        child.wait()
    RunWriter(tmp_path / "a").close()


@pytest.mark.parametrize("end", ["parent closes", "parent is gone"])
def test_a_forked_worker_does_not_hold_the_lock(tmp_path, end):
    writer = make(tmp_path / "a")
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
            RunWriter(tmp_path / "a")
        if end == "parent closes":
            writer.close()
        else:
            writer._lock.forget()  # what the kernel does for a process that was killed
        RunWriter(tmp_path / "a").close()
    finally:
        writer.close()
        os.close(ready)
        os.close(tell)
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)


def test_reader_refuses_what_is_not_a_run(tmp_path):
    with pytest.raises(UserError, match="not a run"):
        Run(tmp_path)
    with pytest.raises(UserError, match="not a run"):
        Run(tmp_path / "missing")
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(UserError, match="damaged"):
        Run(tmp_path)
    (tmp_path / "run.json").write_text("[]")
    with pytest.raises(UserError, match="version"):
        Run(tmp_path)
    (tmp_path / "run.json").write_text('{"version": 2}')
    with pytest.raises(UserError, match="newer Gannet"):
        Run(tmp_path)


def test_kind_that_contradicts_the_run_is_refused(tmp_path):
    make(tmp_path / "a").close()
    with pytest.raises(UserError, match="points"):
        RunWriter(tmp_path / "a", "images")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a zip", b"\x80\x04}q\x00."])
def test_damaged_frames_are_a_clear_error(tmp_path, content):
    with make(tmp_path / "a") as writer:
        writer.frame(1, points(0.5))
    run = Run(tmp_path / "a")
    file = run.frames()[0][1]
    file.write_bytes(content)
    with pytest.raises(UserError, match="Cannot read the frame"):
        run.load_frame(file)
    other = file.with_suffix(".png")
    other.write_bytes(content)
    with pytest.raises(UserError, match="Cannot read the frame"):
        run.load_frame(other)
