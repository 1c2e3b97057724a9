"""Splits and labels: from folders, and from files as programs write them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from numpy.testing import assert_array_equal
from support.data_cases import held_out, opened, pixels, save

from gannet.errors import UserError


def test_split_folders_are_splits_and_classes_come_from_the_next_level(tmp_path: Path) -> None:
    for i, name in enumerate(f"{s}/{c}/{k}.png" for s in ("train", "test") for c in ("cat", "dog") for k in range(3)):
        save(tmp_path / name, seed=i)
    train, test = opened(tmp_path), held_out(tmp_path)
    assert train.class_names == test.class_names == ("cat", "dog")
    assert train.size == test.size == 6
    assert_array_equal(train.reference(6, seed=0)[0].sum(), sum(pixels(i).sum(dtype=int) for i in range(6)))
    assert "has the splits test, train; the 6 images of train are used" in train.notes[0]
    assert opened(tmp_path, split="test").content_hash == test.content_hash != train.content_hash
    with pytest.raises(UserError, match=r"no split 'val'. .*Allowed: test, train"):
        opened(tmp_path, split="val")


@pytest.mark.parametrize(
    ("names", "train", "classes"),
    [
        (["train/1", "train/2", "test/1", "test/2", "val/1", "val/2"], 2, ()),
        (["set/Training/a/1", "set/Training/b/1", "set/Validation/a/1", "set/Validation/b/1"], 2, ("a", "b")),
        (["cat/train/1", "dog/train/1", "cat/test/1", "dog/test/1"], 2, ("cat", "dog")),
        (["train/cat/1", "train/dog/1", "test/1", "test/2"], 2, ("cat", "dog")),
        (["train/1", "train/2", "train/3"], 3, ()),
        (["train/1", "train/2", "test/1", "unlabelled/1", "unlabelled/2"], 2, ()),
        (["train/1", "plane/1", "boat/1", "boat/2"], 4, ("boat", "plane", "train")),
    ],
)
def test_layouts_of_splits(tmp_path: Path, names: list[str], train: int, classes: tuple[str, ...]) -> None:
    for i, name in enumerate(names):
        save(tmp_path / f"{name}.png", seed=i)
    table = opened(tmp_path)
    assert table.size == train
    assert table.class_names == classes


def test_a_share_is_held_out_by_content(tmp_path: Path) -> None:
    for i in range(30):
        save(tmp_path / f"{i:02}.png", seed=i)
        save(tmp_path / f"again{i:02}.png", seed=i)
    train, test = opened(tmp_path, test="0.2"), held_out(tmp_path, test="0.2")
    seen, kept = ({image.tobytes() for image in table.reference(99, seed=0)[0]} for table in (train, test))
    assert (train.size, test.size) == (48, 12)
    assert not seen & kept, "equal images are on the same side"
    digits = opened("digits", test="0.1")
    assert digits.size == 1797 - 180
    assert digits.num_classes == 10


def test_labels_of_dataset_json_and_metadata(tmp_path: Path) -> None:
    names = [f"{i}.png" for i in range(8)]
    for folder in ("json", "csv", "jsonl", "many", "celeba/img"):
        for i, name in enumerate(names):
            save(tmp_path / folder / name, seed=i)
    write = {
        "json/dataset.json": json.dumps({"labels": [[n, i % 3] for i, n in enumerate(names)]}),
        "csv/metadata.csv": "file_name,label\n"
        + "\n".join(f'{n},"{"cat" if i % 2 else "dog, big"}"' for i, n in enumerate(names)),
        "jsonl/metadata.jsonl": "\n".join(
            json.dumps({"file_name": n, "label": 7 - i % 2}) for i, n in enumerate(names)
        ),
        "many/metadata.csv": "file_name,shape,colour\n"
        + "\n".join(f"{n},s{i % 2},c{i % 4}" for i, n in enumerate(names)),
        "celeba/list_attr_celeba.txt": "8\nSmiling Young\n"
        + "\n".join(f"{n} {1 if i % 2 else -1}  1" for i, n in enumerate(names)),
    }
    for name, text in write.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    expected = {
        "json": (("0", "1", "2"), [i % 3 for i in range(8)], {}),
        "csv": (("cat", "dog, big"), [1 - i % 2 for i in range(8)], {}),
        "jsonl": (("6", "7"), [1 - i % 2 for i in range(8)], {}),
        "many": (("c0", "c1", "c2", "c3"), [i % 4 for i in range(8)], {"label": "colour"}),
        "celeba": (("-1", "1"), [i % 2 for i in range(8)], {"label": "Smiling"}),
    }
    for folder, (classes, labels, keys) in expected.items():
        table = opened(tmp_path / folder, **keys)
        assert table.class_names == classes, folder
        assert table.labels is not None
        assert table.labels.tolist() == labels, folder
    assert opened(tmp_path / "many").num_classes == 0
    with pytest.raises(UserError, match=r"data.label=size is not in metadata.csv.*Allowed: colour, shape"):
        opened(tmp_path / "many", label="size")
    (tmp_path / "csv" / "metadata.csv").write_text("file_name,label\n0.png,cat\n", encoding="utf-8")
    with pytest.raises(
        UserError, match=r"7 of 8 images have no label in metadata.csv \(1.png, 2.png, 3.png and 4 more"
    ):
        opened(tmp_path / "csv")
    assert opened(tmp_path / "csv", label="").num_classes == 0


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
