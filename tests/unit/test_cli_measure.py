"""What cannot be measured is one clear sentence of the command, with status 2 and no score written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import gannet
from gannet.cli import run
from gannet.evaluation import measure as measuring

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def digits_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return gannet.train("digits", recipe="mlp-gan", steps=2, out=tmp_path_factory.mktemp("runs") / "digits").path


@pytest.fixture
def refused(capsys: Capture) -> Callable[..., str]:
    def call(path: Path, *words: str) -> str:
        scores = path / "scores.jsonl"
        before = scores.read_bytes() if scores.exists() else b""
        assert run(["measure", str(path), *words]) == 2
        answer = capsys.readouterr()
        assert answer.out == ""
        assert (scores.read_bytes() if scores.exists() else b"") == before
        sentences = [line for line in answer.err.splitlines() if line.startswith("gannet: ")]
        assert len(sentences) == 1, answer.err
        return sentences[0]

    return call


def test_one_document_and_nothing_else(digits_run: Path, capsys: Capture) -> None:
    assert run(["measure", str(digits_run), "--metrics", "fd,ct,class-histogram", "--samples", "300", "--json"]) == 0
    answer = capsys.readouterr()
    document = json.loads(answer.out)
    assert answer.err == ""
    assert [card["label"] for card in document["cards"]] == ["FD[digits-cnn-v1]", "class-histogram[digits-cnn-v1]"]
    # The digits inside scikit-learn have no test split.
    assert "test split" in document["skipped"][0]
    assert run(["measure", str(digits_run), "--metrics", "fd", "--samples", "300"]) == 0
    answer = capsys.readouterr()
    assert (
        "measuring 300 generated samples against 300 real ones, 1 metric with its real-data reference: about"
        in answer.err
    )
    assert "FD[digits-cnn-v1]" in answer.out


def test_as_many_generated_samples_as_asked_for(digits_run: Path, capsys: Capture) -> None:
    assert run(["measure", str(digits_run), "--metrics", "fd", "--samples", "1200", "--json"]) == 0
    (card,) = json.loads(capsys.readouterr().out)["cards"]
    assert (card["n_fake"], card["n_real"]) == (1200, 898)
    assert "reference is of 898 real samples, not of 1200" in " ".join(card["warnings"])


def test_missing_weights(
    digits_run: Path, refused: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANNET_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(measuring, "sample_chunks", lambda *given, **named: pytest.fail("sampled in vain"))
    assert "gannet weights add inception FILE" in refused(digits_run, "--metrics", "fd[inception]")
    assert "Did you mean 'kid'" in refused(digits_run, "--metrics", "kit")


def test_nan_samples(digits_run: Path, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(game: object, count: int, rng: object, **inputs: object) -> list[torch.Tensor]:
        samples = torch.zeros(count, 1, 8, 8)
        samples[3:5, 0, 2, 2] = torch.nan
        return [samples]

    monkeypatch.setattr(measuring, "sample_chunks", broken)
    assert "2 of 100 generated samples are NaN or infinite" in refused(digits_run, "--samples", "100")


def test_too_few_samples(digits_run: Path, refused: Callable[..., str], tmp_path: Path) -> None:
    assert "--samples" in refused(digits_run, "--samples", "9")
    few = image_folder(tmp_path / "few", 12, lambda number: number * 20)
    path = gannet.train(str(few), recipe="mlp-gan", steps=1, out=tmp_path / "run", batch_size=4).path
    assert "measuring needs at least 20" in refused(path)


def test_constant_images(refused: Callable[..., str], tmp_path: Path) -> None:
    constant = image_folder(tmp_path / "constant", 40, lambda number: 77)
    path = gannet.train(str(constant), recipe="mlp-gan", steps=1, out=tmp_path / "run", batch_size=4).path
    assert "All 20 real samples are the same" in refused(path)


def test_an_empty_run(digits_run: Path, refused: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    assert "is not a run" in refused(tmp_path / "nothing")
    shutil.copytree(digits_run, tmp_path / "emptied")
    shutil.rmtree(tmp_path / "emptied" / "checkpoints")
    assert "checkpoint" in refused(tmp_path / "emptied")


def image_folder(folder: Path, count: int, level: Callable[[int], int]) -> Path:
    folder.mkdir()
    for number in range(count):
        Image.fromarray(np.full((8, 8), level(number), np.uint8)).save(folder / f"{number}.png")
    return folder


def test_names_of_metrics(digits_run: Path, refused: Callable[..., str], capsys: Capture) -> None:
    assert "--metrics is empty" in refused(digits_run, "--metrics", " , ")
    assert "Unknown metric 'nope'. Allowed: accuracy" in refused(digits_run, "--metrics", "nope")
    assert run(["measure", str(digits_run), "--metrics", "fd, fd,,fd", "--samples", "100", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["cards"]) == 1


def test_labels_that_are_not_there(digits_run: Path, refused: Callable[..., str], tmp_path: Path) -> None:
    assert "a class-conditional game (--recipe cgan ...)" in refused(
        digits_run, "--metrics", "class-accuracy", "--samples", "100"
    )
    unlabelled = image_folder(tmp_path / "grey", 40, lambda number: number * 6)
    path = gannet.train(str(unlabelled), recipe="mlp-gan", steps=1, out=tmp_path / "run", batch_size=4).path
    assert "fd_per_class left out: it needs data with classes." in refused(path, "--metrics", "fd-per-class")


def test_a_class_conditional_game_has_metrics_of_classes(tmp_path: Path, capsys: Capture) -> None:
    path = gannet.train("digits", recipe="cgan", steps=2, out=tmp_path / "run", batch_size=16, **{"data.size": 16}).path
    assert run(["measure", str(path), "--metrics", "class-accuracy,fd-per-class", "--samples", "400", "--json"]) == 0
    accuracy, distance = json.loads(capsys.readouterr().out)["cards"]
    # Hardly trained: it guesses, while real digits are recognised.
    assert accuracy["value"] < 0.5
    assert accuracy["reference"] > 0.97
    for card in (accuracy, distance):
        assert list(card["parts"]) == list(card["reference_parts"]) == list("0123456789")
    assert distance["label"] == "FD-per-class[digits-cnn-v1]"
    assert distance["spec"]["classes"] == "asked"
    assert distance["value"] == pytest.approx(np.mean(list(distance["parts"].values())))
    assert run(["measure", str(path), "--metrics", "class-accuracy", "--samples", "400"]) == 0
    assert "  7 " in capsys.readouterr().out


def test_a_run_at_step_0(digits_run: Path, refused: Callable[..., str], tmp_path: Path) -> None:
    """Ended before its first checkpoint."""
    young = tmp_path / "young"
    shutil.copytree(
        digits_run, young, ignore=lambda folder, names: [name for name in names if name.startswith("step-")]
    )
    assert f"{young} has no checkpoint yet" in refused(young)


@pytest.mark.usefixtures("undrawn")
def test_one_run_measured_in_two_ways_is_kept_apart_in_the_report(
    digits_run: Path, tmp_path: Path, capsys: Capture
) -> None:
    twice = tmp_path / "twice"
    shutil.copytree(digits_run, twice, ignore=lambda folder, names: [name for name in names if name == "scores.jsonl"])
    for samples in ("200", "150"):
        assert run(["measure", str(twice), "--metrics", "fd", "--samples", samples, "--json"]) == 0
    assert run(["report", str(twice), "-o", str(tmp_path / "r.html")]) == 0
    _, apart = (tmp_path / "r.html").read_text(encoding="utf-8").split("Other protocols")
    assert "the newest card differs in" in apart
    assert "protocol.n_fake (150, not 200)" in apart


def test_cards_of_another_protocol_are_refused_by_compare(tmp_path: Path, capsys: Capture) -> None:
    """A run that was measured by an earlier version of the metric, whose card the comparison finds."""
    words = "compare ring --recipes gan --seeds 0,1 --steps 2 --samples 50 --metrics sliced-w".split()
    assert run([*words, "--out", str(tmp_path / "c"), "--json"]) == 0
    capsys.readouterr()
    file = tmp_path / "c" / "compare.json"
    document = json.loads(file.read_text())
    older = document["recipes"][0]["runs"][1]["cards"][0]
    older["spec"] |= {"version": 0, "projections": 8}
    older["fingerprint"] = "0" * len(older["fingerprint"])
    file.write_text(json.dumps(document))
    assert run([*words, "--out", str(tmp_path / "c")]) == 2
    (sentence,) = [line for line in capsys.readouterr().err.splitlines() if "must not be compared" in line]
    assert "they differ in projections (256 and 8), version (1 and 0)." in sentence
