"""A run whose record, recipe, journal or checkpoint has changed is refused: it never continues silently as another."""

import json
import shutil
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from support.real_runs import Person, train, without_provenance

from gannet import cli
from gannet.errors import UserError
from gannet.runs.reader import Run
from gannet.sessions import provenance
from gannet.sessions.resume import resume, train_again
from gannet.training import checkpoint


class Heard(Person):
    def __init__(self):
        super().__init__()
        self.sentences: list[str] = []

    def warned(self, sentence):
        self.sentences.append(sentence)


def some(cases, *quick):
    """All cases; those that are not named are slow."""
    return [case if case in quick else pytest.param(case, marks=pytest.mark.slow) for case in cases]


def newest(run: Path) -> Path:
    return checkpoint.newest_first(run / "checkpoints")[0]


def edit_record(run: Path, *where: str, to: object) -> None:
    record = json.loads((run / "run.json").read_text())
    inside = record
    for name in where[:-1]:
        inside = inside[name]
    inside[where[-1]] = to
    (run / "run.json").write_text(json.dumps(record))


EDITS = {
    "learning rate": (("arguments", "optimizer.generator.lr"), 0.02, "optimizer.generator.lr was 0.001 and is 0.02"),
    "loss": (("arguments", "loss"), "hinge", "loss was non-saturating and is hinge"),
    "batch size": (("arguments", "batch_size"), 8, "batch_size was 16 and is 8"),
    "steps": (("arguments", "steps"), 900, "steps was 60 and is 900"),
    "seed": (("settings", "seed"), 8, "seed was 7 and is 8"),
    "precision": (("settings", "precision"), "fp32", "precision was auto and is fp32"),
    "data": (("data", "arguments", "radius"), 1.0, "data.radius was 2.0 and is 1.0"),
    "content": (("data", "content_hash"), "0", "data (content hash) was"),
}


@pytest.mark.parametrize("what", some(EDITS, "learning rate", "loss", "content"))
def test_an_edited_record_is_refused_by_name(trained, what):
    where, value, sentence = EDITS[what]
    run = trained("signalled")
    edit_record(run, *where, to=value)
    with pytest.raises(UserError) as caught:
        resume(run, Person())
    assert sentence in str(caught.value)
    assert f"{run}/run.json has changed since step-000000030 was written" in str(caught.value)


@pytest.mark.parametrize("verb", ["again", "fork", "sample"])
def test_every_reader_notices_an_edited_record(trained, tmp_path, capsys, verb):
    run = trained("signalled")
    edit_record(run, "arguments", "optimizer.generator.lr", to=0.02)
    if verb == "sample":
        assert cli.run(["sample", str(run), "-n", "4", "-o", str(tmp_path / "x.png")]) == 0
        assert "run.json has changed since the training (optimizer.generator.lr was 0.001" in capsys.readouterr().err
        return
    with pytest.raises(UserError, match="has changed since"):
        train_again(run, 20 if verb == "fork" else None, {}, tmp_path / "other", Person())
    assert not (tmp_path / "other").exists()


def test_settings_that_only_decide_what_is_recorded_may_change(trained):
    run = trained("signalled")
    edit_record(run, "settings", "frames.every", to=25)
    resume(run, Person())
    assert Run(run).events()[-1].kind == "finish"


@pytest.mark.parametrize(("missing", "named"), [("settings", "seed, device, precision"), ("data", "data")])
def test_a_record_without_a_part_is_refused(trained, missing, named):
    run = trained("signalled")
    record = json.loads((run / "run.json").read_text())
    del record[missing]
    (run / "run.json").write_text(json.dumps(record))
    with pytest.raises(UserError, match=f"The record of this run has no {named}"):
        resume(run, Person())


def test_an_edited_recipe_file_is_refused_and_forks(tmp_path):
    recipe = tmp_path / "mine.py"
    text = (
        "import gannet\nfrom gannet.recipes.gan import gan\n\n\n"
        '@gannet.recipe(kind="points")\ndef mine(form, *, steps: int = 20, hidden: int = 16) -> gannet.Experiment:\n'
        "    return gan(form, steps=steps, hidden=hidden, batch_size=16)\n"
    )
    recipe.write_text(text)
    run = tmp_path / "run"
    train(run, recipe=str(recipe), steps=20, **{"checkpoint.every": 10, "frames.every": 0, "health.every": 0})
    recipe.write_text(text.replace("batch_size=16", "batch_size=8"))
    with pytest.raises(UserError) as caught:
        resume(run, Person(), steps=30, recipe_file=str(recipe))
    assert f"The recipe file {recipe} has changed since step-000000020" in str(caught.value)
    assert f"gannet train {run}@20 --recipe {recipe}" in str(caught.value)
    train_again(run, 10, {}, tmp_path / "fork", Person(), recipe_file=str(recipe))
    assert "batch_size=8" in (tmp_path / "fork" / "recipe.py").read_text()
    shutil.copy(run / "recipe.py", recipe)
    resume(run, Person(), steps=30, recipe_file=str(recipe))


def changed_line(run: Path, change) -> None:
    """Change the line of the edit of step 10."""
    lines = (run / "events.jsonl").read_bytes().split(b"\n")
    at = next(i for i, line in enumerate(lines) if b'"command"' in line and b"optimizer.generator.lr" in line)
    lines[at : at + 1] = change(lines[at])
    (run / "events.jsonl").write_bytes(b"\n".join(lines))


