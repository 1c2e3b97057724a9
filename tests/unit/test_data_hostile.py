"""Hostile data: a reader gives data or one sentence, without large memory and without waiting, whatever the bytes."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from gannet.config.plan import source_from_keys
from gannet.data.base import silent
from gannet.errors import UserError

QUICK, MANY = 12, int(os.environ.get("GANNET_FUZZ_EXAMPLES", "1500"))


def opened(path: Path) -> None:
    source_from_keys(str(path), {})[1].open(silent)


def refused(path: Path, sentence: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match=sentence) as caught:
            opened(path)
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()
    assert len(caught.value.problems) == 1
    assert "\n" not in str(caught.value)


def _png() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).save(buffer, "PNG")
    return buffer.getvalue()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _npy(shape: tuple[int, ...], kind: str = "|u1", body: bytes = b"") -> bytes:
    header = repr({"descr": kind, "fortran_order": False, "shape": shape}).encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + body


def _npz(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, body in members.items():
            archive.writestr(f"{name}.npy", body)
    return buffer.getvalue()


TERA = 2**40
HUGE = struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 8, 2, 0, 0, 0)
IDX = struct.pack(">IIII", 0x803, 2**31, 2**15, 2**15)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.npz", _npz(x=_npy((TERA, 8, 8))), "announces 70,368,744,177,664 bytes, and"),
        ("a.npz", _npz(x=_npy((4, 8, 8), "|O")), "not a valid .npz file of plain arrays"),
        ("a.npz", _npz(x=_npy((-4, 8, 8))), "not a valid|announces|holds"),
        ("a.npz", b"PK\x03\x04" + bytes(50), "not a valid"),
        ("a.npy", _npy((TERA,)), "announces"),
        ("in/train-images-idx3-ubyte", IDX + bytes(100), "announces|truncated"),
        ("in/train-images-idx3-ubyte.gz", gzip.compress(IDX + bytes(100)), "announces|truncated"),
        ("in/train-images-idx3-ubyte", struct.pack(">IIII", 0x803, 2, 8, 8), "truncated"),
        ("in/train-images-idx3-ubyte", struct.pack(">IIII", 0x803, 0, 2**32 - 1, 2**32 - 1), "is empty"),
        ("in/a.png", b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", HUGE), "1 of 2 images"),
        ("a.tar", b"x" * 2000, "not a valid tar file"),
        ("a.tar.gz", gzip.compress(b"x" * 2000), "not a valid tar file"),
        ("a.csv", b'x,y\n"' + b"1" * 200_000, "cannot be split|columns"),
        ("in/dataset.json", b"[" * 100_000, "not a valid file of labels"),
        ("in/metadata.csv", b"\0\1\2\xff", "cannot be read as text|not a valid"),
        ("a.parquet", b"PAR1" + bytes(100) + b"PAR1", "not a valid Parquet file"),
    ],
)  # fmt: skip
def test_headers_that_lie_are_refused_before_memory_is_reserved(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    if path.parent != tmp_path:
        for other in ("b.png", "c.png")[: 1 if name.endswith("png") else 2]:
            (path.parent / other).write_bytes(_png())
    refused(path if path.parent == tmp_path else path.parent, sentence)


@pytest.mark.parametrize("name", ["a.npz", "in/train-images-idx3-ubyte.gz"])
def test_more_than_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Also if it is what its header says: terabytes of zeros are a small file."""
    for module in ("idx", "npz_file"):
        monkeypatch.setattr(f"gannet.data.{module}.memory_bytes", lambda: 1000)
    zeros = bytes(20 * 8 * 8)
    idx = gzip.compress(struct.pack(">IIII", 0x803, 20, 8, 8) + zeros)
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(_npz(x=_npy((20, 8, 8), body=zeros)) if name == "a.npz" else idx)
    refused(path if path.parent == tmp_path else path.parent, "more than this machine's memory")


