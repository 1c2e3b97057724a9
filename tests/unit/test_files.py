"""Files and folders that are written whole or not at all."""

import os
from contextlib import suppress

import pytest
import torch
from safetensors.torch import save_file

from gannet.errors import UserError
from gannet.files import whole_file, whole_folder, written_whole


def test_a_place_that_takes_no_file_is_one_sentence(tmp_path):
    """A file instead of the folder: neither writing nor tidying up works there."""
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


def test_a_folder_is_whole_or_absent(tmp_path):
    with whole_folder(tmp_path / "new" / "run") as folder:
        (folder / "frames").mkdir()
        (folder / "frames" / "1.npz").write_text("frame")
        assert not (tmp_path / "new" / "run").exists()
    with suppress(KeyboardInterrupt), whole_folder(tmp_path / "new" / "other") as folder:
        (folder / "half").touch()
        raise KeyboardInterrupt
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["run"]
    assert (tmp_path / "new" / "run" / "frames" / "1.npz").read_text() == "frame"


@pytest.mark.parametrize("replace", [False, True])
def test_a_folder_that_holds_something_is_replaced_only_if_asked(tmp_path, replace):
    place = tmp_path / "step-1"
    place.mkdir()
    (place / "old").touch()
    with suppress(*() if replace else (OSError,)), whole_folder(place, replace=replace) as folder:
        (folder / "new").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["step-1"]
    assert [path.name for path in place.iterdir()] == ["new" if replace else "old"]


def test_a_folder_takes_its_name_after_its_bytes_are_on_the_disk(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("gannet.files.to_disk", lambda path: seen.append((path.name.split(".tmp")[0], place.exists())))
    place = tmp_path / "run"
    with whole_folder(place, sync=True) as folder:
        (folder / "file").touch()
    assert seen == [("file", False), (".run", False), (tmp_path.name, True)]


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o007, 0o660), (0o077, 0o600)])
def test_who_may_read_a_folder_may_read_its_files(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        with whole_folder(tmp_path / "folder") as folder:
            save_file({"weights": torch.zeros(3)}, folder / "model.safetensors")
            (folder / "state.json").write_text("{}")
    finally:
        os.umask(before)
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "folder").iterdir()} == {mode}
