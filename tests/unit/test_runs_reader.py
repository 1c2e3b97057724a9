"""What is not a run, and what is damaged, is one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from gannet.errors import UserError
from gannet.runs.reader import Run


@pytest.fixture
def bare(trained) -> Path:
    """A run killed before its first step."""
    return trained("bare")


def test_reader_refuses_what_is_not_a_run(bare, tmp_path):
    with pytest.raises(UserError, match="not a run"):
        Run(tmp_path)
    with pytest.raises(UserError, match="does not exist"):
        Run(tmp_path / "missing")
    file = bare / "run.json"
    whole = file.read_text()
    for damaged, says in (
        (whole[:-20], "damaged"),
        (f"[{whole}]", "version"),
        (whole.replace('"version": 3', '"version": 4'), "newer Gannet"),
        (whole.replace('"recipe": "gan"', '"recipe": ["gan"]'), "damaged: recipe: it should be a valid string"),
    ):
        file.write_text(damaged)
        with pytest.raises(UserError, match=says):
            Run(bare)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a zip", b"\x80\x04}q\x00."])
def test_damaged_frames_are_a_clear_error(trained, content):
    run = Run(trained("points"))
    file = run.frames()[0][1]
    file.write_bytes(content)
    with pytest.raises(UserError, match="Cannot read the frame"):
        run.load_frame(file)
    other = file.with_suffix(".png")
    other.write_bytes(content)
    with pytest.raises(UserError, match="Cannot read the frame"):
        run.load_frame(other)
