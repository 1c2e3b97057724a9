"""Run directories are whole lines or nothing, whatever happens while they are written."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gannet.errors import GannetWarning, UserError
from gannet.runs.reader import Run
from gannet.runs.records import Event, ScoreCard
from gannet.runs.writer import RunWriter

EXTENT = (-2.0, 2.0, -1.0, 1.0)


@pytest.fixture
def bare(trained) -> Path:
    """A run killed before its first step."""
    return trained("bare")


@pytest.fixture
def make(bare) -> Callable[..., RunWriter]:
    """Make a run directory with what a training recorded of itself."""

    def begin(path: Path, kind="points") -> RunWriter:
        return RunWriter.create(path, Run(bare).record, (bare / "recipe.py").read_text(), kind=kind)

    return begin


@pytest.fixture
def cards(trained) -> list[ScoreCard]:
    """Score cards of a measured run."""
    return Run(trained("measured")).scores()


def points(value: float) -> dict:
    return {
        "real": [[value, 0.25], [1.0, -0.5]],
        "fake": [[0.0, value]],
        "field": [[0.0, 0.25], [0.5, 1.0]],
        "extent": EXTENT,
    }


def test_round_trip_with_a_space_and_unicode_in_the_path(make, bare, cards, tmp_path):
    path = tmp_path / "my runs" / "Körper 海鸟"
    with make(path) as writer:
        writer.event(
            "terms", 10, values={"generator/adversarial": 0.5, "steps_per_second": np.float32(2)}, seconds=1.23456
        )
        writer.event("terms", 20, values={"generator/adversarial": 0.25})
        writer.frame(20, points(0.5))
        writer.scores(card.model_copy(update={"value": np.float32(card.value)}) for card in cards)
    run = Run(path)
    assert run.kind == "points"
    assert run.name == "Körper 海鸟"
    assert run.record == Run(bare).record
    assert (path / "recipe.py").read_bytes() == (bare / "recipe.py").read_bytes()
    assert [(event.seq, event.kind) for event in run.events()] == [
        (0, "terms"),
        (1, "terms"),
        (2, "frame"),
        (3, "scores"),
    ]
    assert run.events()[0].seconds == 1.235
    assert [event.seq for event in run.events(after=1)] == [2, 3]
    steps, values = run.terms()["generator/adversarial"]
    assert steps.tolist() == [10, 20]
    assert values.tolist() == [0.5, 0.25]
    assert run.terms()["steps_per_second"][0].tolist() == [10]
    assert run.scores() == [card.model_copy(update={"value": float(np.float32(card.value))}) for card in cards]
    [(step, file)] = run.frames()
    frame = run.load_frame(file)
    assert isinstance(frame, dict)
    assert step == 20
    assert int(frame["step"]) == 20
    assert frame["real"].dtype == np.float32
    assert frame["real"].tolist() == [[0.5, 0.25], [1.0, -0.5]]
    assert frame["field"].tolist() == [[0.0, 0.25], [0.5, 1.0]]
    assert frame["extent"].tolist() == list(EXTENT)


def test_points_beyond_float16_stay_finite_and_equal_frames_are_equal_bytes(make, tmp_path):
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


def test_image_frames_are_exact(make, tmp_path):
    grid = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)
    with make(tmp_path / "a", "images") as writer:
        writer.frame(5, grid)
        writer.frame(6, grid[..., :1])
    run = Run(tmp_path / "a")
    assert run.kind == "images"
    np.testing.assert_array_equal(run.load_frame(run.frames()[0][1]), grid)
    np.testing.assert_array_equal(run.load_frame(run.frames()[1][1]), grid[..., :1].repeat(3, axis=2))


def test_frames_are_in_numeric_order_past_the_padding(make, tmp_path):
    with make(tmp_path / "a") as writer:
        for step in (2_000_000_000, 10, 999_999_999, 9):
            writer.frame(step, points(0.5))
    (tmp_path / "a" / "frames" / "notes.png").write_bytes(b"")
    assert [step for step, _ in Run(tmp_path / "a").frames()] == [9, 10, 999_999_999, 2_000_000_000]


def test_values_that_are_not_finite_become_null_and_words(make, cards, tmp_path):
    with make(tmp_path / "a") as writer:
        writer.event("terms", 1, values={"d": float("nan"), "g": float("-inf"), "ok": 1.0}, text="odd")
        writer.scores(
            [cards[0].model_copy(update={"value": float("nan"), "spec": {**cards[0].spec, "x": [float("inf")]}})]
        )

    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    for name in ("events.jsonl", "scores.jsonl"):
        for line in (tmp_path / "a" / name).read_text().splitlines():
            json.loads(line, parse_constant=refuse)
    event = Run(tmp_path / "a").events()[0]
    assert event.values == {"d": None, "g": None, "ok": 1.0}
    assert event.text == "odd; d is nan; g is -inf"
    assert np.isnan(Run(tmp_path / "a").terms()["d"][1]).all()
    [card] = Run(tmp_path / "a").scores()
    assert np.isnan(card.value)
    assert card.as_json() == cards[0].as_json() | {"value": None, "spec": {**cards[0].spec, "x": [None]}}


def test_create_refuses_a_directory_that_holds_something_and_leaves_it_alone(make, tmp_path):
    target = tmp_path / "new" / "a"
    target.mkdir(parents=True)
    (target / "thesis.txt").write_text("precious")
    with pytest.raises(UserError, match="not empty"):
        make(target)
    assert [file.name for file in (tmp_path / "new").rglob("*")] == ["a", "thesis.txt"]


def test_create_takes_an_empty_directory(make, tmp_path):
    (tmp_path / "a").mkdir()
    make(tmp_path / "a").close()
    assert Run(tmp_path / "a").record.recipe == "gan"


def test_a_failed_create_leaves_nothing(make, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(UserError, match="No space left"):
        make(tmp_path / "new" / "a")
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize(
    "tail", [b'{"seq":2,"step":3,"ki', b"\x00\xff\xfe garbage\n", b'[1,2]\n"x"\n12\n{"seq":"a"}\n', b"{" * 5000]
)
def test_torn_and_garbled_lines_are_passed_over_and_writing_continues(trained, tail):
    run = Run(trained("points"))
    events = run.events()
    with open(run.path / "events.jsonl", "ab") as file:
        file.write(tail)
    assert run.events() == events
    with RunWriter(run.path) as writer:
        writer.event("terms", 301, values={"d": 3.0})
    assert run.events()[:-1] == events
    assert run.events()[-1] == Event(seq=events[-1].seq + 1, step=301, kind="terms", values={"d": 3.0})


def test_repeated_numbers_count_once(trained):
    run = Run(trained("points"))
    events = run.events()
    file = run.path / "events.jsonl"
    file.write_bytes(file.read_bytes() * 3)
    assert run.events() == events


def test_resume_forgets_what_came_later(trained):
    run = Run(trained("measured"))
    path, events, cards = run.path, run.events(), run.scores()
    with open(path / "events.jsonl", "ab") as file:
        file.write(b'{"seq":99,"step":2,"ki')
    with RunWriter(path) as writer:
        writer.truncate_after(40)
        assert (path / "events.jsonl").read_bytes().endswith(b"}\n")
        writer.event("terms", 41, values={"d": 40.0})
    assert {event.step for event in events} > {event.step for event in events if event.step <= 40}
    assert run.events()[:-1] == [event for event in events if event.step <= 40]
    assert run.terms()["d"][1].tolist() == [40.0]
    assert run.scores() == [card for card in cards if card.step == 40]
    assert 0 < len(run.scores()) < len(cards)
    assert [step for step, _ in run.frames()] == [0, 10, 20, 30, 40]
    assert run.events()[-1].seq == events[-1].seq + 1  # a viewer that had read everything sees the new event as new


def test_a_full_disk_never_stops_training(make, tmp_path, monkeypatch):
    path = tmp_path / "a"
    with make(path) as writer:
        writer.event("terms", 1, values={"d": 1.0})
        real_write = os.write

        def full(*_):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            with pytest.warns(GannetWarning, match="No space left"):
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
    assert [event.seq for event in Run(path).events()] == [0, 5]  # the gap shows how many were lost


def test_a_frame_that_cannot_be_written_is_counted(make, tmp_path, monkeypatch):
    with make(tmp_path / "a") as writer:

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "replace", full)
        with pytest.warns(GannetWarning, match="No space left"):
            writer.frame(1, points(0.5))
        assert writer.drops == 1
        assert list((tmp_path / "a" / "frames").iterdir()) == []
        assert Run(tmp_path / "a").events() == []


def test_a_rewrite_that_fails_keeps_the_records(trained, monkeypatch):
    run = Run(trained("measured"))
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file() and path.name != "lock"}
    with RunWriter(run.path) as writer:

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(UserError, match="No space left"):
            writer.truncate_after(1)
    assert {path: path.read_bytes() for path in before} == before
    assert not list(run.path.glob(".*"))


def test_kind_that_contradicts_the_run_is_refused(bare):
    with pytest.raises(UserError, match="points"):
        RunWriter(bare, "images")
