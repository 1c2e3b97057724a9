"""Parquet files that are read while training: ``data.streaming=true``."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import fsspec
import numpy as np
import pandas
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from gannet.cli import run
from gannet.data.base import silent
from gannet.data.huggingface import Huggingface
from gannet.data.streamed_parquet import RowGroups
from gannet.errors import UserError

COUNT, GROUP, SIDE = 120, 10, 8
CPU = torch.device("cpu")


def picture(number: int) -> np.ndarray:
    """An image that shows its number."""
    return np.full((SIDE, SIDE, 3), (number, 255 - number, 7), dtype=np.uint8)


def encoded(number: int) -> dict[str, object]:
    file = io.BytesIO()
    Image.fromarray(picture(number)).save(file, "PNG")
    return {"bytes": file.getvalue(), "path": None}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Two files of the split train with 8 and 4 row groups, and one of the split test."""
    from datasets import ClassLabel, Dataset, Features
    from datasets import Image as ImageColumn

    path = tmp_path_factory.mktemp("stored")
    columns = Features({"image": ImageColumn(), "label": ClassLabel(names=["even", "odd", "none"])})
    for name, numbers in (
        ("train-00000-of-00002", range(80)),
        ("train-00001-of-00002", range(80, COUNT)),
        ("test-00000-of-00001", range(30)),
    ):
        rows = {"image": [encoded(n) for n in numbers], "label": [n % 2 for n in numbers]}
        Dataset.from_dict(rows, features=columns).to_parquet(path / f"{name}.parquet", batch_size=GROUP)
    return path


def opened(folder: Path, **keys):
    return Huggingface(path=str(folder), streaming=True, **keys).open(silent)


def numbers(dataset, count: int, position: int, seed: int = 0) -> list[int]:
    images, labels = dataset.batch(count, seed=seed, position=position, device=CPU)
    found = ((images[:, 0, 0, 0] + 1) * 127.5).round().int().tolist()
    assert labels.tolist() == [number % 2 for number in found]
    return found


def test_every_epoch_shows_every_image_once_in_another_order(folder):
    dataset = opened(folder)
    assert dataset.size == COUNT
    assert dataset.form.shape == (3, SIDE, SIDE)
    assert dataset.class_names == ("even", "odd", "none")
    assert dataset.class_counts == (60, 60, 0)
    epochs = [[n for p in range(5 * e, 5 * e + 5) for n in numbers(dataset, 24, p)] for e in range(2)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(COUNT))
    assert epochs[0] != epochs[1]
    assert numbers(dataset, 24, 0, seed=1) != epochs[0][:24]


def test_a_batch_is_a_function_of_its_place(folder):
    whole = opened(folder)
    expected = [numbers(whole, 7, position) for position in range(40)]  # more than two epochs
    for position in (39, 17, 0, 16):
        assert numbers(opened(folder), 7, position) == expected[position]


