"""Image tables, the choice of classes and size, and IDX files."""

from __future__ import annotations

import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from gannet.data.base import silent
from gannet.data.digits import Digits
from gannet.data.idx import Idx
from gannet.data.image_table import ImageTable
from gannet.data.npz import Npz
from gannet.errors import UserError

CPU = torch.device("cpu")


def test_levels_map_to_minus_one_and_one_and_back() -> None:
    table = ImageTable(np.zeros((2, 1, 8, 8), np.uint8), content_hash="x")
    levels = np.arange(256, dtype=np.uint8).reshape(4, 8, 8, 1)
    normalised = table.form.encode(levels)
    assert_close(normalised.flatten()[[0, 51, 255]], torch.tensor([-1.0, -0.6, 1.0]), rtol=0, atol=1e-6)
    assert np.array_equal(table.form.decode(normalised), levels)


def test_decode_rounds_to_the_nearest_level_and_clamps() -> None:
    table = ImageTable(np.zeros((2, 1, 8, 8), np.uint8), content_hash="x")
    levels = torch.tensor([10.4, 10.6, -30.0, 300.0])
    normalised = (levels / 127.5 - 1).reshape(1, 1, 2, 2)
    assert table.form.decode(normalised).flatten().tolist() == [10, 11, 0, 255]


def test_channels_move_to_the_front_unchanged() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 3, 9, 8), dtype=np.uint8)
    rows, _ = ImageTable(pixels, content_hash="x").reference(5, seed=0)
    assert {r.transpose(2, 0, 1).tobytes() for r in rows} == {p.tobytes() for p in pixels}


def test_labels_stay_with_their_images() -> None:
    pixels = np.repeat(np.arange(6, dtype=np.uint8), 64).reshape(6, 1, 8, 8)
    table = ImageTable(pixels, np.array([0, 1, 2]), ("a", "b", "c"), content_hash="x", rows=np.array([1, 3, 5]))
    batch, labels = table.batch(30, seed=0, position=2, device=CPU)
    assert labels is not None
    levels = table.form.decode(batch)[:, 0, 0, 0]
    assert levels.tolist() == (2 * labels + 1).tolist()
    assert set(levels.tolist()) == {1, 3, 5}


def test_digits_are_those_of_scikit_learn() -> None:
    from sklearn.datasets import load_digits

    stored = load_digits()
    table = Digits().open(silent)
    assert table.size == 1797
    assert table.shape == (1, 8, 8)
    assert np.bincount(table.labels).tolist() == np.bincount(stored.target).tolist()  # type: ignore[arg-type,attr-defined]
    # 16 levels of 255 / 16: level 8 is 127.5 and rounds to the even 128.
    first = stored.images[0]  # type: ignore[attr-defined]
    assert_close(table.pixels[0, 0].numpy().astype(np.float64), first * 255 / 16, rtol=0, atol=0.5)


def test_classes_by_number_and_renumbered() -> None:
    table = Digits(classes="8,3").open(silent)
    assert table.class_names == ("3", "8")
    assert table.size == 183 + 174  # counts of the UCI test set: 183 threes, 174 eights
    whole = Digits().open(silent)
    assert whole.labels is not None
    rows, labels = table.reference(400, seed=0)
    eights = {p.tobytes() for p in whole.pixels.numpy()[whole.labels == 8][:, 0]}
    assert labels is not None
    assert all((r[..., 0].tobytes() in eights) == (label == 1) for r, label in zip(rows, labels, strict=True))
    assert table.content_hash != whole.content_hash


@pytest.mark.parametrize("text", ["11", "cat", "3,cat", ""])
def test_unknown_classes_are_listed(text: str) -> None:
    with pytest.raises(UserError, match="Allowed: 0, 1, 2"):
        Digits(classes=text).open(silent)


def test_size_and_channels_are_checked_and_used() -> None:
    table = Digits(size=16, channels=3).open(silent)
    assert table.shape == (3, 16, 16)
    assert torch.equal(table.pixels[:, 0], table.pixels[:, 2])
    with pytest.raises(UserError) as caught:
        Digits(size=2, channels=2)
    assert len(caught.value.problems) == 2


def test_asking_for_the_native_size_keeps_every_pixel() -> None:
    assert torch.equal(Digits(size=8).open(silent).pixels, Digits().open(silent).pixels)


def _idx(magic: int, array: np.ndarray) -> bytes:
    return struct.pack(f">I{array.ndim}I", magic, *array.shape) + array.astype(np.uint8).tobytes()


