"""Damaged files of the other formats and layouts of data: data or one sentence, as in test_data_hostile.py."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import struct
import tarfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image
from test_data_hostile import CHECKS, EDITS, MANY, QUICK, SEEDS, _npy, _npz, _png, edited, reads_or_says_why

from gannet.config.plan import source_from_keys
from gannet.data.base import silent
from gannet.data.decode import BadImage, header
from gannet.data.shard_writing import prepare
from gannet.errors import UserError

IDX_IMAGES = struct.pack(">IIII", 0x803, 2, 8, 8) + bytes(128)
Layout = Mapping[str, bytes]
"""Names of files in a folder, and what they hold."""


def _image(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).save(buffer, kind)
    return buffer.getvalue()


def _points() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, samples=np.arange(18.0).reshape(9, 2), labels=np.arange(9) % 2)
    return buffer.getvalue()


def _labelled_tar() -> bytes:
    """As webdataset stores images: members with the same stem belong together."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in (("1.png", _png()), ("1.cls", b"0"), ("2.png", _png()), ("2.json", b'{"label": 1}')):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@cache
def _shards() -> Layout:
    with TemporaryDirectory() as folder:
        for number in range(6):
            path = Path(folder, "images", "ab"[number % 2], f"{number}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (8, 8), 30 * number).save(path)
        source = source_from_keys(str(Path(folder, "images")), {})[1]
        prepare(source, Path(folder, "shards"), shard_bytes=2000, progress=silent)
        return {path.name: path.read_bytes() for path in Path(folder, "shards").iterdir()}


@cache
def _rows() -> Layout:
    """One data set of images as a Parquet file, and as the library `datasets` saves it."""
    from datasets import ClassLabel, Dataset, Features
    from datasets import Image as ImageColumn

    columns = Features({"image": ImageColumn(), "label": ClassLabel(names=["a", "b"])})
    cells = [{"bytes": _png(), "path": None} for _ in range(4)]
    rows = Dataset.from_dict({"image": cells, "label": [0, 1, 0, 1]}, features=columns)
    with TemporaryDirectory() as folder:
        rows.to_parquet(Path(folder, "train.parquet"))
        rows.save_to_disk(Path(folder, "saved"))
        found = [Path(folder, "train.parquet"), *Path(folder, "saved").iterdir()]
        return {path.name: path.read_bytes() for path in found}


def _saved() -> Layout:
    return {name: content for name, content in _rows().items() if name != "train.parquet"}


def _only(name: str, content: Callable[[], bytes], **others: bytes) -> tuple[str, Callable[[], Layout], str, dict]:
    return name, lambda: {name: content(), **others}, "", {}


PNGS = {"b.png": _png(), "c.png": _png()}
LAYOUTS: dict[str, tuple[str, Callable[[], Layout], str, dict[str, str]]] = {
    "points.npz": ("points.npz", lambda: {"points.npz": _points()}, "points.npz", {}),
    "labels.npz": (
        "x-train-labels.npz",
        lambda: {
            "x-train-imgs.npz": _npz(arr_0=_npy((3, 8, 8), body=bytes(192))),
            "x-train-labels.npz": _npz(arr_0=_npy((3,), body=b"\0\1\0")),
        },
        "x-train-imgs.npz",
        {},
    ),
    "idx.gz": _only("train-images-idx3-ubyte.gz", lambda: gzip.compress(IDX_IMAGES)),
    "idx labels": _only(
        "train-labels-idx1-ubyte",
        lambda: struct.pack(">II", 0x801, 2) + b"\1\2",
        **{"train-images-idx3-ubyte": IDX_IMAGES},
    ),
    **{
        f"a.{suffix}": _only(f"a.{suffix}", lambda kind=kind: _image(kind), **PNGS)
        for suffix, kind in (("jpg", "JPEG"), ("gif", "GIF"), ("webp", "WEBP"), ("bmp", "BMP"), ("tif", "TIFF"))
    },
    "tar files": _only("a.tar", _labelled_tar),
    **{f"shards {name}": (name, _shards, "", {}) for name in ("manifest.json", "index.npy", "train-000000.tar")},
}
"""Name -> the file that is damaged, all files of the layout, which of them DATA names (the folder if empty), keys."""
ARROW = "data-00000-of-00001.arrow"
HUB_LAYOUTS: dict[str, tuple[str, Callable[[], Layout], str, dict[str, str]]] = {
    "images.parquet": ("train.parquet", lambda: {"train.parquet": _rows()["train.parquet"]}, "train.parquet", {}),
    "streamed.parquet": (
        "train.parquet",
        lambda: {"train.parquet": _rows()["train.parquet"]},
        "",
        {"data.streaming": "true"},
    ),
    **{f"saved {name}": (name, _saved, "", {}) for name in (ARROW, "state.json", "dataset_info.json")},
}
"""Those that the library `datasets` opens, which takes long."""


def sound(name: str) -> bytes:
    damaged, files, _, _ = (LAYOUTS | HUB_LAYOUTS)[name]
    return files()[damaged]


def _use(path: str, keys: dict[str, str]) -> None:
    source = source_from_keys(path, keys)[1]
    held_out, dataset = source.held_out(), source.open(silent)
    dataset.reference(2, seed=0)
    if held_out is not None:
        held_out.open(silent)


def open_layout(name: str, folder: Path, content: bytes) -> None:
    """Open data of which one file has this content: data, or one error of the user."""
    damaged, files, named, keys = (LAYOUTS | HUB_LAYOUTS)[name]
    place = folder / "layout"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for file, text in (dict(files()) | {damaged: content}).items():
        (place / file).write_bytes(text)
    reads_or_says_why(lambda: _use(str(place / named), keys))


@pytest.mark.parametrize("name", [*LAYOUTS, *HUB_LAYOUTS])
def test_what_is_damaged_below_is_read_if_it_is_sound(tmp_path: Path, name: str, monkeypatch) -> None:
    monkeypatch.setattr("test_data_hostile_layouts.reads_or_says_why", lambda read: read())
    open_layout(name, tmp_path, sound(name))


@pytest.mark.parametrize("name", LAYOUTS)
@settings(max_examples=QUICK, deadline=None, suppress_health_check=CHECKS, derandomize=True, database=None)
@given(edits=EDITS)
def test_damaged_layouts_are_data_or_one_sentence(tmp_path: Path, name: str, edits) -> None:
    open_layout(name, tmp_path, edited(sound(name), edits))


@pytest.mark.slow
@pytest.mark.parametrize("name", [*LAYOUTS, *HUB_LAYOUTS])
@settings(max_examples=MANY // 5, deadline=None, suppress_health_check=CHECKS, database=None)
@given(edits=EDITS)
def test_many_damaged_layouts_are_data_or_one_sentence(tmp_path: Path, name: str, edits) -> None:
    open_layout(name, tmp_path, edited(sound(name), edits))


def test_a_streamed_table_without_its_first_byte_is_one_sentence(tmp_path: Path) -> None:
    """The description at the end of the file is whole, but the first page is not where it says."""
    name = "streamed.parquet"
    open_layout(name, tmp_path, edited(sound(name), [(0, b"", 1)]))


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_table_of_images_that_names_a_pipe_or_device_does_not_wait(tmp_path: Path, kind: str) -> None:
    """A cell may name a file instead of holding one."""
    import pyarrow
    from pyarrow import parquet

    os.mkfifo(tmp_path / "pipe")
    place = str(tmp_path / "pipe") if kind == "pipe" else "/dev/zero"
    cells = [{"bytes": _png(), "path": None}, {"bytes": _png(), "path": None}, {"bytes": None, "path": place}]
    schema = pyarrow.schema([("image", pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())]))])
    about = {"info": {"features": {"image": {"_type": "Image"}}}}
    schema = schema.with_metadata({"huggingface": json.dumps(about)})
    parquet.write_table(pyarrow.table({"image": cells}, schema=schema), tmp_path / "a.parquet")
    with pytest.raises(UserError, match="row 2"):
        source_from_keys(str(tmp_path / "a.parquet"), {})[1].open(silent)


