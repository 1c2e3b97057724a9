from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gannet.data.base import silent
from gannet.data.folder import Folder
from gannet.data.shard_writing import prepare
from gannet.discovery import components, find
from gannet.testing.data import check_source

NAMES = list(components("data"))
FROM_FILES = {
    "idx",
    "folder",
    "csv-file",
    "npz",
    "npz-points",
    "huggingface",
    "mnist",
    "fashion-mnist",
    "cifar10",
    "stacked-mnist",
}
FROM_FILES |= {"captioned-folder", "shards"}


def test_every_source_file_was_found() -> None:
    assert set(NAMES) >= FROM_FILES


def _pictures(count: int = 12) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 10, 10, 3), dtype=np.uint8)


def _class_folders(path: Path, names: tuple[str, ...]) -> Path:
    for i, pixels in enumerate(_pictures(2 * len(names))):
        folder = path / names[i % len(names)]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{i}.png")
    return path


def _write_idx(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    images = _pictures()[..., 0]
    (folder / "train-images-idx3-ubyte").write_bytes(
        bytes.fromhex("000008030000000c0000000a0000000a") + images.tobytes()
    )
    (folder / "train-labels-idx1-ubyte").write_bytes(
        bytes.fromhex("000008010000000c") + bytes(i % 10 for i in range(12))
    )
    return folder


def _saved_by_library(path: Path) -> Path:
    from datasets import ClassLabel, Dataset, Features
    from datasets import Image as ImageFeature

    columns = {"picture": [Image.fromarray(p) for p in _pictures()], "label": [i % 2 for i in range(12)]}
    features = Features({"picture": ImageFeature(), "label": ClassLabel(names=["cat", "dog"])})
    Dataset.from_dict(columns, features=features).save_to_disk(str(path / "saved"))
    return path / "saved"


def _shards(path: Path) -> Path:
    folder = Folder(path=str(_class_folders(path / "own", ("cat", "dog"))))
    prepare(folder, path / "shards", shard_bytes=4000, progress=silent)
    return path / "shards"


def _fields(name: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("GANNET_CACHE", str(path / "cache"))
    monkeypatch.setenv("GANNET_DATA", str(path))
    points = np.random.default_rng(1).normal(5, 2, (50, 2))
    if name in {"mnist", "fashion-mnist"}:
        _write_idx(path / name)
    elif name == "stacked-mnist":
        _write_idx(path / "mnist")
    elif name == "cifar10":
        _class_folders(path / name, ("airplane", "automobile", "bird"))
    elif name == "idx":
        return {"path": str(_write_idx(path / "idx"))}
    elif name == "folder":
        return {"path": str(_class_folders(path / "own", ("cat", "dog")))}
    elif name == "captioned-folder":
        folder = _class_folders(path / "captioned", ("cat", "dog"))
        lines = [
            json.dumps({"file_name": file.relative_to(folder).as_posix(), "text": f"number {file.stem}"})
            for file in folder.glob("*/*")
        ]
        (folder / "metadata.jsonl").write_text("\n".join(lines), encoding="utf-8")
        return {"path": str(folder)}
    elif name in (made := {"huggingface": _saved_by_library, "shards": _shards}):
        return {"path": str(made[name](path))}
    elif name == "csv-file":
        np.savetxt(path / "points.csv", points, delimiter=",")
        return {"path": str(path / "points.csv")}
    elif name in {"npz", "npz-points"}:
        arrays = {"images": _pictures()} if name == "npz" else {"samples": points, "labels": np.arange(50) % 3}
        np.savez(path / "stored.npz", **arrays)
        return {"path": str(path / "stored.npz")}
    return {}


@pytest.mark.parametrize("name", NAMES)
def test_source_keeps_the_contract(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = _fields(name, tmp_path, monkeypatch)
    check_source(find("data", name).load()(**fields))