PIXELS = np.random.default_rng(0).integers(0, 256, (20, 28, 28), dtype=np.uint8)
LABELS = np.arange(20) % 10


def _folder(tmp_path: Path, *, images: bytes | None = None, labels: bytes | None = None, packed: bool = False) -> Path:
    ending, pack = (".gz", gzip.compress) if packed else ("", bytes)
    (tmp_path / f"train-images-idx3-ubyte{ending}").write_bytes(pack(_idx(0x803, PIXELS) if images is None else images))
    (tmp_path / f"train-labels-idx1-ubyte{ending}").write_bytes(pack(_idx(0x801, LABELS) if labels is None else labels))
    return tmp_path


@pytest.mark.parametrize("packed", [False, True])
def test_idx_is_read_exactly(tmp_path: Path, packed: bool) -> None:
    table = Idx(path=str(_folder(tmp_path, packed=packed))).open(silent)
    assert np.array_equal(table.pixels[:, 0].numpy(), PIXELS)
    assert table.labels is not None
    assert table.labels.tolist() == LABELS.tolist()


def test_idx_split_test_reads_t10k(tmp_path: Path) -> None:
    (tmp_path / "t10k-images.idx3-ubyte").write_bytes(_idx(0x803, PIXELS[:7]))
    table = Idx(path=str(tmp_path), split="test").open(silent)
    assert table.size == 7
    assert table.num_classes == 0
    with pytest.raises(UserError, match="no IDX file of train images"):
        Idx(path=str(tmp_path)).open(silent)


@pytest.mark.parametrize("kind", ["pipe", "folder", "link to nothing"])
@pytest.mark.parametrize("images", ["train-images-idx3-ubyte", "k-train-images.npz"])
def test_labels_that_are_no_file_are_not_ignored(tmp_path: Path, images: str, kind: str) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(_idx(0x803, PIXELS))
    np.savez(tmp_path / "k-train-images.npz", PIXELS)
    labels = tmp_path / images.replace("images", "labels").replace("idx3", "idx1")
    make = {"pipe": os.mkfifo, "folder": os.mkdir, "link to nothing": lambda path: path.symlink_to("gone")}
    make[kind](labels)
    source = (Idx if images.endswith("ubyte") else Npz)(path=str(tmp_path / images))
    with pytest.raises(UserError, match=f"{labels.name} has the name of the labels, but is not a regular file"):
        source.open(silent)
    labels.rmdir() if kind == "folder" else labels.unlink()
    assert source.open(silent).num_classes == 0


def test_idx_holds_out_the_test_files_where_there_are_any(tmp_path: Path) -> None:
    folder = _folder(tmp_path, packed=False)
    assert Idx(path=str(folder)).held_out() is None
    (folder / "t10k-images-idx3-ubyte").write_bytes(_idx(0x803, PIXELS[:2]))
    (folder / "t10k-labels-idx1-ubyte").write_bytes(_idx(0x801, LABELS[:2]))
    held_out = Idx(path=str(folder), labels=1).held_out()
    assert held_out is not None
    assert held_out.held_out() is None
    assert held_out.labels is None
    assert held_out.open(silent).size == 2


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"images": _idx(0x803, PIXELS)[:-1]}, "truncated: 20 x 28 x 28"),
        ({"images": _idx(0x803, PIXELS) + b"0"}, "longer than its header"),
        ({"images": _idx(0x801, LABELS)}, "not an IDX file of images"),
        ({"images": b""}, "begins with nothing"),
        ({"images": _idx(0x803, PIXELS[:, :0])}, "28 x 0 pixels; each side needs 8"),
        ({"images": _idx(0x803, PIXELS)[:10]}, "header ends after 10 bytes"),
        ({"labels": _idx(0x801, LABELS[:19])}, "19 labels, but train-images-idx3-ubyte has 20"),
        ({"images": _idx(0x803, PIXELS[:1]), "labels": _idx(0x801, LABELS[:1])}, "at least 2"),
    ],
)
def test_damaged_idx_is_one_clear_sentence(tmp_path: Path, fault: dict[str, bytes], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        Idx(path=str(_folder(tmp_path, **fault))).open(silent)  # type: ignore[arg-type]


def test_damaged_gzip_is_one_clear_sentence(tmp_path: Path) -> None:
    path = _folder(tmp_path, packed=True) / "train-images-idx3-ubyte.gz"
    whole = path.read_bytes()
    for damaged in (whole[:500], b"no gzip at all"):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=r"damaged or truncated \.gz"):
            Idx(path=str(tmp_path)).open(silent)
