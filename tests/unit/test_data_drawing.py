"""A drawing is data: the same lines are the same file, ink lies where the brush was."""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise

import numpy as np
import pytest
from torch.testing import assert_close

from gannet.data.base import silent
from gannet.data.csv_file import CsvFile
from gannet.data.drawing import save_drawing
from gannet.errors import UserError

CORNERS = [[0.1, 0.2], [0.62, 0.45], [0.3, 0.9]]


def _dense(corners, pieces):
    """The corners with points in between, as a mouse reports them."""
    parts = [np.linspace(a, b, pieces, endpoint=False) for a, b in pairwise(corners)]
    return np.concatenate([*parts, [corners[-1]]]).tolist()


@pytest.mark.parametrize("pieces", [1, 7, 400])
def test_the_same_line_is_the_same_file_however_it_was_reported(tmp_path, pieces):
    drawing = save_drawing(tmp_path, [{"points": _dense(CORNERS, pieces), "width": 0.05}], count=300)
    again = save_drawing(tmp_path, [{"points": CORNERS, "width": 0.05}], count=300)
    assert drawing == again
    assert drawing.digest == sha256(drawing.path.read_bytes()).hexdigest()
    assert len(list(tmp_path.iterdir())) == 1


def test_another_seed_or_brush_is_another_file(tmp_path):
    files = {
        save_drawing(tmp_path, [{"points": CORNERS, "width": width}], count=50, seed=seed).digest
        for width, seed in [(0.05, 0), (0.05, 1), (0.06, 0)]
    }
    assert len(files) == 3


def test_the_file_trains_and_its_points_lie_where_the_brush_was(tmp_path):
    strokes = [{"points": [[0.25, 0.5], [0.75, 0.5]], "width": 0.125}, {"points": [[0.5, 0.125]], "width": 0.25}]
    drawing = save_drawing(tmp_path, strokes, count=20_000)
    points = CsvFile(path=str(drawing.path)).open(silent).points
    assert points.shape == (20_000, 2)
    line, dot = points[points[:, 1] > 0.3], points[points[:, 1] < 0.3]
    assert np.abs(line[:, 1] - 0.5).max() <= 0.0625 + 1e-6
    assert line[:, 0].min() >= 0.25 - 0.0625 - 1e-6
    assert line[:, 0].max() <= 0.75 + 0.0625 + 1e-6
    assert np.hypot(dot[:, 0] - 0.5, dot[:, 1] - 0.125).max() <= 0.125 + 1e-6
    # Ink by length: 0.5 against 0.25. Standard error of the share is 0.0033.
    assert_close(len(line) / 20_000, 2 / 3, atol=0.014, rtol=0)
    # Even in the disc of radius r: mean squared distance r^2/2, here 1/128; even along the line: variance 0.5^2/12,
    # plus r^2/4.
    assert_close(float(((dot - [0.5, 0.125]) ** 2).sum(1).mean()), 1 / 128, atol=3e-4, rtol=0)
    assert_close(float(line[:, 0].var()), 0.25 / 12 + 0.0625**2 / 4, atol=6e-4, rtol=0)


@pytest.mark.parametrize(
    ("strokes", "says"),
    [
        ([], "strokes"),
        ([{"points": []}], "strokes 0 points"),
        ([{"points": [[0.5, 1.5]]}], "less than or equal to 1"),
        ([{"points": [[0.5, float("nan")]]}], "finite"),
        ([{"points": [[0.5, 0.5]], "width": 0}], "one spot"),
        ([{"points": [[0.5, 0.5]], "colour": "red"}], "colour"),
    ],
)
def test_what_is_no_drawing_is_one_sentence_and_no_file(tmp_path, strokes, says):
    with pytest.raises(UserError, match=says) as caught:
        save_drawing(tmp_path / "drawings", strokes)
    assert len(caught.value.problems) == 1
    assert not (tmp_path / "drawings").exists()