JOURNALS = {
    "a digit of the value": lambda line: [line.replace(b"0.01", b"0.02")],
    "a digit of the step": lambda line: [line.replace(b'"step":10', b'"step":11')],
    "the outcome": lambda line: [line.replace(b'"applied"', b'"appliee"')],
    "the kind": lambda line: [line.replace(b'"command"', b'"commane"')],
    "a quotation mark": lambda line: [line.replace(b'"name"', b'"name~')],
    "the line is gone": lambda line: [],
}


@pytest.mark.parametrize("damage", some(JOURNALS, "a digit of the value", "the kind"))
def test_a_damaged_journal_is_refused(trained, damage):
    run = trained("commanded")
    changed_line(run, JOURNALS[damage])
    with pytest.raises(UserError, match=r"events\.jsonl"):
        resume(run, Person())


def test_a_lost_journal_is_refused(trained):
    run = trained("commanded")
    (run / "events.jsonl").unlink()
    with pytest.raises(UserError, match="an edit is missing, added or changed"):
        resume(run, Person())


def test_an_edit_after_the_checkpoint_is_checked_too(trained):
    """The newest checkpoint of step 40 is gone, and the edit of step 10 comes after none."""
    run = trained("commanded")
    for path in checkpoint.newest_first(run / "checkpoints"):
        shutil.rmtree(path)
    changed_line(run, JOURNALS["a digit of the value"])
    with pytest.raises(UserError, match="holds a command that cannot be read or has been changed"):
        train_again(run, None, {}, run.parent / "again", Person())


def rewritten(run: Path, name: str, change) -> None:
    """Change tensors of the newest checkpoint, with a manifest that fits."""
    path = newest(run) / f"{name}.safetensors"
    save_file(change(load_file(path)), path)
    manifest = json.loads((newest(run) / "MANIFEST.json").read_text())
    content = path.read_bytes()
    manifest[path.name] = {"bytes": len(content), "sha256": sha256(content).hexdigest()}
    (newest(run) / "MANIFEST.json").write_text(json.dumps(manifest))


def first(tensors, value):
    name = next(n for n in tensors if tensors[n].dim() > 1)
    return tensors | {name: value(tensors[name])}


TENSORS = {
    "optimizers are empty": ("optimizers", lambda t: {}, "is incomplete"),
    "an optimizer has another shape": ("optimizers", lambda t: first(t, lambda x: x[:1].clone()), "another shape"),
    "the model is int64": ("model", lambda t: first(t, lambda x: x.long()), "does not fit"),
    "the average is NaN": ("average", lambda t: first(t, lambda x: x * torch.nan), "not finite"),
}


@pytest.mark.parametrize("what", some(TENSORS, "optimizers are empty", "the average is NaN"))
def test_tensors_that_do_not_fit_are_refused(trained, what):
    name, change, sentence = TENSORS[what]
    run = trained("signalled")
    rewritten(run, name, change)
    with pytest.raises(UserError, match=sentence):
        resume(run, Person())


def manifest_without(name):
    def act(path: Path) -> None:
        manifest = json.loads((path / "MANIFEST.json").read_text())
        (path / "MANIFEST.json").write_text(json.dumps({k: v for k, v in manifest.items() if name not in (k, None)}))

    return act


def linked(path: Path) -> None:
    path.rename(path.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent / "elsewhere")


def outside(path: Path) -> None:
    manifest = json.loads((path / "MANIFEST.json").read_text())
    (path / "MANIFEST.json").write_text(json.dumps(manifest | {"../../run.json": manifest["state.json"]}))


CHECKPOINTS = {
    "the manifest is {}": (lambda path: (path / "MANIFEST.json").write_text("{}"), "does not name"),
    "the manifest leaves the optimizers out": (manifest_without("optimizers.safetensors"), "does not name optimizers"),
    "the manifest leaves the provenance out": (manifest_without("provenance.json"), "does not name provenance"),
    "the manifest names a file outside": (outside, "not a file of the checkpoint"),
    "a link to another place": (linked, "is a link to another place"),
    "another step's folder name": (lambda path: path.rename(path.with_name("step-000000035")), "folder was renamed"),
}


@pytest.mark.parametrize("what", some(CHECKPOINTS, "the manifest is {}"))
def test_a_checkpoint_that_is_not_whole_is_passed_over_loudly(trained, what):
    damage, sentence = CHECKPOINTS[what]
    run, heard = trained("signalled"), Heard()
    damage(newest(run))
    resume(run, heard)
    assert any(sentence in said and "using step-000000020 instead" in said for said in heard.sentences)
    assert Run(run).events()[-1].kind == "finish"


def test_checkpoints_of_earlier_versions_resume_and_say_so(trained):
    run, heard = trained("signalled"), Heard()
    without_provenance(run)
    resume(run, heard)
    assert any("was written by an earlier version of Gannet" in sentence for sentence in heard.sentences)


def test_another_version_of_gannet_is_said(trained, monkeypatch):
    run, heard = trained("signalled"), Heard()
    monkeypatch.setattr(provenance, "gannet_version", lambda: "9.9.9")
    resume(run, heard)
    assert any("was written by Gannet 0.1.0, and this is 9.9.9" in sentence for sentence in heard.sentences)


def test_more_steps_are_the_total_from_then_on(trained, capsys):
    run, shorter = trained("signalled"), Heard()
    resume(run, Person({70: [("stop", {})]}), steps=90)
    assert cli.run(["status", str(run)]) == 0
    assert "70 of 90" in capsys.readouterr().out
    resume(run, shorter)
    assert Run(run).events()[-1].step == 90
    assert not any("differ" in sentence for sentence in shorter.sentences)