def test_names_of_layouts_and_files_differ() -> None:
    assert not set(SEEDS) & set(LAYOUTS | HUB_LAYOUTS)


def test_a_palette_that_is_too_long_is_damage() -> None:
    buffer = io.BytesIO()
    image = Image.new("P", (8, 8))
    image.putpalette([1, 2, 3] * 256)
    image.save(buffer, "BMP")
    blob = bytearray(buffer.getvalue())
    blob[46:50] = struct.pack("<I", 300)  # entries of the palette
    with pytest.raises(BadImage, match="invalid palette size"):
        header(bytes(blob))


def _schema_of(description: object) -> bytes:
    """A Parquet file of four images whose text for the library ``datasets`` describes the columns in another way."""
    import pyarrow
    from pyarrow.parquet import write_table

    table = pyarrow.table({"image": [_png()] * 4, "label": [0, 1, 0, 1]})
    file = io.BytesIO()
    metadata = {"huggingface": json.dumps({"info": {"features": description}})}
    write_table(table.replace_schema_metadata(metadata), file)
    return file.getvalue()


@pytest.mark.parametrize("name", ["images.parquet", "streamed.parquet"])
@pytest.mark.parametrize("description", [{"image": {"a": [["b"]]}}, {"image": "x"}, [1], 5], ids=str)
def test_columns_described_wrongly_are_one_sentence(tmp_path: Path, name: str, description: object) -> None:
    open_layout(name, tmp_path, _schema_of(description))


@pytest.mark.parametrize("name", ["images.parquet", "streamed.parquet"])
def test_a_label_without_a_class_is_one_sentence(tmp_path: Path, name: str) -> None:
    import pyarrow
    from pyarrow.parquet import read_table, write_table

    table = read_table(io.BytesIO(sound(name)))
    labels = pyarrow.array([0, 1, 0, 106_652_627_894_272], pyarrow.int64())
    file = io.BytesIO()
    write_table(table.set_column(1, table.schema.field("label"), labels), file)
    place = tmp_path / "train.parquet"
    place.write_bytes(file.getvalue())
    with pytest.raises(UserError, match="106652627894272, but its column 'label' has 2 classes"):
        _use(str(place) if name == "images.parquet" else str(tmp_path), (LAYOUTS | HUB_LAYOUTS)[name][3])


def test_texts_that_end_behind_the_file_do_not_end_the_process(tmp_path: Path) -> None:
    """The file is mapped into memory, so reading there is a bus error."""
    content = bytearray(_rows()[ARROW])
    ends = struct.pack("<5i", *(len(_png()) * row for row in range(5)))
    place = content.index(ends) + 16
    content[place : place + 4] = struct.pack("<i", 2**30)
    (tmp_path / "saved").mkdir()
    for name, other in _saved().items():
        (tmp_path / "saved" / name).write_bytes(other if name != ARROW else bytes(content))
    with pytest.raises(UserError, match=r"cannot be loaded: .*Column 0"):
        _use(str(tmp_path / "saved"), {})
