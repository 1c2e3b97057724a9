"""The cache of decoded images: found again, verified, and never in the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import gannet.data.cache as cache
import gannet.data.listing as listing
import gannet.data.stored_rows as stored_rows
from gannet.cli import run as main
from gannet.data.base import silent
from gannet.data.cache import cache_folder
from gannet.data.folder import Folder
from gannet.data.image_table import ImageTable
from gannet.errors import UserError


@pytest.fixture
def source(tmp_path: Path) -> Folder:
    for i in range(3):
        (tmp_path / "in").mkdir(exist_ok=True)
        Image.fromarray(np.full((12, 12, 3), 50 * i, np.uint8)).save(tmp_path / "in" / f"{i}.png")
    return Folder(path=str(tmp_path / "in"))


def _levels(table: ImageTable) -> list[int]:
    return table.pixels[:, 0, 0, 0].tolist()


def _files(folder: Path) -> list[Path]:
    """The decoded tables and their notes. Manifests of the sources appear once their files have rested a moment."""
    return sorted(p for p in folder.rglob("*") if p.is_file() and "manifests" not in p.parts)


def _refuse(*_: object) -> None:
    raise AssertionError("decoded again")


def test_the_second_opening_decodes_nothing(source: Folder, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _levels(source.open(silent)) == [0, 50, 100]
    assert [p.suffix for p in _files(own_cache)] == [".json", ".npy"]
    monkeypatch.setattr(cache, "_fill", _refuse)
    assert _levels(source.open(silent)) == [0, 50, 100]


@pytest.mark.parametrize("damage", ["cut", "header", "bit", "note", "gone"])
def test_a_damaged_table_is_made_again(source: Folder, own_cache: Path, damage: str) -> None:
    whole = source.open(silent).pixels.clone()
    note, table = _files(own_cache)
    if damage == "cut":
        table.write_bytes(table.read_bytes()[:-10])
    elif damage == "header":
        table.write_bytes(b"\0" * table.stat().st_size)
    elif damage == "bit":
        content = bytearray(table.read_bytes())
        content[-7] ^= 1
        table.write_bytes(content)
    elif damage == "note":
        note.write_text("{")
    else:
        table.unlink()
    assert torch.equal(source.open(silent).pixels, whole)
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


def _recorded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of files as they are read from now on."""
    reads: list[str] = []
    read = listing.read_file
    monkeypatch.setattr(listing, "read_file", lambda path: reads.append(path.name) or read(path))
    return reads


