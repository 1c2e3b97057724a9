"""GIFs run forwards, keep their colours, and are whole or absent."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image

from gannet.errors import UserError
from gannet.figures.animation import save_animation
from gannet.reports.pictures import draw_frame
from gannet.runs.reader import Run


def bar(position: int) -> Image.Image:
    """White with a black column at a position."""
    pixels = np.full((20, 400, 3), 255, np.uint8)
    pixels[:, position] = 0
    return Image.fromarray(pixels)


def positions(path) -> list[int]:
    found = []
    with Image.open(path) as gif:
        for index in range(gif.n_frames):
            gif.seek(index)
            columns = np.flatnonzero((np.asarray(gif.convert("RGB")) == 0).all(axis=(0, 2)))
            assert len(columns) == 1
            found.append(int(columns[0]))
    return found


def test_frames_come_in_time_order_with_exact_white_and_black(tmp_path):
    size = save_animation((bar(3 * index) for index in range(40)), tmp_path / "a.gif")
    assert positions(tmp_path / "a.gif") == [3 * index for index in range(40)]
    assert size == (tmp_path / "a.gif").stat().st_size
    with Image.open(tmp_path / "a.gif") as gif:
        assert np.unique(np.asarray(gif.convert("RGB"))).tolist() == [0, 255]
        assert gif.info["loop"] == 0


@pytest.mark.parametrize("count", [51, 100, 101, 333])
def test_too_many_frames_are_thinned_evenly(tmp_path, count):
    save_animation((bar(index) for index in range(count)), tmp_path / "a.gif", max_frames=50)
    found = positions(tmp_path / "a.gif")
    assert found[0] == 0
    assert found[-1] == count - 1
    assert 25 <= len(found) <= 50
    assert found == sorted(found)
    assert np.diff(found).max() <= 2 * count / 25


def test_the_last_frame_is_held(tmp_path):
    save_animation([bar(index) for index in range(20)], tmp_path / "a.gif", total_seconds=4)
    with Image.open(tmp_path / "a.gif") as gif:
        durations = []
        for index in range(gif.n_frames):
            gif.seek(index)
            durations.append(gif.info["duration"])
    assert durations == [200] * 19 + [2200]


def drawn(run, count):
    """The first frames of a run as pictures."""
    pictures = [draw_frame(run, step, path, 480, levels=12) for step, path in run.frames()[:count]]
    return [picture for picture in pictures if picture is not None]


def test_size_of_a_hundred_frames_of_points(trained, tmp_path):
    pictures = drawn(Run(trained("points")), 31)
    assert len(pictures) == 31
    there_and_back = [*pictures, *reversed(pictures)]
    size = save_animation((there_and_back[index % 62] for index in range(100)), tmp_path / "a.gif")
    assert 100_000 < size < 3_000_000


def test_paper_and_lettering_keep_their_colours(trained, tmp_path):
    pictures = drawn(Run(trained("points")), 6)
    save_animation(pictures, tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as gif:
        found = np.asarray(gif.convert("RGB"), int)
    wanted = np.asarray(pictures[0], int)
    for colour in ([255, 255, 255], [28, 33, 40]):
        where = (wanted == colour).all(axis=2)
        assert where.sum() > 20
        assert (found[where] == colour).all()


def test_equal_frames_give_equal_bytes(tmp_path):
    for name in ("a.gif", "b.gif"):
        save_animation([bar(index) for index in range(5)], tmp_path / name)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.gif"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match="No space left"):
        save_animation([bar(1)], path)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.gif"]


def test_nothing_to_animate_and_mixed_sizes_are_refused(tmp_path):
    with pytest.raises(UserError, match="no frames"):
        save_animation([], tmp_path / "a.gif")
    with pytest.raises(UserError, match="one size"):
        save_animation([bar(1), bar(1).resize((10, 10))], tmp_path / "a.gif")
    assert list(tmp_path.iterdir()) == []
