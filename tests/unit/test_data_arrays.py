"""Arrays as people save them: layouts, ranges, labels, and the files of well-known data sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from support.data_cases import SIX, held_out, opened, pixels

from gannet.errors import UserError

ONE_HOT = np.eye(3)[[0, 2, 1, 0, 2, 1]]


@pytest.mark.parametrize(
    ("labels", "names", "numbers"),
    [
        (np.array([1, 2, 3, 1, 2, 3]), ("1", "2", "3"), [0, 1, 2, 0, 1, 2]),
        (np.array([[5], [7], [5], [7], [5], [7]]), ("5", "7"), [0, 1, 0, 1, 0, 1]),
        (ONE_HOT, ("0", "1", "2"), [0, 2, 1, 0, 2, 1]),
        (ONE_HOT.astype(bool), ("0", "1", "2"), [0, 2, 1, 0, 2, 1]),
        (np.array(list("baabab")), ("a", "b"), [1, 0, 0, 1, 0, 1]),
        (np.array(list("baabab"), dtype="S1"), ("a", "b"), [1, 0, 0, 1, 0, 1]),
        (np.array([1.0, 10.0, 2.0] * 2), ("1", "2", "10"), [0, 2, 1, 0, 2, 1]),
        (np.array([-1, 1, 1, -1, 1, 1]), ("-1", "1"), [0, 1, 1, 0, 1, 1]),
        (np.array([True, False] * 3), ("0", "1"), [1, 0] * 3),
    ],
)
def test_labels_of_any_values(tmp_path: Path, labels: np.ndarray, names: tuple[str, ...], numbers: list[int]) -> None:
    np.savez(tmp_path / "set.npz", images=SIX, labels=labels)
    table = opened(tmp_path / "set.npz")
    assert table.class_names == names
    assert table.labels is not None
    assert table.labels.tolist() == numbers


COLOURS = np.stack([pixels(i) for i in range(6)])


@pytest.mark.parametrize(
    ("key", "array", "expected"),
    [
        ("x_train", SIX, SIX[..., None]),
        ("imgs", COLOURS, COLOURS),
        ("X", COLOURS.transpose(0, 3, 1, 2), COLOURS),
        ("data", SIX.reshape(6, -1), SIX[..., None]),
        ("arr_0", COLOURS.transpose(0, 3, 1, 2).reshape(6, -1), COLOURS),
        ("images", COLOURS / 255, COLOURS),
        ("images", (COLOURS / np.float32(127.5) - 1).astype(np.float32), COLOURS),
        ("images", COLOURS.astype(np.float32), COLOURS),
        ("images", COLOURS.astype(np.int64), COLOURS),
        ("images", SIX > 127, np.where(SIX > 127, 255, 0)[..., None]),
        ("images", SIX.astype(np.uint16) * 257, SIX[..., None]),
    ],
)
def test_arrays_of_any_layout_and_range(tmp_path: Path, key: str, array: np.ndarray, expected: np.ndarray) -> None:
    np.savez(tmp_path / "set.npz", **{key: array})  # type: ignore[arg-type]
    assert_array_equal(opened(tmp_path / "set.npz").pixels.permute(0, 2, 3, 1).numpy(), expected)
    np.save(tmp_path / "set.npy", array)
    assert_array_equal(opened(tmp_path / "set.npy").pixels.permute(0, 2, 3, 1).numpy(), expected)


def test_files_of_keras_and_kmnist(tmp_path: Path) -> None:
    np.savez(tmp_path / "mnist.npz", x_train=SIX, y_train=[3, 4] * 3, x_test=SIX[:2], y_test=[4, 3])
    table, test = opened(tmp_path / "mnist.npz"), held_out(tmp_path / "mnist.npz")
    assert (table.size, test.size) == (6, 2)
    assert table.class_names == test.class_names == ("3", "4")
    np.savez(tmp_path / "kmnist-train-imgs.npz", SIX)
    np.savez(tmp_path / "kmnist-train-labels.npz", np.array([2, 1, 2, 1, 2, 1]))
    kmnist = opened(tmp_path / "kmnist-train-imgs.npz")
    assert kmnist.class_names == ("1", "2")
    assert kmnist.labels is not None
    assert kmnist.labels.tolist() == [1, 0] * 3


def idx(magic: int, array: np.ndarray) -> bytes:
    return magic.to_bytes(4, "big") + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.astype("u1").tobytes()


def test_files_of_emnist(tmp_path: Path) -> None:
    for name in ("letters", "digits"):
        labels = np.arange(6) % 2 + (1 if name == "letters" else 0)
        (tmp_path / f"emnist-{name}-train-images-idx3-ubyte").write_bytes(idx(0x803, SIX.transpose(0, 2, 1)))
        (tmp_path / f"emnist-{name}-train-labels-idx1-ubyte").write_bytes(idx(0x801, labels))
        (tmp_path / f"emnist-{name}-test-images-idx3-ubyte").write_bytes(idx(0x803, SIX[:2]))
        (tmp_path / f"emnist-{name}-test-labels-idx1-ubyte").write_bytes(idx(0x801, labels[:2]))
    with pytest.raises(UserError, match=r"several sets of IDX files; give one file of images, such as .*emnist-digits"):
        opened(tmp_path)
    place = tmp_path / "emnist-letters-train-images-idx3-ubyte"
    table = opened(place)
    assert table.class_names == ("1", "2")
    assert_array_equal(table.pixels[:, 0].numpy(), SIX)
    assert "turned upright" in table.notes[0]
    assert held_out(place).size == 2


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
