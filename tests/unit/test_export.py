"""Exported networks compute what the run computes, without Gannet."""

from __future__ import annotations

import runpy
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from support.recipe_cases import CASES, data_of, make

import gannet
from gannet.cli import run
from gannet.export import formats
from gannet.export.card import _without_folders
from gannet.export.formats import FORMATS, TOLERANCE
from gannet.export.parts import part_of, parts_of
from gannet.runs.reader import Run
from gannet.training.sampling import evaluating

HAS_ONNX = all(find_spec(name) for name in formats.NEEDS_EXTRA)
Capture = pytest.CaptureFixture[str]


def exported(path: Path, out: Path, *words: str) -> Path:
    assert run(["export", str(path), "-o", str(out), *words]) == 0
    return out


def loaded(folder: Path, output: str, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """What load.py writes where Gannet cannot be imported."""
    script = (folder / "load.py").read_text()
    assert len(script.splitlines()) <= 11, "a docstring and ten lines"
    with monkeypatch.context() as patch:
        for name in [name for name in sys.modules if name.partition(".")[0] == "gannet"]:
            patch.setitem(sys.modules, name, None)
        runpy.run_path(str(folder / "load.py"))
    return np.load(folder / f"{output}.npy")


def test_labels_are_an_input_and_the_script_draws_every_class(trained, tmp_path: Path, monkeypatch) -> None:
    path = trained("labelled")
    folder = exported(path, tmp_path / "out")
    samples = loaded(folder, "samples", monkeypatch)
    assert samples.shape == (64, 1, 8, 8)
    assert 0 <= samples.min() < samples.max() <= 1
    opened = gannet.load(path)
    latents = torch.from_numpy(np.random.default_rng(0).standard_normal((64, 100)).astype(np.float32))
    with torch.no_grad(), evaluating(opened.game):
        expected = opened.form.decode(opened.game.generate(latents, torch.arange(64) % 10))
    made = np.round(samples * 255).astype(np.uint8).transpose(0, 2, 3, 1)
    assert np.abs(made.astype(int) - expected).max() <= 1
    card = (folder / "README.md").read_text()
    assert "| input | `labels` | int64 (N,): class, 0 0, 1 1" in card
    assert opened.run.record.data.content_hash in card
    assert "was not measured" in card


def test_a_card_names_no_folder_of_the_machine() -> None:
    command = "gannet train folder --recipe dcgan --init /home/a/runs/x@30 'data.path=/home/a/my photos' lr=0.1"
    shared = "gannet train folder --recipe dcgan --init x@30 'data.path=my photos' lr=0.1"
    assert _without_folders(command) == shared


@pytest.mark.slow
def test_points_come_in_their_units_from_a_learned_prior(trained, tmp_path: Path, monkeypatch) -> None:
    folder = exported(trained("constant"), tmp_path / "out")
    samples = loaded(folder, "samples", monkeypatch)
    assert samples.shape == (64, 2)
    assert np.load(folder / "latents.npy").shape == (4096, 8)


@pytest.mark.slow
def test_scores_stand_in_the_card(trained, tmp_path: Path) -> None:
    folder = exported(f"{trained('measured')}@60", tmp_path / "out", "--format", "safetensors")
    assert "| w2 | " in (folder / "README.md").read_text()


def test_safetensors_holds_the_generator_only(trained, tmp_path: Path, capsys: Capture) -> None:
    from safetensors import safe_open

    path = trained("points")
    folder = exported(path, tmp_path / "out", "--format", "safetensors")
    with safe_open(folder / "generator.safetensors", "numpy") as file:
        names = list(file.keys())
        assert {name.split(".")[1] for name in names} == {"generator"}
        assert file.metadata()["step"] == "300"
    runpy.run_path(str(folder / "load.py"))
    assert "game.generator.layers.0.weight (16, 32)" in capsys.readouterr().out


@pytest.mark.slow
def test_an_encoder_inverts(trained, tmp_path: Path, monkeypatch) -> None:
    folder = exported(trained("encoder"), tmp_path / "out", "--part", "encoder")
    assert loaded(folder, "latents", monkeypatch).shape[0] == 64
    program = torch.export.load(folder / "encoder.pt2").module()
    opened = gannet.load(trained("encoder", tmp_path / "again"))
    images, _ = opened.sample(7)
    with torch.no_grad(), evaluating(opened.game):
        expected = opened.game.encode(opened.form.encode(images))
    given = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    torch.testing.assert_close(program(given), expected, atol=1e-4, rtol=1e-4)


def test_mistakes_are_sentences_and_leave_nothing(trained, tmp_path: Path, capsys: Capture, monkeypatch) -> None:
    path = trained("points")

    def refused(*words: str) -> str:
        capsys.readouterr()
        assert run(["export", str(path), *words]) == 2
        return capsys.readouterr().err

    before = {file.name for file in path.iterdir()}
    assert "Allowed: torch, onnx, safetensors" in refused("--format", "pickle")
    assert "--part encoder: this run has none. Allowed: generator." in refused("--part", "encoder")
    monkeypatch.setattr(formats, "find_spec", lambda name: None)
    assert "pip install 'gannet-gan[export]'" in refused("--format", "onnx")
    monkeypatch.setitem(FORMATS, "torch", (".pt2", lambda *_: 0.5))
    assert "computes other values than PyTorch" in refused()
    assert {file.name for file in path.iterdir()} == before
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    assert "not an empty folder" in refused("-o", str(tmp_path / "full"))


@pytest.mark.skipif(not HAS_ONNX, reason="needs the extra [export]")
def test_onnx_on_64_samples(trained, tmp_path: Path, monkeypatch) -> None:
    path = trained("labelled")
    folder = exported(path, tmp_path / "onnx", "--format", "onnx")
    onnx = loaded(folder, "samples", monkeypatch)
    torch_ = loaded(exported(path, tmp_path / "torch"), "samples", monkeypatch)
    assert np.abs(onnx - torch_).max() < TOLERANCE
    import onnxruntime

    for file in folder.glob("*.onnx"):
        session = onnxruntime.InferenceSession(file)
        for value in (*session.get_inputs(), *session.get_outputs()):
            assert value.shape[0] == "batch", file.name


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["torch", *(["onnx"] if HAS_ONNX else [])])
@pytest.mark.parametrize(("name", "data"), CASES)
def test_every_part_of_every_recipe(name: str, data: str, kind: str, tmp_path: Path) -> None:
    experiment, form = make(name, data), data_of(name, data).form
    for part in parts_of(experiment.game):
        suffix, save = FORMATS[kind]
        difference = save(part_of(experiment.game, form, part), tmp_path / f"{part}{suffix}", {"a": "b"})
        assert difference <= TOLERANCE, part


@pytest.mark.slow
def test_alarms_are_limits(trained, tmp_path: Path) -> None:
    path = trained("alarmed")
    folder = exported(path, tmp_path / "out", "--format", "safetensors")
    alarms = {event.text for event in Run(path).events() if event.severity == "alarm"}
    assert alarms
    limits = (folder / "README.md").read_text().split("## Limits")[1].splitlines()
    assert {f"- {alarm}" for alarm in alarms} <= set(limits)
