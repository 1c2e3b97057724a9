"""Files that are written whole or not at all."""

from contextlib import suppress

import pytest

from gannet.errors import UserError
from gannet.files import whole_file, written_whole


def test_a_place_that_takes_no_file_is_one_sentence(tmp_path):
    """A file in place of the folder: neither writing nor tidying up works there."""
    (tmp_path / "file").write_text("mine")
    with (
        pytest.raises(UserError, match=r"Cannot write .*grid\.png: Not a directory"),
        written_whole(tmp_path / "file" / "grid.png"),
    ):
        pass
    assert (tmp_path / "file").read_text() == "mine"


def test_an_exclusive_file_replaces_nothing(tmp_path):
    place = tmp_path / "000001.json"
    with whole_file(place, sync=True, exclusive=True) as file:
        file.write(b"first")
    with pytest.raises(FileExistsError), whole_file(place, exclusive=True):
        pass
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(place.name, "first")]
    with whole_file(place) as file:
        file.write(b"third")
    assert place.read_text() == "third"


def test_a_block_that_fails_leaves_what_was_there(tmp_path):
    (tmp_path / "run.json").write_text("mine")
    with suppress(ZeroDivisionError), whole_file(tmp_path / "run.json") as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("run.json", "mine")]
