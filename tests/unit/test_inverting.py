"""``gannet invert``: the file of a user is read as the data of the run are."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gannet
from gannet.data.base import silent
from gannet.evaluation.inversion import Search
from gannet.sessions.inverting import invert_file


@pytest.mark.parametrize("keys", [{"data.fit": "pad"}, {"data.crop": "12x10"}], ids=str)
def test_an_image_is_cropped_and_fitted_as_training_data_are(tmp_path: Path, keys: dict[str, str]) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for i in range(8):
        Image.fromarray(rng.integers(0, 256, (16, 24, 3), dtype=np.uint8)).save(tmp_path / "photos" / f"{i}.png")
    run = gannet.train(
        str(tmp_path / "photos"),
        recipe="mlp-gan",
        out=tmp_path / "run",
        steps=1,
        quiet=True,
        keys={"data.size": 8, "batch_size": 4, **keys},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # PyTorch warns of arrays that are not writable
        found = invert_file(run, tmp_path / "photos" / "3.png", search=Search(starts=4, keep=1, steps=1))
    stored, _ = run.plan.source.open(silent).reference(8, seed=0)
    assert any(np.array_equal(found.original, image) for image in stored)
    with pytest.raises(gannet.UserError, match="photos is a folder: give one image"):
        invert_file(run, tmp_path / "photos")
    levels = rng.integers(0, 256, (16, 24), dtype=np.uint16)
    levels[0, 0] = 255
    Image.fromarray(levels.astype(np.uint8)).save(tmp_path / "eight.png")
    Image.fromarray(levels * 16).save(tmp_path / "twelve.tif")
    seen = [
        invert_file(run, tmp_path / name, search=Search(starts=4, keep=1, steps=1)).original.astype(int)
        for name in ("eight.png", "twelve.tif")
    ]
    assert np.abs(seen[0] - seen[1]).max() <= 2