def test_pixels_are_those_of_the_set_that_is_decoded_at_once(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("GANNET_CACHE", str(tmp_path))
    at_once = Huggingface(path=str(folder)).open(silent)
    one, other = (data.reference(COUNT, seed=0) for data in (at_once, opened(folder)))
    for images, labels in (one, other):
        assert sorted(images[:, 0, 0, 0].tolist()) == list(range(COUNT))
        for image, label in zip(images, labels, strict=True):
            assert (image == picture(int(image[0, 0, 0]))).all()
            assert label == image[0, 0, 0] % 2


def test_few_row_groups_are_in_memory_and_each_is_read_once_an_epoch(folder, monkeypatch):
    read, most = [], 0
    original = RowGroups._column_of

    def counted(self, file, group):
        nonlocal most
        read.append((file, group))
        most = max(most, len(self._groups))
        return original(self, file, group)

    monkeypatch.setattr(RowGroups, "_column_of", counted)
    dataset = opened(folder, window=2)
    for position in range(20):
        numbers(dataset, 6, position)
    assert set(read) == {(0, g) for g in range(8)} | {(1, g) for g in range(4)}
    assert most <= 4
    assert len(read) <= 1 + 12 + 4  # one for the size of the images; those of the next epoch are read ahead


def test_samples_for_measuring_come_from_a_bounded_number_of_row_groups(folder, monkeypatch):
    monkeypatch.setattr("gannet.data.huggingface.REFERENCE_GROUPS", 3)
    images, _ = opened(folder).reference(COUNT, seed=0)
    found = images[:, 0, 0, 0]
    assert len(set(found.tolist())) == len(found) == 3 * GROUP
    assert len({number // GROUP for number in found.tolist()}) == 3


def test_threads_may_need_more_row_groups_than_stay_in_memory(folder, monkeypatch):
    monkeypatch.setattr("gannet.data.sharded_images.os.cpu_count", lambda: 4)
    read = RowGroups._column_of
    monkeypatch.setattr(RowGroups, "_column_of", lambda *place: time.sleep(0.002) or read(*place))
    dataset = opened(folder, window=1)
    found = numbers(dataset, COUNT // 2, 0) + numbers(dataset, COUNT // 2, 1)
    assert sorted(found) == list(range(COUNT))


def test_another_split_and_a_single_file(folder):
    assert opened(folder, split="test").size == 30
    assert opened(folder / "train-00001-of-00002.parquet").size == 40


@pytest.mark.parametrize("column", ["struct", "bytes"])
def test_images_that_pandas_stored_are_read_at_once_and_streamed(tmp_path, monkeypatch, column):
    """Without the image type of the library ``datasets``."""
    monkeypatch.setenv("GANNET_CACHE", str(tmp_path / "cache"))
    cells = [encoded(n) if column == "struct" else encoded(n)["bytes"] for n in range(12)]
    pandas.DataFrame({"image": cells, "label": [n % 2 for n in range(12)]}).to_parquet(tmp_path / "own.parquet")
    whole = Huggingface(path=str(tmp_path / "own.parquet")).open(silent)
    assert whole.class_names == ("0", "1")
    assert np.array_equal(whole.pixels[3].permute(1, 2, 0).numpy(), picture(3))
    streamed = Huggingface(path=str(tmp_path / "own.parquet"), streaming=True).open(silent)
    images, _ = streamed.reference(12, seed=0)
    assert sorted(images[:, 0, 0, 0].tolist()) == list(range(12))


def test_files_at_addresses_are_read_in_place(folder, monkeypatch):
    """As those of the hub, whose addresses begin with hf://."""
    system = fsspec.filesystem("memory")
    addresses = []
    for file in sorted(folder.glob("train-*")):
        system.pipe(f"/hub/{file.name}", file.read_bytes())
        addresses.append(f"memory://hub/{file.name}")
    monkeypatch.setattr("gannet.data.huggingface._reachable", lambda address: True)
    monkeypatch.setattr(
        "datasets.load_dataset_builder",
        lambda path: SimpleNamespace(config=SimpleNamespace(data_files={"train": addresses})),
    )
    far, near = opened(Path("owner/name")), opened(folder)
    assert numbers(far, 24, 3) == numbers(near, 24, 3)
    assert far.content_hash == near.content_hash


def test_changed_data_have_another_hash(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    assert opened(tmp_path / "copy").content_hash == opened(folder).content_hash
    shutil.copy(folder / "test-00000-of-00001.parquet", tmp_path / "copy/train-00001-of-00002.parquet")
    assert opened(tmp_path / "copy").content_hash != opened(folder).content_hash


def test_a_resumed_training_is_that_of_an_uninterrupted_one(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = [
        "train",
        str(folder),
        "--recipe",
        "mlp-gan",
        "data.streaming=true",
        "batch_size=16",
        "--quiet",
    ]
    few = ["frames.every=0", "health.every=0", "measure.every=0"]
    assert run([*words, *few, "--steps", "14", "--out", "whole"]) == 0
    assert run([*words, *few, "--steps", "6", "--out", "parts"]) == 0
    assert run(["resume", "parts", "--steps", "14", "--quiet"]) == 0
    for name in ("model", "average", "optimizers"):
        one, other = (
            load_file(tmp_path / run / f"checkpoints/step-000000014/{name}.safetensors") for run in ("whole", "parts")
        )
        assert one.keys() == other.keys()
        assert all(one[key].equal(other[key]) for key in one)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"classes": "odd"}, "data.classes cannot be used with data.streaming=true"),
        ({"labels": 10, "test": 0.1}, "data.test, data.labels cannot be used"),
        ({"split": "dev"}, "has no files of the split 'dev'; its splits are train, test"),
    ],
)
def test_what_streaming_cannot_do_is_one_sentence(folder, keys, sentence):
    with pytest.raises(UserError, match=sentence):
        opened(folder, **keys)


def test_bad_files_and_images_are_named(folder, tmp_path):
    from datasets import Dataset, Features
    from datasets import Image as ImageColumn

    (tmp_path / "broken.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(UserError, match=r"broken\.parquet cannot be read as a Parquet file"):
        opened(tmp_path / "broken.parquet")
    cells = [*(encoded(n) for n in range(19)), {"bytes": b"no image", "path": None}]
    rows = Dataset.from_dict({"image": cells}, features=Features({"image": ImageColumn()}))
    rows.to_parquet(tmp_path / "one.parquet", batch_size=GROUP)
    with pytest.raises(UserError, match=r"row 9 of row group 1 of one\.parquet: .* data\.on_bad=skip"):
        opened(tmp_path / "one.parquet").batch(20, seed=0, position=0, device=CPU)
    rows.save_to_disk(tmp_path / "saved")
    with pytest.raises(UserError, match="is not stored as Parquet files"):
        opened(tmp_path / "saved")


@pytest.mark.slow
def test_memory_does_not_grow_with_the_set(tmp_path):
    """One GB in files of 16 MB, by the benchmark that is made with 5 GB."""
    script = Path(__file__).parents[2] / "benchmarks" / "streaming.py"
    words = ["--gigabytes", "1", "--file-mb", "16", "--steps", "40", "-o", tmp_path / "found.json"]
    subprocess.run([sys.executable, script, *map(str, words)], check=True, timeout=600)
    found = json.loads((tmp_path / "found.json").read_text())
    more = found["all_files"]["peak_mb"] - found["one_file"]["peak_mb"]
    assert more < 2 * 8 * found["row_group_mb"]  # 8 row groups are kept, and one file has one
    assert found["resumed_equal"]
