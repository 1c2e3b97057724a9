"""``gannet train DATA --init RUN``: what fits is loaded, what does not is named; resumed and repeated exactly
without the source.
"""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from safetensors.torch import load_file

from gannet.cli import run
from gannet.runs.command_line import train_command
from gannet.runs.reader import read_record

KEYS = ("batch_size=16", "health.every=0", "frames.every=0")


def _train(*words: object) -> int:
    return run([str(word) for word in ("train", *words, *KEYS)])


def _tensors(path: Path, step: int, name: str = "model", folder: str = "checkpoints") -> dict:
    return load_file(path / folder / f"step-{step:09d}" / f"{name}.safetensors")


def _equal(first: dict, second: dict) -> bool:
    return first.keys() == second.keys() and all(first[name].equal(second[name]) for name in first)


def test_a_run_on_other_data_starts_from_the_parameters(trained, tmp_path, capsys):
    source, out = trained("points"), tmp_path / "fine"
    assert _train("grid", "--recipe", "gan", "--steps", 2, "hidden=16", "--init", f"{source}@200", "--out", out) == 0
    assert f"Started from {source} at step 200: 8 of 8 tensors loaded." in capsys.readouterr().err
    for name in ("model", "average"):
        assert _equal(_tensors(out, 0, name, "origin"), _tensors(source, 200, name))
    assert not _equal(_tensors(out, 2), _tensors(source, 200))
    init = read_record(out).init
    file = source / "checkpoints" / "step-000000200" / "model.safetensors"
    assert init is not None
    assert init.as_json() == {
        "run": str(source), "step": 200, "sha256": sha256(file.read_bytes()).hexdigest(),
        "loaded": 8, "tensors": 8, "not_loaded": [], "unused": [],
    }  # fmt: skip
    assert f"--init {source}@200" in train_command(read_record(out))


def test_what_does_not_fit_is_named(trained, tmp_path, capsys):
    source, out = trained("points"), tmp_path / "fine"
    assert (
        _train("ring", "--recipe", "gan", "--steps", 1, "hidden=16", "prior.size=5", "--init", source, "--out", out)
        == 0
    )
    said, init = capsys.readouterr().err, read_record(out).init
    assert init.not_loaded == init.unused
    assert len(init.not_loaded) == 1
    assert (
        f"7 of 8 tensors loaded; new, because that run has no tensor of this name and shape: {init.not_loaded[0]}."
        in said
    )
    begun, theirs = _tensors(out, 0, folder="origin"), _tensors(source, 300)
    for name, tensor in begun.items():
        assert tensor.equal(theirs[name]) == (name not in init.not_loaded)


def test_resumed_and_repeated_without_the_source(trained, tmp_path, capsys):
    source, out = trained("points"), tmp_path / "fine"
    words = ("ring", "--recipe", "gan", "hidden=16", "--init", source)
    assert _train(*words, "--steps", 6, "--out", tmp_path / "whole") == 0
    assert _train(*words, "--steps", 6, "--out", out) == 0
    # As a kill before the second checkpoint leaves it.
    shutil.rmtree(out / "checkpoints" / "step-000000006")
    events = (out / "events.jsonl").read_text().splitlines(keepends=True)
    (out / "events.jsonl").write_text("".join(line for line in events if json.loads(line)["kind"] != "finish"))
    shutil.rmtree(source)
    assert run(["resume", str(out)]) == 0
    assert _equal(_tensors(out, 6), _tensors(tmp_path / "whole", 6))
    assert run(["train", str(out), "--out", str(tmp_path / "again")]) == 0
    assert _equal(_tensors(tmp_path / "again", 6), _tensors(tmp_path / "whole", 6))
    capsys.readouterr()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ring", "--recipe", "gan", "hidden=8", "--init", "{source}"), "no parameter of that run fits"),
        (("ring", "--recipe", "gan", "--init", "{source}@7"), "no checkpoint of step 7"),
        (("ring", "--recipe", "gan", "--init", "nowhere"), "--init nowhere: nowhere is not a run"),
        (("{source}", "--init", "{source}"), "--init does not apply"),
    ],
)
def test_mistakes(words, said, trained, tmp_path, capsys):
    source = trained("points")
    words = [word.format(source=source) for word in words]
    assert run(["train", *words, "--steps", "1", "--out", str(tmp_path / "never")]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "never").exists()


def test_nothing_that_the_source_names_is_imported(trained, tmp_path, capsys, monkeypatch):
    source = trained("points")
    record = json.loads((source / "run.json").read_text())
    (tmp_path / "trap.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    record["arguments"]["loss"], record["recipe"] = "trap:Loss", str(tmp_path / "trap.py")
    (source / "run.json").write_text(json.dumps(record))
    assert (
        _train("ring", "--recipe", "gan", "--steps", 1, "hidden=16", "--init", source, "--out", tmp_path / "fine") == 0
    )
    capsys.readouterr()
