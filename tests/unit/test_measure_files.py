"""``gannet measure FOLDER --against DATA``: the same score cards for samples from anywhere."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gannet.cli import run
from gannet.data.base import silent
from gannet.data.digits import Digits
from gannet.evaluation.measure import samples_for_measuring
from gannet.seeding import derive
from gannet.sessions.measuring_files import measure_files
from gannet.sessions.trained_run import TrainedRun

Capture = pytest.CaptureFixture[str]


def test_files_of_samples_get_the_cards_of_the_run_that_made_them(trained, tmp_path: Path) -> None:
    opened = TrainedRun(trained("points"))
    names = ["mmd", "energy-distance", "recall"]
    cards, _ = opened.measure(names, samples=100)
    dataset = opened.open_data()
    made = samples_for_measuring(opened.game, dataset, 100, opened.plan.settings.seed)
    np.savez(tmp_path / "made.npz", samples=made)
    keys = {f"data.{key}": value for key, value in opened.plan.values["data"].items()}
    again, _ = measure_files(
        str(tmp_path / "made.npz"), opened.plan.source_name, keys=keys, metrics=names, seed=opened.plan.settings.seed
    )
    for ours, theirs in zip(cards, again, strict=True):
        assert theirs.value == pytest.approx(ours.value, rel=1e-5)
        assert theirs.reference == ours.reference
        assert theirs.fingerprint == ours.fingerprint
        assert theirs.run == "made.npz"


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Digits, twice as large and in colour."""
    folder = tmp_path_factory.mktemp("files") / "copies"
    folder.mkdir()
    for i, image in enumerate(Digits().open(silent).reference(40, seed=derive(1, "x"))[0]):
        Image.fromarray(image[..., 0]).resize((16, 16), Image.Resampling.NEAREST).convert("RGB").save(
            folder / f"{i}.png"
        )
    return folder


def test_images_of_another_shape_are_fitted_and_every_card_says_so(copies: Path, capsys: Capture) -> None:
    assert run(["measure", str(copies), "--against", "digits", "--metrics", "sliced-w", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    [card] = document["cards"]
    assert document["samples"] == str(copies)
    assert card["n_fake"] == 40
    assert card["value"] < 3 * card["reference"], "these are real digits"
    assert card["warnings"] == ["The samples were converted from 3 x 16 x 16 to 1 x 8 x 8, the shape of the data."]
    assert not (copies / "scores.jsonl").exists()


def test_what_cannot_be_measured_is_one_sentence(copies: Path, tmp_path: Path, capsys: Capture) -> None:
    for words, sentence in {
        (str(copies),): "To measure the samples in it, add --against DATA",
        (str(copies), "--against", "ring"): "is read as images (folder), and the data are points",
        (str(copies), "--against", "digits", "--metrics", "fid"): "The weights of inception are missing",
        (str(copies), "--against", "digits", "--metrics", "FID"): "The weights of inception are missing",
        (str(tmp_path / "none"), "--against", "digits"): "the path does not exist",
    }.items():
        assert run(["measure", *words]) == 2
        errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("gannet: ")]
        assert len(errors) == 1
        assert sentence in errors[0]
        assert "FD[" not in errors[0], "no other quantity is suggested"


def test_a_run_is_refused_because_its_frames_are_not_its_samples(trained, copies: Path, capsys: Capture) -> None:
    """Every run of images has a folder of frames, which are readable as a few large images."""
    path = trained("images")
    for words in ((str(path), "--against", str(copies)), (str(copies), "--against", str(path))):
        assert run(["measure", *words]) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"gannet: {path} is a run, and --against compares samples in files with data.")
        assert f"`gannet sample {path} -n 1000 -o samples.npz`" in error
