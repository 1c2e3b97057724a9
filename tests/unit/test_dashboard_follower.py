"""The tail of a file that is written, torn, rewritten and deleted under the reader; nothing is lost, nothing comes twice."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gannet.dashboard.follower import POINTS_PER_SERIES, Follower
from gannet.dashboard.history import thinned
from gannet.runs.reader import Run
from gannet.runs.writer import RunWriter


def line(seq, step, kind="terms", **more):
    return json.dumps({"seq": seq, "step": step, "kind": kind, **more}) + "\n"


@pytest.fixture
def run(tmp_path):
    (tmp_path / "events.jsonl").write_text("")
    return tmp_path


def append(run, text):
    with open(run / "events.jsonl", "a") as file:
        file.write(text)


def look(follower, cursor="", limit=1000):
    follower.refresh(at_once=True)
    return follower.after(cursor, limit)


def seqs(delta):
    return [event["seq"] for event in delta.events]


def test_what_was_appended_comes_once(run):
    follower = Follower(run)
    append(run, line(0, 0, "start") + line(1, 10, values={"a": 1.5}))
    first = look(follower)
    append(run, line(2, 20, values={"a": 2.5}))
    second = look(follower, first.cursor)
    assert (seqs(first), seqs(second), second.reset) == ([0, 1], [2], False)
    assert seqs(look(follower, second.cursor)) == []


def test_a_torn_line_waits_for_its_end(run):
    follower = Follower(run)
    text = line(1, 10, values={"a": 1.0})
    append(run, line(0, 0) + text[:-9])
    first = look(follower)
    append(run, text[-9:])
    assert seqs(first) == [0]
    assert seqs(look(follower, first.cursor)) == [1]


def test_a_line_torn_for_good_spoils_only_itself(run):
    append(run, line(0, 0) + line(1, 10)[:-5] + "\n" + "\x00\xff garbage\n" + "[1]\n" + line(2, 20) + line(2, 20))
    assert seqs(look(Follower(run))) == [0, 2]


def test_long_deltas_come_in_parts(run):
    append(run, "".join(line(i, i) for i in range(7)))
    follower = Follower(run)
    first = look(follower, limit=4)
    assert (seqs(first), first.more) == ([0, 1, 2, 3], True)
    second = follower.after(first.cursor, 4)
    assert (seqs(second), second.more) == ([4, 5, 6], False)


def test_a_resume_that_forgot_events_resets_the_reader(tmp_path):
    record = {"version": 1, "recipe": "r", "arguments": {}, "data": {}, "settings": {}, "environment": {}}
    path = tmp_path / "run"
    with RunWriter.create(path, record, kind="points") as writer:  # pyright: ignore
        for step in range(6):
            writer.event("terms", step, values={"a": step})
        follower = Follower(path)
        seen = look(follower)
        writer.truncate_after(2)
        writer.event("resume", 2)
    after = look(follower, seen.cursor)
    assert after.reset
    assert [event["step"] for event in after.events] == [0, 1, 2, 2]
    assert after.events == Run(path).events()
    [series] = [s for s in follower.series() if s["name"] == "a"]
    assert series["steps"] == [0, 1, 2]


def test_numbers_that_go_back_and_are_used_again_are_noticed_by_another_server_too(run):
    append(run, "".join(line(i, i) for i in range(5)))
    cursor = look(Follower(run)).cursor
    (run / "events.jsonl").unlink()
    append(run, line(0, 0) + "".join(line(i, i + 100) for i in range(1, 8)))
    delta = look(Follower(run), cursor)
    assert delta.reset
    assert seqs(delta) == list(range(8))


def test_a_plain_number_is_a_cursor(run):
    append(run, line(0, 0) + line(3, 30) + line(4, 40))
    follower = Follower(run)
    assert seqs(look(follower, "0")) == [3, 4]
    assert seqs(look(follower, "1")) == [3, 4]
    assert look(follower, "9").reset
    assert seqs(look(follower, "-1")) == [0, 3, 4]
    with pytest.raises(ValueError, match="invalid literal"):
        look(follower, "x")


def test_a_file_rewritten_in_place_is_read_anew(run):
    append(run, line(0, 0, text="aaaa") + line(1, 1, text="bbbb"))
    follower = Follower(run)
    look(follower)
    (run / "events.jsonl").write_text(line(0, 0, text="cccc") + line(1, 1, text="dddd") + line(2, 2))
    assert [event.get("text") for event in look(follower).events] == ["cccc", "dddd", None]


def test_values_that_begin_late_or_are_not_finite(run):
    append(run, line(0, 1, values={"a": 1.0}, seconds=0.5) + line(1, 2, values={"a": None, "b": 7}) + line(2, 3, values={"b": "x", "a": 3}))
    append(run, line(3, 3, "vitals", values={"separation": 0.75, "b": 1}) + line(4, 4, "vitals", values=None))
    follower = Follower(run)
    look(follower)
    series = {s["name"]: (s["steps"], s["values"]) for s in follower.series()}
    assert series == {
        "a": ([1, 2, 3], [1.0, None, 3.0]), "b": ([2, 3], [7.0, None]), "seconds": ([1], [0.5]),
        "vitals/separation": ([3], [0.75]), "vitals/b": ([3], [1.0]),
    }  # fmt: skip
    assert follower.listed() == []


def test_a_zoom_gives_only_its_steps(run):
    append(run, "".join(line(i, 10 * i, values={"a": i}) for i in range(100)))
    follower = Follower(run)
    look(follower)
    [a] = follower.series(200, 240)
    assert a == {"name": "a", "steps": [200, 210, 220, 230, 240], "values": [20.0, 21.0, 22.0, 23.0, 24.0]}


def test_thinning_keeps_extremes_gaps_and_ends():
    values = np.sin(np.arange(50_000) / 300)
    values[12_345], values[33_333] = 9.0, -9.0
    values[20_000:21_000] = np.nan
    kept = thinned(values, POINTS_PER_SERIES)
    assert len(kept) <= 2000
    assert {0, 12_345, 33_333, 49_999} <= set(kept.tolist())
    assert np.isnan(values[kept]).any()
    assert (np.diff(kept) > 0).all()
    assert thinned(values[:1999], 2000).tolist() == list(range(1999))
