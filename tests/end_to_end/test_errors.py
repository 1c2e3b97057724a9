"""A user's mistake is one clear sentence, status 2, and nothing left behind: some through the installed command."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def _jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()


def _pictures(folder: Path, **spoilt: bytes) -> Path:
    folder.mkdir(parents=True)
    for i in range(8):
        (folder / f"good{i}.jpg").write_bytes(_jpeg())
    for name, content in spoilt.items():
        (folder / name.replace("_", ".")).write_bytes(content)
    return folder


def _no_traceback(answer):
    assert "Traceback" not in answer.err
    assert all(line.startswith("gannet: ") for line in answer.err.splitlines()), answer.err


MISTAKES = {
    "unknown recipe": (["train", "ring", "--recipe", "dcgna"], ["Unknown recipe 'dcgna'", "Did you mean 'dcgan'?"]),
    "no data": (["train"], ["gannet: Missing argument 'DATA'. See gannet train --help."]),
    "key written as a flag": (
        ["train", "ring", "--hidden", "5"],
        ["gannet: No such option: --hidden. Keys are written without dashes: hidden=VALUE. See gannet train --help."],
    ),
    "learning rate written as a flag": (
        ["train", "ring", "--lr", "1e-4"],
        ["No such option: --lr", "Keys are written without dashes: lr=VALUE."],
    ),
    "the -o of other verbs": (["compare", "ring", "-o", "x"], ["gannet: No such option: -o. Write --out DIR."]),
    "unknown data": (["train", "rnig"], ["'rnig'", "Did you mean 'ring'?"]),
    "unknown key": (["train", "ring", "--recipe", "gan", "hiden=3"], ["Unknown key 'hiden'", "Did you mean 'hidden'?"]),
    "unknown data key": (
        ["train", "ring", "data.radios=3"],
        ["Unknown key 'data.radios'", "Did you mean 'data.radius'?"],
    ),
    "wrong type": (["train", "ring", "--recipe", "gan", "hidden=many"], ["hidden=many", "integer"]),
    "out of range": (["train", "ring", "batch_size=0"], ["batch_size=0", "expected an integer ≥ 2"]),
    "data out of range": (["train", "ring", "data.sigma=-1"], ["data.sigma=-1", "expected a number ≥ 1e-06"]),
    "unknown loss": (
        ["train", "ring", "--recipe", "gan", "loss=hinje"],
        ["Unknown loss 'hinje'", "Did you mean 'hinge'?"],
    ),
    "loss field out of range": (
        ["train", "ring", "--recipe", "gan", "loss=hinge", "loss.margin=-1"],
        ["loss.margin=-1"],
    ),
    "zero steps": (["train", "ring", "--steps", "0"], ["steps=0", "expected an integer ≥ 1"]),
    "negative seed": (["train", "ring", "--seed", "-1"], ["seed=-1", "expected an integer ≥ 0"]),
    "unknown device": (["train", "ring", "--device", "tpu"], ["device=tpu", "expected one of auto, cpu, cuda"]),
    "no gpu": (["train", "ring", "--device", "cuda", "--steps", "1"], ["--device cuda", "no usable CUDA GPU"]),
    "flag as key": (["train", "ring", "seed=3"], ["seed=3", "--seed"]),
    "not key=value": (["train", "ring", "fast"], ["'fast' is neither KEY=VALUE"]),
    "key twice": (["train", "ring", "steps=2", "steps=3"], ["steps is given 2 times"]),
    "unknown flag": (["train", "ring", "--stepps", "3"], ["--stepps"]),
    "missing path": (["train", "./nothing-here"], ["nothing-here", "does not exist"]),
    "images to a points recipe": (["train", "digits", "--recipe", "gan"], ["'gan' trains on points", "images"]),
    "no labels": (["train", "pictures", "--recipe", "cgan"], ["'cgan' needs labels"]),
    "unknown class": (["train", "digits", "data.classes=cat"], ["no class 'cat'"]),
    "impossible size": (
        ["train", "digits", "--recipe", "dcgan", "data.size=29"],
        ["cannot make images of 29 x 29", "data.size=28"],
    ),
    "run exists": (["train", "ring", "--out", "a run"], ["a run is not empty", "gannet resume 'a run'"]),
    "folder used": (["train", "ring", "--out", "used"], ["used is not empty. Choose another --out."]),
    "a file is there": (["train", "ring", "--out", "broken.py"], ["broken.py is a file. Choose another --out."]),
    "empty data": (["train", ""], ["An argument is empty"]),
    "empty out": (["train", "ring", "--out", ""], ["An argument is empty"]),
    "empty path": (["data", "check", ""], ["An argument is empty"]),
    "empty folder": (["train", "empty"], ["empty"]),
    "folder without images": (["train", "texts"], ["texts"]),
    "truncated image": (["train", "truncated"], ["bad.jpg"]),
    "empty image": (["train", "zero"], ["bad.png"]),
    "text as image": (["train", "textpng"], ["bad.png"]),
    "recipe file missing": (["train", "ring", "--recipe", "mine.py"], ["mine.py"]),
    "recipe file broken": (["train", "ring", "--recipe", "broken.py"], ["broken.py", "SyntaxError"]),
    "resume no run": (["resume", "empty"], ["is not a run"]),
    "resume missing": (["resume", "gone"], ["gone does not exist"]),
    "measure no run": (["measure", "texts"], ["is not a run"]),
    "sample no run": (["sample", "texts"], ["is not a run"]),
    "report no run": (["report", "texts"], ["is not a run"]),
    "sample to a strange file": (["sample", "texts", "-o", "x.gif"], ["x.gif", ".png"]),
    "list what": (["list", "recipe"], ["Cannot list 'recipe'", "Did you mean 'recipes'?"]),
    "check missing": (["data", "check", "gone"], ["gone"]),
}


@pytest.fixture
def furnished(folder):
    """The folder with the files that the mistakes are about, and a list of all of it."""
    (folder / "used").mkdir()
    (folder / "used" / "file").write_text("mine")
    (folder / "a run").mkdir()
    (folder / "a run" / "run.json").write_text("{}")
    (folder / "empty").mkdir()
    (folder / "texts").mkdir()
    (folder / "texts" / "a.txt").write_text("no image")
    _pictures(folder / "pictures")
    _pictures(folder / "truncated", bad_jpg=_jpeg()[:300])
    _pictures(folder / "zero", bad_png=b"")
    _pictures(folder / "textpng", bad_png=b"hello")
    (folder / "broken.py").write_text("def broken(:\n")
    return folder


def _everything(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if "__pycache__" not in p.parts)


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(name, furnished, gannet):
    check(name, furnished, gannet)


@pytest.mark.parametrize("name", ["unknown flag", "impossible size"])
def test_mistake_of_the_installed_command(name, furnished, installed):
    check(name, furnished, installed)


def check(name, furnished, gannet):
    words, expected = MISTAKES[name]
    before = _everything(furnished)
    answer = gannet(*words)
    assert answer.status == 2, answer
    for part in expected:
        assert part in answer.err
    _no_traceback(answer)
    assert len(answer.err.splitlines()) == 1, "one sentence"
    assert answer.out == ""
    assert _everything(furnished) == before, "something was left behind"


def test_several_mistakes_are_reported_together(gannet):
    answer = gannet(
        "train", "ring", "--recipe", "gan", "hiden=3", "batch_size=0", "data.sigma=x", "optimizer.generator.lr=-1"
    )
    assert answer.status == 2
    assert len(answer.err.splitlines()) == 4


def test_several_values_of_a_key_need_sweep(gannet):
    words = ("compare", "ring", "--recipes", "gan")
    answer = gannet(*words, "lr=1e-3,1e-4", "loss=hinge,minimax")
    assert answer.status == 2
    assert len(answer.err.splitlines()) == 4
    assert "To train every value of lr: --sweep lr=1e-3,1e-4." in answer.err
    assert "To train every value of loss: --sweep loss=hinge,minimax." in answer.err
    assert "--sweep" not in gannet(*words, "data.classes=1,2", "lr=x").err


def test_mistakes_in_python(tmp_path):
    import gannet
    from gannet.errors import UserError

    with pytest.raises(UserError, match="Unknown key 'stepz'"):
        gannet.train("ring", recipe="gan", stepz=4, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
