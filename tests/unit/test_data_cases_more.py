"""More of what people bring: files of labels as programs write them, folders, levels, frames."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.data_cases import SIX, grid, opened, pixels, save

from gannet.errors import UserError


def rgb16(levels: np.ndarray) -> bytes:
    """A PNG of 16-bit colour (H, W, 3), which Pillow cannot write."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    height, width, _ = levels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in levels)
    start = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", start) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_images_that_are_almost_black_are_said(tmp_path: Path) -> None:
    for i in range(2):
        save(tmp_path / "masks" / f"{i}.png", grid([0, 1, i], np.uint8))
        (tmp_path / "scans").mkdir(exist_ok=True)
        (tmp_path / "scans" / f"{i}.png").write_bytes(rgb16(np.stack([grid(range(0, 4096, 37), np.uint16)] * 3, 2) + i))
    np.savez(tmp_path / "digits.npz", images=np.random.default_rng(0).integers(0, 17, (9, 8, 8)).astype(float))
    for name, level in (("masks", 1), ("scans", 15), ("digits.npz", 16)):
        [note] = opened(tmp_path / name).notes
        assert f"no level is above {level} of 255" in note
        white = opened(tmp_path / name, white=str(level))
        assert int(white.pixels.max()) == 255
        assert not white.notes


@pytest.mark.parametrize("kind", ["TIFF", "GIF", "PNG", "WEBP"])
def test_frames_and_pages_that_are_left_out_are_counted(tmp_path: Path, kind: str) -> None:
    frames = [Image.fromarray(pixels(i)) for i in range(3)]
    for i in range(2):
        frames[i].save(tmp_path / f"{i}.{kind.lower()}", kind, save_all=True, append_images=frames[2:])
    frames[2].save(tmp_path / "one.png")
    for _ in range(2):  # the second time from the cache
        [note] = opened(tmp_path).notes
        assert "2 of 3 files hold several images; the first of each is used" in note


def labelled_folder(folder: Path, names: list[str], **files: str | bytes) -> Path:
    for i, name in enumerate(names):
        save(folder / name, seed=i)
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_csv", ".csv").replace("_json", ".json")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


FOUR = [f"{i}.png" for i in range(4)]
KINDS_OF_LABEL_FILES = {
    "tabs": ("metadata_csv", "file_name\tlabel\n" + "".join(f"{n}\tbig {'cd'[i % 2]}\n" for i, n in enumerate(FOUR))),
    "Windows-1252": (
        "metadata_csv",
        ("file_name;label\n" + "".join(f"{n};{'äö'[i % 2]}\n" for i, n in enumerate(FOUR))).encode("cp1252"),
    ),
    "UTF-16": (
        "metadata_csv",
        ("file_name,label\n" + "".join(f"{n},{'äö'[i % 2]}\n" for i, n in enumerate(FOUR))).encode("utf-16"),
    ),
    "no names of columns": ("labels_csv", "".join(f"{n},{'ab'[i % 2]}\n" for i, n in enumerate(FOUR))),
    "index of pandas": (
        "metadata_csv",
        ",file_name,label\n" + "".join(f"{i},{n},{'ab'[i % 2]}\n" for i, n in enumerate(FOUR)),
    ),
    "whole floats": (
        "metadata_csv",
        "file_name,label\n" + "".join(f"{n},{[2.0, 10.0][i % 2]}\n" for i, n in enumerate(FOUR)),
    ),
    "one-hot lists": (
        "dataset_json",
        json.dumps({"labels": {n: [int(i % 2 == 0), i % 2] for i, n in enumerate(FOUR)}}),
    ),
}


@pytest.mark.parametrize("kind", KINDS_OF_LABEL_FILES)
def test_files_of_labels_as_programs_write_them(tmp_path: Path, kind: str) -> None:
    name, content = KINDS_OF_LABEL_FILES[kind]
    table = opened(labelled_folder(tmp_path, FOUR, **{name: content}))
    names = {"tabs": ("big c", "big d"), "whole floats": ("2", "10"), "one-hot lists": ("0", "1")}
    assert table.class_names == names.get(kind, ("ä", "ö") if isinstance(content, bytes) else ("a", "b"))
    assert table.labels is not None
    assert table.labels.tolist() == [0, 1, 0, 1]


def test_a_file_of_labels_counts_more_than_folders(tmp_path: Path) -> None:
    names = [f"0000{i % 2}/img{i}.png" for i in range(6)]
    labels = {"labels": [[name, i % 3] for i, name in enumerate(names)]}
    folder = labelled_folder(tmp_path, names, dataset_json=json.dumps(labels))
    stylegan = opened(folder)
    assert stylegan.class_names == ("0", "1", "2")
    assert opened(folder, label="").class_names == ("00000", "00001")
    labels["labels"] = labels["labels"][:4]
    (folder / "dataset.json").write_text(json.dumps(labels))
    partly = opened(folder)
    assert partly.class_names == ("00000", "00001")
    assert "has no label for 2 of 6 images, so the folders are the classes" in partly.notes[0]


