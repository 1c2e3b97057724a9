"""Files that are written whole or not at all."""

import pytest

from gannet.errors import UserError
from gannet.files import written_whole


def test_a_place_that_takes_no_file_is_one_sentence(tmp_path):
    """A file in place of the folder: neither writing nor tidying up works there."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match=r"Cannot write .*grid\.png: Not a directory"), written_whole(tmp_path / "file" / "grid.png"):
        pass
    assert (tmp_path / "file").read_text() == "mine"
