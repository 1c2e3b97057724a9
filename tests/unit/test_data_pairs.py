"""Pairs of images: halves of files and files of the same name, in batches, in references and through a training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import gannet
from gannet.data.base import silent
from gannet.data.folder import Folder
from gannet.data.image_table import ImageTable
from gannet.errors import UserError

CPU = torch.device("cpu")


def level(value: int, width: int = 8, height: int = 8) -> np.ndarray:
    return np.full((height, width), value, np.uint8)


@pytest.fixture
def halves(tmp_path: Path) -> Path:
    """Left halves of level 10 n, right halves of level 200 + n; 17 pixels wide."""
    folder = tmp_path / "halves"
    folder.mkdir()
    for number in range(20):
        both = np.concatenate([level(10 * number), level(99, 1), level(200 + number)], axis=1)
        Image.fromarray(both).save(folder / f"{number:02}.png")
    return folder


def test_a_half_of_every_file_is_its_input(halves: Path) -> None:
    for side in ("left", "right"):
        data = Folder(path=str(halves), inputs=side).open(silent)
        assert data.shape == (1, 8, 8)
        assert data.paired
        assert data.form.paired
        targets, inputs = data.reference(20, seed=0)[0], data.reference_inputs(20, seed=0)
        assert inputs is not None
        left, right = (inputs, targets) if side == "left" else (targets, inputs)
        assert (right[:, 0, 0, 0] - 200 == left[:, 0, 0, 0] // 10).all()
        real, _ = data.batch(5, seed=3, position=1, device=CPU)
        given = data.inputs(5, seed=3, position=1, device=CPU)
        assert given is not None
        left, right = ((x[:, 0, 0, 0] + 1) * 127.5 for x in ((given, real) if side == "left" else (real, given)))
        torch.testing.assert_close(right - 200, left / 10, atol=1e-3, rtol=0)
    assert Folder(path=str(halves), inputs="left").open(silent).content_hash != data.content_hash
    assert Folder(path=str(halves)).open(silent).inputs(2, seed=0, position=0, device=CPU) is None


def test_files_of_the_same_name_in_a_folder_are_inputs(tmp_path: Path) -> None:
    for number in range(10):
        for folder, value, suffix in (("photos", 10 * number, "png"), ("maps", 200 + number, "bmp")):
            (tmp_path / folder / "town").mkdir(parents=True, exist_ok=True)
            Image.fromarray(level(value)).save(tmp_path / folder / "town" / f"{number}.{suffix}")
    data = Folder(path=str(tmp_path), inputs="maps").open(silent)
    assert data.class_names == ()
    targets, inputs = data.reference(10, seed=0)[0], data.reference_inputs(10, seed=0)
    assert inputs is not None
    assert (inputs[:, 0, 0, 0] - 200 == targets[:, 0, 0, 0] // 10).all()
    with pytest.raises(
        UserError,
        match=r"Did you mean 'maps'\? Allowed: left, right \(.* files?\), or a folder in it; found: maps, photos",
    ):
        Folder(path=str(tmp_path), inputs="map").open(silent)
    (tmp_path / "maps" / "town" / "3.bmp").unlink()
    with pytest.raises(UserError, match=r"no file of the same name in maps for photos/town/3\.png"):
        Folder(path=str(tmp_path), inputs="maps").open(silent)


def test_sizes_that_differ_are_named(tmp_path: Path) -> None:
    for number in range(4):
        for folder, side in (("photos", 16), ("maps", 8)):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.fromarray(level(number, side, side)).save(tmp_path / folder / f"{number}.png")
    with pytest.raises(UserError, match=r"inputs have 8 x 8 pixels and their targets 16 x 16; set data\.size"):
        Folder(path=str(tmp_path), inputs="maps").open(silent)
    assert Folder(path=str(tmp_path), inputs="maps", size=16).open(silent).shape == (1, 16, 16)


def test_a_training_sees_the_pairs(halves: Path, tmp_path: Path) -> None:
    keys = {"data.inputs": "left", "width": 8, "batch_size": 4, "frames.every": 1, "health.every": 0}
    with pytest.raises(UserError, match="degradation=paired and data with pairs belong together"):
        gannet.train(str(halves), recipe="pix2pix", steps=1, out=tmp_path / "a", keys=keys)
    paired = {"degradation": "paired"}
    with pytest.raises(UserError, match="set both"):
        gannet.train("digits", recipe="pix2pix", steps=1, out=tmp_path / "a", keys=paired)
    run = gannet.train(str(halves), recipe="pix2pix", steps=2, out=tmp_path / "run", keys=keys | paired)
    shown = run.translations(6)
    assert (shown["target"][:, 0, 0, 0] - 200 == shown["input"][:, 0, 0, 0] // 10).all()
    cards, _ = run.measure(["psnr"])
    assert set(cards[0].parts) == {"input"}


def test_a_recipe_that_ignores_the_inputs_says_so(halves: Path, tmp_path: Path) -> None:
    keys = {"data.inputs": "left", "batch_size": 4, "health.every": 0}
    with pytest.warns(gannet.GannetWarning, match=r"data\.inputs=left: the recipe 'mlp-gan' does not use the inputs"):
        gannet.train(str(halves), recipe="mlp-gan", steps=1, out=tmp_path / "run", keys=keys, quiet=True)


def test_a_broken_pair_is_left_out_as_a_whole(halves: Path) -> None:
    (halves / "07.png").write_bytes(b"broken")
    with pytest.raises(UserError, match=r"07\.png"):
        Folder(path=str(halves), inputs="left").open(silent)
    data = Folder(path=str(halves), inputs="left", on_bad="skip", flip=True).open(silent)
    targets, inputs = data.reference(20, seed=0)[0], data.reference_inputs(20, seed=0)
    assert inputs is not None
    assert len(targets) == 19
    assert (targets[:, 0, 0, 0] - 200 == inputs[:, 0, 0, 0] // 10).all()


def test_a_pair_is_mirrored_together() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (16, 1, 8, 8), np.uint8)
    data = ImageTable(pixels, content_hash="0", flip=True, inputs=pixels)
    real, _ = data.batch(16, seed=0, position=2, device=CPU)
    inputs = data.inputs(16, seed=0, position=2, device=CPU)
    assert inputs is not None
    assert torch.equal(real, inputs)
    assert not torch.equal(real, ImageTable(pixels, content_hash="0").batch(16, seed=0, position=2, device=CPU)[0])
