"""Every command of docs/data.md runs on files like those that it describes."""

from __future__ import annotations

import json
import re
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from datasets import Dataset, Features
from datasets import Image as ImageColumn
from PIL import Image

from gannet.cli import run

PAGE = Path(__file__).parents[2] / "docs" / "data.md"
COMMANDS = re.findall(r"\| `gannet (.*?)` \|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
RNG = np.random.default_rng(0)


def images(folder: Path, count: int, names: str = "{}.png", shape: tuple[int, ...] = (24, 32, 3)) -> None:
    for i in range(count):
        path = folder / names.format(i)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(RNG.integers(0, 256, shape, dtype=np.uint8)).save(path)


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    images(folder / "photos", 30)
    images(folder / "more", 60)
    with zipfile.ZipFile(folder / "photos.zip", "w") as archive:
        for path in (folder / "photos").iterdir():
            archive.write(path, f"photos/{path.name}")
    for name in ("cat", "dog"):
        images(folder / "animals" / name, 3)
        for split in ("train", "test"):
            images(folder / "split" / split / name, 3)
    images(folder / "broken", 5)
    (folder / "broken" / "0.png").write_bytes(b"")
    for name in ("labelled", "attributes"):
        images(folder / name, 4)
    (folder / "labelled" / "dataset.json").write_text(json.dumps({"labels": [[f"{i}.png", i % 2] for i in range(4)]}))
    rows = [f"{i}.png,{'ab'[i % 2]},{['red', 'blue'][i // 2]}" for i in range(4)]
    (folder / "attributes" / "metadata.csv").write_text("\n".join(["file_name,shape,colour", *rows]))
    (folder / "scans").mkdir()
    for i in range(3):
        Image.fromarray(RNG.integers(0, 4096, (16, 16)).astype(np.uint16)).save(folder / "scans" / f"{i}.png")
    (folder / "mnist-files").mkdir()
    header = bytes.fromhex("00000803000000040000000800000008")
    (folder / "mnist-files" / "train-images-idx3-ubyte").write_bytes(header + bytes(range(256)))
    (folder / "webdataset").mkdir()
    with tarfile.open(folder / "webdataset" / "train-0.tar", "w") as archive:
        for i in range(6):
            (folder / f"{i}.json").write_text(json.dumps({"label": i % 2, "colour": ["red", "blue"][i // 3]}))
            archive.add(folder / f"{i}.json", f"{i}.json")
            archive.add(folder / "photos" / f"{i}.png", f"{i}.png")
    points = pd.DataFrame(RNG.normal(size=(30, 3)), columns=list("xyz")).assign(kind=list("ab") * 15)
    points[["x", "y"]].to_csv(folder / "points.csv")
    points[["x", "y"]].to_parquet(folder / "points.parquet")
    encoded = [{"bytes": (folder / "photos" / f"{i}.png").read_bytes(), "path": None} for i in range(30)]
    columns = Features({"image": ImageColumn()})
    Dataset.from_dict({"image": encoded}, features=columns).to_parquet(folder / "images.parquet", batch_size=10)
    points.to_csv(folder / "wide.csv", index=False)
    points[["x", "y"]].mask(RNG.random((30, 2)) < 0.1).to_csv(folder / "gaps.csv", index=False)
    np.savez(folder / "points.npz", samples=points[["x", "y"]])
    np.savez(folder / "images.npz", x_train=RNG.random((5, 3, 8, 8)))
    np.savez(folder / "labels.npz", images=RNG.integers(0, 256, (6, 8, 8), dtype=np.uint8), labels=["u", "v"] * 3)
    several = np.stack([np.arange(6) % 2, np.arange(6) // 3], 1)
    np.savez(folder / "several.npz", images=RNG.integers(0, 256, (6, 8, 8), dtype=np.uint8), labels=several)
    return folder


EXPECTED = {
    "images.parquet data.streaming=true": "shape    3 x 24 x 32",
    "photos data.size=24x16": "shape    3 x 16 x 24",
    "photos data.test=0.2": "samples  24",
    "photos data.crop=20x10": "shape    3 x 10 x 20",
    "photos data.channels=4": "shape    4 x 24 x 32",
    "images.npz": "shape    3 x 8 x 8",
    "split data.split=test": "class    dog  3",
    "broken data.on_bad=skip": "1 of 5 images is left out",
    "labelled": "class    1  2",
    "attributes data.label=colour": "class    blue  2",
    "wide.csv data.columns=x,z data.label=kind": "class    b  15",
    "labels.npz": "class    v  3",
    "several.npz data.label=2": "class    1  3",
    "animals data.classes=cat": "class    cat  3",
    "gaps.csv data.on_bad=skip": "rows are left out",
    "webdataset": "class    1  3",
    "webdataset data.label=colour": "class    blue  3",
    "scans": "level 4095 is white",
    "scans data.white=4000": "samples  3",
}


def test_the_page_has_commands() -> None:
    assert len(COMMANDS) > 20
    assert set(EXPECTED) <= {command.removeprefix("data info ") for command in COMMANDS}


@pytest.mark.parametrize("command", dict.fromkeys(COMMANDS))
def test_the_command_runs(
    command: str, there: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(there)
    status = run(command.split())
    answer = capsys.readouterr()
    assert status == 0, answer.err
    assert EXPECTED.get(command.removeprefix("data info "), "") in answer.out
