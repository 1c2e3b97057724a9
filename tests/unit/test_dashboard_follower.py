"""The tail of a file that is written, torn, rewritten and deleted under the reader; nothing is lost, nothing comes
twice.
"""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from support.real_runs import Person

from gannet.dashboard.follower import POINTS_PER_SERIES, Follower
from gannet.dashboard.history import shown_indices
from gannet.runs.reader import Run
from gannet.runs.records import Event
from gannet.sessions.resume import resume


def lines_of(run):
    return (run / "events.jsonl").read_text().splitlines(keepends=True)


@pytest.fixture
def whole(trained):
    """A run that nobody writes to any more."""
    return trained("points")


@pytest.fixture
def lines(whole):
    """What training wrote, line by line."""
    return lines_of(whole)


@pytest.fixture
def run(trained, tmp_path):
    """The same run before training wrote its first line."""
    path = trained("points", tmp_path / "growing")
    (path / "events.jsonl").write_text("")
    return path


@pytest.fixture
def others(trained):
    """The lines of another run."""
    return lines_of(trained("images"))


def append(run, *lines):
    with open(run / "events.jsonl", "a") as file:
        file.write("".join(lines))


def look(follower, cursor="", limit=1000):
    follower.refresh(at_once=True)
    return follower.after(cursor, limit)


def seqs(delta):
    return [event.seq for event in delta.events]


def parsed(lines):
    return [Event.model_validate_json(line) for line in lines]


def test_what_was_appended_comes_once(run, lines):
    follower = Follower(run)
    append(run, *lines[:2])
    first = look(follower)
    append(run, lines[2])
    second = look(follower, first.cursor)
    assert (first.events, second.events, second.reset) == (parsed(lines[:2]), parsed(lines[2:3]), False)
    assert seqs(look(follower, second.cursor)) == []


def test_a_torn_line_waits_for_its_end(run, lines):
    follower = Follower(run)
    append(run, lines[0], lines[1][:-9])
    first = look(follower)
    append(run, lines[1][-9:])
    assert seqs(first) == [0]
    assert seqs(look(follower, first.cursor)) == [1]


def test_a_line_torn_for_good_spoils_only_itself(run, lines):
    append(run, lines[0], lines[1][:-5], "\n", "\x00\xff garbage\n", "[1]\n", lines[2], lines[2])
    assert seqs(look(Follower(run))) == [0, 2]


def test_long_deltas_come_in_parts(run, lines):
    append(run, *lines[:7])
    follower = Follower(run)
    first = look(follower, limit=4)
    assert (seqs(first), first.more) == ([0, 1, 2, 3], True)
    second = follower.after(first.cursor, 4)
    assert (seqs(second), second.more) == ([4, 5, 6], False)


def test_a_resume_that_forgot_events_resets_the_reader(whole):
    follower = Follower(whole)
    seen = look(follower)
    for step in (200, 300):
        shutil.rmtree(whole / "checkpoints" / f"step-000000{step}")
    resume(whole, Person(), steps=150)
    after = look(follower, seen.cursor)
    assert after.reset
    assert [event.step for event in after.events if event.kind == "frame"] == list(range(0, 151, 10))
    assert after.events == Run(whole).events()
    [series] = [s for s in follower.series() if s["name"] == "discriminator/adversarial"]
    assert series["steps"] == [50, 100, 150]


def test_numbers_that_go_back_and_are_used_again_are_noticed_by_another_server_too(run, lines, others):
    append(run, *lines[:5])
    cursor = look(Follower(run)).cursor
    (run / "events.jsonl").unlink()
    append(run, *others)
    delta = look(Follower(run), cursor)
    assert delta.reset
    assert delta.events == parsed(others)


def test_a_plain_number_is_a_cursor(run, lines):
    append(run, lines[0], lines[3], lines[4])
    follower = Follower(run)
    assert seqs(look(follower, "0")) == [3, 4]
    assert seqs(look(follower, "1")) == [3, 4]
    assert look(follower, "9").reset
    assert seqs(look(follower, "-1")) == [0, 3, 4]
    with pytest.raises(ValueError, match="invalid literal"):
        look(follower, "x")


def test_a_file_rewritten_in_place_is_read_again(run, lines, others):
    lines, others = lines[1:2], others[1:4]  # the very first names the steps, in more or fewer digits
    assert len(lines[0]) == len(others[0])
    append(run, *lines)
    follower = Follower(run)
    look(follower)
    (run / "events.jsonl").write_text("".join(others))
    assert look(follower).events == parsed(others)


def test_curves_are_what_was_recorded(whole):
    follower = Follower(whole)
    look(follower)
    series = {s["name"]: (s["steps"], s["values"]) for s in follower.series()}
    events = Run(whole).events()
    assert len(series) > 10
    for kind, prefix in (("terms", ""), ("vitals", "vitals/")):
        recorded = [event for event in events if event.kind == kind]
        names = {name for event in recorded for name in event.values}
        assert names
        for name in names:
            pairs = [(event.step, event.values[name]) for event in recorded if name in event.values]
            assert list(zip(*series[prefix + name], strict=True)) == pairs
    timed = [(event.step, event.seconds) for event in events if event.kind == "terms" and event.seconds is not None]
    assert list(zip(*series["seconds"], strict=True)) == timed
    assert [event.kind for event in follower.listed()] == [
        e.kind for e in events if e.kind not in ("terms", "vitals", "frame")
    ]


def test_values_that_begin_late_or_are_not_finite(run, lines):
    first, second, third, *_ = [event for event in map(json.loads, lines) if event["kind"] == "terms"]
    vitals = next(event for event in map(json.loads, lines) if event["kind"] == "vitals")
    late, spoiled = list(first["values"])[:2]
    del first["values"][late]
    second["values"][spoiled] = "x"
    third["values"][spoiled] = None  # as a value that is not finite is written
    vitals["values"] = None
    append(run, *(json.dumps(event) + "\n" for event in (first, second, third, vitals | {"seq": third["seq"] + 1})))
    follower = Follower(run)
    look(follower)
    series = {s["name"]: (s["steps"], s["values"]) for s in follower.series()}
    assert series[late] == ([100, 150], [second["values"][late], third["values"][late]])
    assert series[spoiled] == ([50, 100, 150], [first["values"][spoiled], None, None])
    assert series["seconds"] == ([50, 100, 150], [event["seconds"] for event in (first, second, third)])
    assert follower.listed() == []


def test_a_zoom_gives_only_its_steps(whole):
    follower = Follower(whole)
    look(follower)
    steps, values = Run(whole).terms()["discriminator/adversarial"]
    [curve] = [one for one in follower.series(100, 210) if one["name"] == "discriminator/adversarial"]
    assert curve == {
        "name": "discriminator/adversarial",
        "steps": [100, 150, 200],
        "values": values[(steps >= 100) & (steps <= 210)].tolist(),
    }


def test_thinning_keeps_extremes_gaps_and_ends():
    values = np.sin(np.arange(50_000) / 300)
    values[12_345], values[33_333] = 9.0, -9.0
    values[20_000:21_000] = np.nan
    kept = shown_indices(values, POINTS_PER_SERIES)
    assert len(kept) <= 2000
    assert {0, 12_345, 33_333, 49_999} <= set(kept.tolist())
    assert np.isnan(values[kept]).any()
    assert (np.diff(kept) > 0).all()
    assert shown_indices(values[:1999], 2000).tolist() == list(range(1999))