def test_bombs_are_refused(tmp_path: Path) -> None:
    content = bytearray(_zip())
    directory = content.index(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = struct.pack("<I", 600 * 2**20)  # the announced size of the first file
    (tmp_path / "bomb.zip").write_bytes(content)
    refused(tmp_path / "bomb.zip", "unpacks to 629,145,600 bytes")


def test_a_zip_member_without_a_name_is_left_out(tmp_path: Path) -> None:
    """Found by fuzzing: an empty name was an IndexError of zipfile."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("", "a.png", "b.png"):
            archive.writestr(zipfile.ZipInfo(name), _png())
    opened(tmp_path / "a.zip")


def test_pipes_and_devices_are_not_opened(tmp_path: Path) -> None:
    for name in ("pipe.csv", "pipe.npz", "pipe.zip"):
        os.mkfifo(tmp_path / name)
        refused(tmp_path / name, "not a regular file")
    refused(Path("/dev/zero"), "not a regular file")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "b.png").write_bytes(_png())
    os.mkfifo(folder / "a.png")
    refused(folder, r"a\.png: not a regular file")
    (folder / "a.png").unlink()
    (folder / "a.png").symlink_to("/dev/zero")
    refused(folder, r"a\.png: not a regular file")
    (folder / "a.png").unlink()
    os.mkfifo(folder / "metadata.csv")
    (folder / "c.png").write_bytes(_png())
    refused(folder, "metadata.csv cannot be read as text: not a regular file")


def _tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in ("a/1.png", "b/2.png"):
            member = tarfile.TarInfo(name)
            member.size = len(_png())
            archive.addfile(member, io.BytesIO(_png()))
    return buffer.getvalue()


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("a/1.png", "b/2.png"):
            archive.writestr(name, _png())
    return buffer.getvalue()


def _arrays() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, images=np.zeros((3, 8, 8), np.uint8), labels=np.array([1, 2, 1]))
    return buffer.getvalue()


def _table() -> bytes:
    return b"".join(b"%d,%d,%s\n" % (i, i * i, b"ab"[i % 2 : i % 2 + 1]) for i in range(9))


SEEDS: dict[str, Callable[[], bytes]] = {
    "a.csv": _table,
    "a.npz": _arrays,
    "a.npy": lambda: _npy((3, 8, 8), body=bytes(192)),
    "a.zip": _zip,
    "a.tar": _tar,
    "a.tar.gz": lambda: gzip.compress(_tar()),
    "a.parquet": lambda: pd.DataFrame({"x": range(9), "y": range(1, 10), "c": list("abcabcabc")}).to_parquet(),
    "in/a.png": _png,
    "in/captions.csv": lambda: b"file_name,text\nb.png,one\nc.png,two words\n",
    "in/list_attr_celeba.txt": lambda: b"2\nA B\nb.png 1 -1\nc.png -1 1\n",
    "in/dataset.json": lambda: json.dumps({"labels": [["a.png", 1], ["b.png", 2]]}).encode(),
    "in/metadata.csv": lambda: b"file_name,label\na.png,x\nb.png,y\n",
    "in/metadata.jsonl": lambda: b'{"file_name": "b.png", "label": 1}\n{"file_name": "c.png", "label": 2}\n',
    "in/train-images-idx3-ubyte": lambda: struct.pack(">IIII", 0x803, 2, 8, 8) + bytes(128),
}


def edited(content: bytes, edits: list[tuple[int, bytes, int]]) -> bytes:
    """The content with some bytes replaced, inserted or removed."""
    for place, new, removed in edits:
        start = place % (len(content) + 1)
        content = content[:start] + new + content[start + removed :]
    return content


def reads_or_says_why(read: Callable[[], object]) -> None:
    """No exception, or an error of the user whose problems are one line each."""
    problems: tuple[str, ...] = ()
    try:
        read()
    except UserError as error:
        problems = tuple(error.problems)
    assert all("\n" not in problem and len(problem) < 4000 for problem in problems)


def opened_with(name: str, folder: Path, content: bytes) -> None:
    """Open data of which one file has this content: data, or one error of the user."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    if path.parent != folder:
        for other in ("b.png", "c.png"):
            (path.parent / other).write_bytes(_png())
    reads_or_says_why(lambda: opened(path if path.parent == folder else path.parent))


NEW = st.binary(max_size=8) | st.sampled_from([b"", b"\xff" * 8, b"\n", b'"', b",,"])
EDITS = st.lists(st.tuples(st.integers(0, 2**16), NEW, st.integers(0, 40)), min_size=1, max_size=4)
CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.mark.parametrize("name", SEEDS)
@settings(max_examples=QUICK, deadline=None, suppress_health_check=CHECKS, derandomize=True, database=None)
@given(edits=EDITS)
def test_damaged_files_are_data_or_one_sentence(tmp_path: Path, name: str, edits: list[tuple[int, bytes, int]]) -> None:
    opened_with(name, tmp_path, edited(SEEDS[name](), edits))


@pytest.mark.slow
@pytest.mark.parametrize("name", SEEDS)
@settings(max_examples=MANY, deadline=None, suppress_health_check=CHECKS, database=None)
@given(edits=EDITS)
def test_many_damaged_files_are_data_or_one_sentence(
    tmp_path: Path, name: str, edits: list[tuple[int, bytes, int]]
) -> None:
    opened_with(name, tmp_path, edited(SEEDS[name](), edits))


def not_utf8(count: int) -> object:
    """A column of texts of pyarrow, each the single byte 0x98."""
    import pyarrow

    ends = np.arange(count + 1, dtype=np.int32)
    return pyarrow.Array.from_buffers(
        pyarrow.string(), count, [None, pyarrow.py_buffer(ends.tobytes()), pyarrow.py_buffer(b"\x98" * count)]
    )


def test_texts_of_a_parquet_file_that_are_not_utf8_are_one_sentence(tmp_path):
    import pyarrow
    from pyarrow.parquet import write_table

    table = tmp_path / "points.parquet"
    write_table(pyarrow.table({"x": np.arange(4.0), "y": np.arange(4.0), "label": not_utf8(4)}), table)
    refused(table, "is not a valid Parquet file: .*UTF8")
    file = io.BytesIO()
    Image.new("L", (8, 8)).save(file, "PNG")
    images = tmp_path / "images.parquet"
    write_table(pyarrow.table({"image": [file.getvalue()] * 4, "label": not_utf8(4)}), images)
    refused(images, "a text that is not UTF-8|Invalid UTF8")