def test_other_labels_are_other_data(tmp_path: Path) -> None:
    hashes = set()
    for shift in (0, 1):
        text = "file_name,label\n" + "".join(f"{n},{'ab'[(i + shift) % 2]}\n" for i, n in enumerate(FOUR))
        hashes.add(opened(labelled_folder(tmp_path, FOUR, metadata_csv=text)).content_hash)
    assert len(hashes) == 2


def test_labels_of_one_split_are_not_those_of_another(tmp_path: Path) -> None:
    names = [f"{split}/{name}" for split in ("train", "test") for name in FOUR]
    text = "file_name,label\n" + "".join(f"{n},{'ab'[i % 2]}\n" for i, n in enumerate(FOUR))
    labelled_folder(tmp_path, names, train__metadata_csv=text)
    assert opened(tmp_path).class_names == ("a", "b")
    assert opened(tmp_path, split="test").class_names == ()
    (tmp_path / "test" / "metadata.csv").write_text(text.replace(",b", ",c").replace(",a", ",b").replace(",c", ",a"))
    train, test = opened(tmp_path), opened(tmp_path, split="test")
    assert train.labels is not None
    assert test.labels is not None
    assert (train.labels + test.labels).tolist() == [1, 1, 1, 1]


def test_attributes_that_are_not_used_are_named(tmp_path: Path) -> None:
    sizes = "file_name,size\n" + "".join(f"{i}.png,{i * 0.37}\n" for i in range(4))
    [note] = opened(labelled_folder(tmp_path, FOUR, metadata_csv=sizes)).notes
    assert "no class is read from metadata.csv (size); data.label=NAME chooses one" in note
    assert opened(tmp_path, label="SIZE").num_classes == 4


@pytest.mark.parametrize(
    ("names", "train", "classes"),
    [
        (["train/images/1", "train/images/2", "valid/images/1"], 2, ()),
        (["train/n1/images/1", "train/n2/images/1", "val/images/1"], 2, ("n1", "n2")),
        (["trainA/1", "trainA/2", "trainB/1", "testA/1", "testB/1"], 3, ("A", "B")),
        (["set/train_A/1", "set/train_B/1", "set/test_A/1"], 2, ("A", "B")),
    ],
)
def test_folders_that_hold_all_images_of_a_split_are_no_classes(
    tmp_path: Path, names: list[str], train: int, classes: tuple[str, ...]
) -> None:
    for i, name in enumerate(names):
        save(tmp_path / f"{name}.png", seed=i)
    table = opened(tmp_path)
    assert table.size == train
    assert table.class_names == classes


def test_one_of_several_labels_of_an_array(tmp_path: Path) -> None:
    many = np.array([[0, 3], [1, 3], [0, 4], [1, 3], [0, 4], [0, 3]])
    np.savez(tmp_path / "set.npz", images=SIX, labels=many, age=np.array([5, 6] * 3))
    for label, numbers in (("2", [0, 0, 1, 0, 1, 0]), ("1", [0, 1, 0, 1, 0, 0]), ("age", [0, 1] * 3)):
        table = opened(tmp_path / "set.npz", label=label)
        assert table.labels is not None
        assert table.labels.tolist() == numbers
    assert opened(tmp_path / "set.npz", label="").num_classes == 0
    for label, sentence in (("3", "columns 1 to 2"), ("sex", "not an array.*Allowed: age, labels")):
        with pytest.raises(UserError, match=sentence):
            opened(tmp_path / "set.npz", label=label)
    with pytest.raises(UserError, match=r"data\.label=1 to 2"):
        opened(tmp_path / "set.npz")


@pytest.mark.parametrize(
    ("levels", "sentence"),
    [
        (np.linspace(-0.5, 0.5, 384).reshape(6, 8, 8), "levels from -0.5 to 0.5, whose black and white are unknown"),
        (np.where(SIX > 250, np.nan, 0.5), "levels are not finite"),
        (SIX.astype(np.int16) - 128, "whose black and white are unknown"),
    ],
)
def test_levels_of_arrays_that_leave_a_question(tmp_path: Path, levels: np.ndarray, sentence: str) -> None:
    np.savez(tmp_path / "set.npz", images=levels)
    with pytest.raises(UserError, match=sentence):
        opened(tmp_path / "set.npz")
