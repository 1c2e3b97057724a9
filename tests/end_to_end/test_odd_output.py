"""Output that cannot be written, and names that are not UTF-8 or that the locale cannot show."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.warm import COMMAND

FULL = Path("/dev/full")
TRAIN = ["train", "ring", "--recipe", "gan", "--steps", "30", "batch_size=16"]
MEASURE = ["measure", "run", "--metrics", "w1", "--samples", "50"]
COMPARE = ["compare", "ring", "--recipes", "gan", "--seeds", "0", "--steps", "5", *MEASURE[2:], "--out", "compared"]
slow = pytest.mark.slow
PRINTING = [
    ["list", "recipes"],
    ["--help"],
    MEASURE,
    *(
        pytest.param(words, marks=slow)
        for words in (
            [], ["--version"], ["train", "--help"], ["describe", "gan"], ["status", "run"], ["status", ".", "--json"],
            ["table", "run"], ["doctor", "run"], ["clean", "."], ["data", "info", "ring"], ["data", "cache"],
            ["config", "explain", "ring"], ["config"], ["weights", "list"], [*MEASURE, "--json"], COMPARE,
            ["watch", "run", "--terminal"], ["watch", "run", "--no-browser"],
        )
    ),
]  # fmt: skip


def run(words: list[str], folder: Path, environment: dict[str, str], **streams: object) -> tuple[int, str]:
    """Exit status and standard error of the installed command."""
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    done = subprocess.run([str(COMMAND), *words], cwd=folder, env=environment, timeout=240, check=False, **given)
    return done.returncode, (done.stderr or b"").decode(errors="surrogateescape")


@pytest.fixture
def with_run(folder, trained) -> Path:
    """A folder with a run of points."""
    os.symlink(trained("points"), folder / "run")
    return folder


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", PRINTING, ids=" ".join)
def test_output_on_a_full_disk_is_one_sentence(with_run, environment, words):
    if words == ["table", "run"]:
        assert run(MEASURE, with_run, environment)[0] == 0
    with FULL.open("wb") as full:
        status, said = run(words, with_run, environment, stdout=full)
    assert status == 2
    assert said.splitlines()[-1] == "gannet: Cannot write the output: No space left on device."
    assert "Traceback" not in said
    if words == MEASURE:
        assert (with_run / "run" / "scores.jsonl").read_text().count("\n") == 1  # what was computed is kept


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_training_on_full_output_ends_with_its_checkpoint(folder, environment):
    with FULL.open("wb") as full:
        status, _ = run([*TRAIN, "--out", "run"], folder, environment, stdout=full, stderr=full)
    assert status == 0
    assert (folder / "run/checkpoints/step-000000030/MANIFEST.json").is_file()


def test_a_run_whose_name_is_not_utf8_is_read_again(folder, gannet):
    name = os.fsdecode(b"r\xe4")
    assert gannet(*TRAIN, "--out", name).status == 0
    for words in (
        ["measure", name, *MEASURE[2:]],
        ["table", name],
        ["export", name, "-o", os.fsdecode(b"e\xe4")],
        ["export", name, "--format", "safetensors", "-o", os.fsdecode(b"f\xe4")],
        ["sample", name, "-o", os.fsdecode(b"s\xe4.png")],
        ["watch", name, "--terminal"],
        ["resume", name, "--steps", "40"],
        ["train", name, "--steps", "35", "--out", os.fsdecode(b"t\xe4")],
    ):
        answer = gannet(*words)
        assert answer.status == 0, (words, answer.err)


def test_classes_whose_names_are_not_utf8_are_prepared(folder, gannet):
    import numpy as np
    from PIL import Image

    for label in (b"a\xe4", b"b"):
        place = folder / "images" / os.fsdecode(label)
        place.mkdir(parents=True)
        for index in range(8):
            pixels = np.random.default_rng(index).integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(place / f"{index}.png")
    assert gannet("data", "prepare", "images", "-o", "prepared").status == 0
    answer = gannet("data", "info", "prepared")
    assert answer.status == 0
    assert "a\\udce4" in answer.out
    words = ["--recipes", "mlp-gan", "--seeds", "0", "--steps", "2", "batch_size=4", "--out", "compared"]
    for _ in range(2):  # fewer than 20 samples, which cannot be measured
        answer = gannet("compare", "images", *words)
        assert "holds another run" not in answer.err
        assert answer.status in (0, 1), answer.err


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes")
def test_names_that_the_locale_cannot_show_are_shown_as_they_are(folder, environment):
    ascii_only = environment | {"LC_ALL": "C", "PYTHONUTF8": "0"}
    status, said = run([*TRAIN, "--out", "läuft 中"], folder, ascii_only)
    assert status == 0
    assert "Next: gannet measure 'läuft 中'" in said
    for words in (["measure", "läuft 中", *MEASURE[2:]], ["table", "läuft 中"], ["status", "."]):
        status, said = run(words, folder, ascii_only)
        assert status == 0, said
