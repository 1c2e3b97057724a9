"""Point files: CSV and NPZ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from torch.testing import assert_close

from gannet.data.base import silent
from gannet.data.csv_file import CsvFile
from gannet.data.npz import Npz
from gannet.data.npz_points import NpzPoints
from gannet.data.point_table import PointTable
from gannet.errors import UserError


def _table(tmp_path: Path, text: str) -> PointTable:
    path = tmp_path / "points.csv"
    path.write_text(text, encoding="utf-8")
    return CsvFile(path=str(path)).open(silent)


@pytest.mark.parametrize(
    "text",
    [
        "1,2.5\n-3,4e1\n",
        "x,y\n1,2.5\n-3,4e1",
        "\ufeffx;y\n1;2,5\n-3;40\n",
        "# made by hand\n1 2.5\n\n-3\t40\n",
        '"x","y"\n"1","2.5"\n"-3","40"\n',
    ],
)
def test_csv_dialects_give_the_same_points(tmp_path: Path, text: str) -> None:
    table = _table(tmp_path, text)
    assert_close(table.points, np.array([[1, 2.5], [-3, 40]], dtype=np.float32))
    assert table.num_classes == 0


def test_csv_third_column_is_the_class(tmp_path: Path) -> None:
    numbers = _table(tmp_path, "x,y,c\n0,0,10\n1,1,9\n2,2,10\n")
    assert numbers.class_names == ("9", "10")
    assert numbers.labels is not None
    assert numbers.labels.tolist() == [1, 0, 1]
    names = _table(tmp_path, "0 0 cat\n1 1 ant\n")
    assert names.class_names == ("ant", "cat")
    assert names.labels is not None
    assert names.labels.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "contains no points"),
        ("x,y\n", "no points"),
        ("1,2\n", "at least 2"),
        ("1,2\n3,oops\n", "line 2: 'oops' is not a finite number"),
        ("1,2\n3,nan\n", "line 2: 'nan'"),
        ("1,2\n3\n", "line 2: 1 columns"),
        ("1,2,3,4\n1,2,3,4\n", "4 columns"),
        ("1,2\n1,2\n1,2\n", "all points are equal"),
    ],
)
def test_bad_csv_is_one_clear_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        _table(tmp_path, text)


def test_csv_that_is_missing_or_binary(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        CsvFile(path=str(tmp_path / "none.csv")).open(silent)
    (tmp_path / "binary.csv").write_bytes(b"\x00\x01\x02\x80")
    with pytest.raises(UserError, match="as text"):
        CsvFile(path=str(tmp_path / "binary.csv")).open(silent)


def test_point_table_is_standardised_with_one_scale(tmp_path: Path) -> None:
    table = _table(tmp_path, "0,0\n2,0\n0,6\n2,6\n")
    # Variances 1 and 9, so the scale is sqrt(5) for both axes.
    assert_close(table.scale, np.sqrt(5), rtol=1e-7, atol=0)
    assert_close(table.form.encode(np.array([[2.0, 6.0]])).numpy(), np.array([[1, 3]]) / np.sqrt(5), check_dtype=False)


def test_npz_points_and_images(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, x=np.array([[0.0, 1.0], [2.0, 3.0]]), y=np.array([1, 0]))
    table = NpzPoints(path=str(path)).open(silent)
    assert table.labels is not None
    assert table.labels.tolist() == [1, 0]
    pixels = np.arange(3 * 8 * 9, dtype=np.uint8).reshape(3, 8, 9)
    np.savez(path, arr_0=pixels)
    images = Npz(path=str(path)).open(silent)
    assert images.shape == (1, 8, 9)
    assert sorted(r.tobytes() for r in images.reference(3, seed=0)[0]) == sorted(p.tobytes() for p in pixels)


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"other": np.zeros((4, 8, 8), np.uint8)}, "no array called samples"),
        ({"x": np.full((4, 8, 8), -3.0)}, "whose black and white are unknown"),
        ({"x": np.zeros((4, 2), np.float32)}, "npz-points"),
        ({"x": np.zeros((4, 8, 8), np.uint8), "y": np.zeros(3, np.int64)}, "each sample needs one label"),
        ({"x": np.zeros((4, 8, 8), np.uint8), "y": np.full(4, -1)}, "whole numbers from 0"),
        ({"x": np.zeros((1, 8, 8), np.uint8)}, "at least 2"),
        ({"x": np.zeros((4, 1, 1), np.uint8)}, "1 x 1"),
        ({"x": np.zeros((4, 0, 9), np.uint8)}, "9 x 0"),
        ({"x": np.zeros((4, 300, 4), np.uint8)}, "4 x 300"),
        ({"x": np.array([{"a": 1}], dtype=object)}, "plain arrays"),
    ],
)
def test_bad_npz_is_one_clear_sentence(tmp_path: Path, arrays: dict[str, np.ndarray], sentence: str) -> None:
    np.savez(tmp_path / "a.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=sentence):
        Npz(path=str(tmp_path / "a.npz")).open(silent)


def test_npz_cut_short_or_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, x=np.zeros((4, 8, 8), np.uint8))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UserError, match="not a valid"):
        Npz(path=str(path)).open(silent)
    with pytest.raises(UserError, match="does not exist"):
        Npz(path=str(tmp_path / "none.npz")).open(silent)
