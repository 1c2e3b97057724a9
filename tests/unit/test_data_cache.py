"""The cache of decoded images: found again, verified, and never in the way."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import gannet.data.cache as cache
from gannet.data.base import silent
from gannet.data.cache import cache_folder
from gannet.data.folder import Folder
from gannet.data.image_table import ImageTable


@pytest.fixture
def source(tmp_path: Path) -> Folder:
    for i in range(3):
        (tmp_path / "in").mkdir(exist_ok=True)
        Image.fromarray(np.full((12, 12, 3), 50 * i, np.uint8)).save(tmp_path / "in" / f"{i}.png")
    return Folder(path=str(tmp_path / "in"))


def _levels(table: ImageTable) -> list[int]:
    return table.pixels[:, 0, 0, 0].tolist()


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file())


def _refuse(*_: object) -> None:
    raise AssertionError("decoded again")


def test_the_second_opening_decodes_nothing(source: Folder, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _levels(source.open(silent)) == [0, 50, 100]
    assert [p.suffix for p in _files(own_cache)] == [".json", ".npy"]
    monkeypatch.setattr(cache, "_fill", _refuse)
    assert _levels(source.open(silent)) == [0, 50, 100]


@pytest.mark.parametrize("damage", ["cut", "header", "note", "gone"])
def test_a_damaged_table_is_made_again(source: Folder, own_cache: Path, damage: str) -> None:
    source.open(silent)
    note, table = _files(own_cache)
    if damage == "cut":
        table.write_bytes(table.read_bytes()[:-10])
    elif damage == "header":
        table.write_bytes(b"\0" * table.stat().st_size)
    elif damage == "note":
        note.write_text("{")
    else:
        table.unlink()
    assert _levels(source.open(silent)) == [0, 50, 100]
    assert json.loads(note.read_text())["shape"] == [3, 3, 12, 12]


def test_changed_bytes_are_another_table(source: Folder, own_cache: Path) -> None:
    before = source.open(silent)
    Image.fromarray(np.full((12, 12, 3), 7, np.uint8)).save(Path(source.path) / "1.png")
    after = source.open(silent)
    assert _levels(after) == [0, 7, 100]
    assert before.content_hash != after.content_hash
    assert len(_files(own_cache)) == 4


def test_an_unwritable_cache_is_not_needed(source: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GANNET_CACHE", str(tmp_path / "file" / "cache"))
    assert _levels(source.open(silent)) == [0, 50, 100]


def test_a_full_disk_is_survived(source: Folder, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    assert _levels(source.open(silent)) == [0, 50, 100]
    assert _files(own_cache) == []


def test_a_disk_that_fills_up_at_the_end_is_survived(
    source: Folder, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert _levels(source.open(silent)) == [0, 50, 100]
    assert _files(own_cache) == []


def test_an_interrupted_decoding_leaves_nothing(source: Folder, own_cache: Path) -> None:
    def interrupt(what: str, done: int, total: int) -> None:
        if what == "decoding images":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        source.open(interrupt)
    assert _files(own_cache) == []


def test_old_debris_is_swept(source: Folder, own_cache: Path) -> None:
    (own_cache / "pictures").mkdir()
    old, young = own_cache / "pictures" / "a.tmp-1", own_cache / "pictures" / "b.tmp-2"
    for path in (old, young):
        path.write_bytes(b"x")
    os.utime(old, (0, 0))
    source.open(silent)
    assert not old.exists()
    assert young.exists()


def test_progress_reaches_the_total(source: Folder) -> None:
    seen: list[tuple[str, int, int]] = []
    source.open(lambda what, done, total: seen.append((what, done, total)))
    assert ("decoding images", 0, 3) in seen
    assert ("decoding images", 3, 3) in seen


def test_writing_to_the_table_never_reaches_the_disk(source: Folder) -> None:
    source.open(silent).pixels.fill_(9)
    assert _levels(source.open(silent)) == [0, 50, 100]


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANNET_CACHE", "/a")
    monkeypatch.setenv("XDG_CACHE_HOME", "/b")
    assert cache_folder() == Path("/a")
    monkeypatch.delenv("GANNET_CACHE")
    assert cache_folder() == Path("/b/gannet")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "gannet"


def test_a_batch_from_the_map_equals_one_from_memory(source: Folder) -> None:
    table = source.open(silent)
    copy = ImageTable(table.pixels.numpy().copy(), content_hash="x")
    cpu = torch.device("cpu")
    assert torch.equal(
        table.batch(5, seed=1, position=2, device=cpu)[0], copy.batch(5, seed=1, position=2, device=cpu)[0]
    )
