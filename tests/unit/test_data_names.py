"""Names as file systems allow them, from training to the report; and several trainings at once."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gannet
from gannet.cli import run


def test_a_folder_whose_name_is_not_utf_8_trains_measures_and_reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = b"-caf\xe9 [1]"
    os.mkdir(folder)
    for i in range(40):
        with open(folder + b"/%d.png" % i, "wb") as file:
            Image.fromarray(np.random.default_rng(i).integers(0, 256, (8, 8), dtype=np.uint8)).save(file, "PNG")
    name = f"./{os.fsdecode(folder)}"
    keys = ["batch_size=4", "prior.size=4", "frames.every=1"]
    assert run(["train", name, "--recipe", "mlp-gan", *keys, "--steps", "1", "--out", "r", "--quiet"]) == 0
    assert run(["measure", "r", "--metrics", "sliced-w", "--json"]) == 0
    assert run(["resume", "r", "--steps", "2", "--quiet"]) == 0
    assert run(["report", "r"]) == 0
    assert run(["sample", "r", "-n", "4", "-o", "s.png"]) == 0


def test_several_trainings_in_threads_get_separate_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def train(seed: int) -> gannet.TrainedRun:
        return gannet.train("ring", recipe="gan", steps=20, hidden=8, seed=seed, quiet=True)

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(train, [0, 1, 2, 0]))
    assert len({trained.path for trained in together}) == 4
    assert len(list((tmp_path / "runs").iterdir())) == 4
    alone = train(0)
    for trained in (together[0], together[3]):
        assert np.array_equal(trained.sample(20, seed=1)[0], alone.sample(20, seed=1)[0]), "threads change nothing"
    assert not np.array_equal(together[1].sample(20, seed=1)[0], alone.sample(20, seed=1)[0])


def test_control_characters_of_names_do_not_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "a\n\x1b[31mred"
    folder.mkdir()
    assert run(["data", "info", str(folder)]) == 2
    assert "a\\n\\x1b[31mred contains no images" in capsys.readouterr().err
