"""`gannet data info`: balance, duplicates, sizes and the contact sheet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gannet.cli import run
from gannet.reports.data_sheet import balance, duplicates

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """20 images of 24 x 16 pixels of cats, of which two are equal, and 5 of 12 x 12 of dogs."""
    rng = np.random.default_rng(0)
    for name, count, size in (("cat", 20, (16, 24, 3)), ("dog", 5, (12, 12, 3))):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(0, 255, size, dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pets" / name / f"{number:02d}.png")
    second = tmp_path / "pets" / "cat" / "01.png"
    second.write_bytes((tmp_path / "pets" / "cat" / "00.png").read_bytes())
    return tmp_path / "pets"


def test_a_folder_of_images(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    sheet = tmp_path / "sheet.png"
    assert run(["data", "info", str(folder), "data.size=16", "-o", str(sheet)]) == 0
    said = capsys.readouterr().out
    assert "files    from 12 x 12 to 24 x 16 pixels, most often 24 x 16 (20 of 25)" in said
    assert "equal    1 sample equals another one exactly\n" in said
    assert "balance  from 5 samples (dog) to 20 (cat), 4 times as many" in said
    with Image.open(sheet) as picture:
        assert picture.height > 2 * 64
        assert len(np.unique(np.asarray(picture).reshape(-1, 3), axis=0)) > 500
    assert run(["data", "info", str(folder), "data.size=16", "-o", str(tmp_path / "sheet.jpg")]) == 2


def test_pairs_are_drawn_with_their_inputs(tmp_path: Path, capsys: Capture) -> None:
    data, sheet = tmp_path / "pairs", tmp_path / "sheet.png"
    for number in range(14):
        for name, colour in (("edges", (10 * number, 0, 0)), ("photos", (0, 0, 10 * number))):
            (data / name).mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (16, 16), colour).save(data / name / f"{number:02d}.png")
    assert run(["data", "info", str(data), "data.inputs=edges", "-o", str(sheet)]) == 0
    assert "inputs   an image of 3 x 16 x 16 for each sample, from edges\n" in capsys.readouterr().out
    with Image.open(sheet) as picture:
        pixels = np.asarray(picture).astype(int)
    inputs, targets, more_inputs, more_targets = pixels[20 + 30 + 32 :: 68, 20 + 150 + 32 :: 68][:, :12]
    assert np.array_equal(inputs, targets[:, ::-1])
    assert np.array_equal(more_inputs[:2], more_targets[:2, ::-1])
    assert len(np.unique(np.concatenate([inputs, more_inputs[:2]])[:, 0])) == 14
    assert (more_inputs[2:] > 200).all(), "nothing is drawn next to the last pair"


def test_points_are_drawn(tmp_path: Path, capsys: Capture) -> None:
    assert run(["data", "info", "ring", "-o", str(tmp_path / "ring.png")]) == 0
    assert "samples  unlimited" in capsys.readouterr().out
    assert (tmp_path / "ring.png").stat().st_size > 1000


def test_sentences() -> None:
    assert balance({"a": 3, "b": 3}) == "balanced: 3 samples in every class"
    assert balance({"a": 3}) == balance({"a": None, "b": None}) == ""
    assert balance({"a": 0, "b": 2}) == "from 0 samples (a) to 2 (b)"
    assert duplicates(np.array([[1, 2], [1, 2], [3, 4], [1, 2]])) == 2