def test_a_large_table_is_read_from_its_file_row_by_row(
    source: Folder, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (cache, stored_rows):
        monkeypatch.setattr(module, "SMALL_BYTES", 0)
    source.open(silent)
    table = source.open(silent)
    reads, preadv = list[int](), os.preadv
    monkeypatch.setattr(os, "preadv", lambda *args: reads.append(args[2]) or preadv(*args))
    images, _ = table.reference(3, seed=0)
    assert len(set(reads)) == 3
    assert sorted(images[:, 0, 0, 0].tolist()) == [0, 50, 100]
    batch, _ = table.batch(6, seed=0, position=0, device=torch.device("cpu"))
    assert sorted(((batch[:, 0, 0, 0] + 1) * 127.5).round().tolist()) == [0, 0, 50, 50, 100, 100]


def test_files_of_a_set_that_memory_should_not_hold_are_read_twice(
    source: Folder, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing._FirstReading, "budget", 100)
    reads = _recorded(monkeypatch)
    assert _levels(source.open(silent)) == [0, 50, 100]
    assert sorted(reads) == ["0.png", "0.png", "1.png", "1.png", "2.png", "2.png"]


def test_a_second_opening_reads_no_file_again(source: Folder, monkeypatch: pytest.MonkeyPatch, own_cache: Path) -> None:
    monkeypatch.setattr("gannet.data.file_digests.FRESH_SECONDS", -1e9)
    reads = _recorded(monkeypatch)
    first = source.open(silent)
    assert sorted(reads) == ["0.png", "1.png", "2.png"], "hashing and decoding read each file once together"
    reads.clear()
    assert source.open(silent).content_hash == first.content_hash
    assert reads == []
    changed = Path(source.path) / "1.png"
    facts = changed.stat()
    Image.fromarray(np.full((12, 12, 3), 7, np.uint8)).save(changed)
    os.utime(changed, ns=(facts.st_atime_ns, facts.st_mtime_ns))  # as rsync -t does
    assert source.open(silent).content_hash != first.content_hash
    assert reads.count("1.png") >= 1


def test_files_that_were_just_written_are_not_remembered(source: Folder, own_cache: Path) -> None:
    now = 2**62
    for file in Path(source.path).iterdir():
        os.utime(file, ns=(now, now))
    source.open(silent)
    assert not list((own_cache / "manifests").glob("*.json"))


def test_the_cache_is_shown_trimmed_and_cleared(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = []
    for number in range(3):
        for i in range(2):
            folder = tmp_path / str(number)
            folder.mkdir(exist_ok=True)
            Image.fromarray(np.full((12, 12, 3), 50 * i + number, np.uint8)).save(folder / f"{i}.png")
        sources.append(Folder(path=str(tmp_path / str(number))))
    for age, source in zip((300, 200), sources, strict=False):
        source.open(silent)
        newest = max((own_cache / "pictures").glob("*.npy"), key=lambda path: path.stat().st_mtime)
        os.utime(newest, (1e9 - age, 1e9 - age))
    size = next((own_cache / "pictures").glob("*.npy")).stat().st_size
    assert main(["data", "cache"]) == 0
    assert f"sets     2 of decoded images\nsize     {2 * size / 1e6:,.1f} MB" in capsys.readouterr().out
    monkeypatch.setenv("GANNET_CACHE_GB", str(2.5 * size / 1e9))
    sources[2].open(silent)
    monkeypatch.setattr(cache, "_fill", _refuse)
    sources[2].open(silent)
    sources[1].open(silent)
    with pytest.raises(AssertionError, match="decoded again"):
        sources[0].open(silent)
    assert main(["data", "cache", "--clear"]) == 0
    assert "sets     0 of decoded images" in capsys.readouterr().out
    assert _files(own_cache) == []


def test_threads_that_fill_the_same_cache_get_equal_tables(source: Folder, own_cache: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        tables = list(pool.map(lambda _: source.open(silent), range(8)))
    assert {tuple(_levels(table)) for table in tables} == {(0, 50, 100)}
    assert [p.suffix for p in _files(own_cache)] == [".json", ".npy"]


@pytest.mark.slow
def test_processes_that_fill_the_same_cache_get_equal_tables(source: Folder, own_cache: Path) -> None:
    command = [sys.executable, "-m", "gannet", "data", "info", source.path]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]
    outputs = {process.communicate()[0] for process in running}
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(outputs) == 1
    assert [p.suffix for p in _files(own_cache)] == [".json", ".npy"]


@pytest.mark.slow
def test_many_small_files_open_quickly_the_second_time(tmp_path: Path) -> None:
    blob = (tmp_path / "a.png", Image.fromarray(np.zeros((8, 8), np.uint8)))
    blob[1].save(blob[0])
    content, folder = blob[0].read_bytes(), tmp_path / "in"
    folder.mkdir()
    for i in range(100_000):
        (folder / f"{i:06}.png").write_bytes(content)
    time.sleep(0.2)
    source = Folder(path=str(folder))
    first = source.open(silent)
    start = time.process_time()
    assert source.open(silent).content_hash == first.content_hash
    assert time.process_time() - start < 5, "processor time, because tests share the machine"


@pytest.mark.parametrize("is_large", [False, True])
def test_a_table_that_is_cut_short_while_it_is_used_does_not_end_the_process(
    source: Folder, own_cache: Path, monkeypatch: pytest.MonkeyPatch, is_large: bool
) -> None:
    """A page of a map that the file no longer has is SIGBUS."""
    if is_large:
        for module in (cache, stored_rows):
            monkeypatch.setattr(module, "SMALL_BYTES", 0)
    source.open(silent)
    dataset = source.open(silent)
    os.truncate(_files(own_cache)[1], 100)
    with pytest.raises(UserError, match="cut short while it was used") if is_large else nullcontext():
        dataset.batch(3, seed=0, position=0, device=torch.device("cpu"))
