"""Every recipe resumes to the bit, wherever it was interrupted."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from support.real_runs import KILL, Killed, Person
from support.recipe_cases import CASES, SMALL, load

import gannet.live.control
from gannet.config.arguments import Root, read
from gannet.config.plan import DEFAULT_FLAGS, plan
from gannet.runs.reader import Run
from gannet.sessions.resume import resume, train_again
from gannet.sessions.train import start
from gannet.training import checkpoint

STEPS = 6
ROWS = 36
"""Of the points: three batches of 12."""
ZEROS_AND_ONES = 360
"""Three batches of 120 are an epoch."""
RECORDING = {"checkpoint.every": 2, "checkpoint.keep": 9, "frames.every": 3, "health.every": 0}
EDIT = 1e-3
QUICK = {
    ("gan", "points", "step 0"),
    ("gan", "points", "during a save"),
    ("wgan-gp", "points", "after a live edit"),
    ("unrolled", "points", "after a fork"),
    ("ada", "images", "during a save"),
}


@pytest.fixture(autouse=True)
def looks_at_every_step(monkeypatch):
    monkeypatch.setattr(gannet.live.control, "LOOK_SECONDS", 0.0)


def keys_of(name: str, kind: str, folder: Path, *, whole_epochs: bool = False) -> tuple[str, dict]:
    """The DATA argument and keys of a small training."""
    recipe = load(name)
    [(_, values)] = read({}, Root(recipe.function, skip=("form",)))
    keys = {key: value for key, value in SMALL.items() if key in values} | RECORDING | {"steps": STEPS}
    if recipe.captions:
        return "captioned-digits", keys
    if kind == "points":
        table = folder / "points.csv"
        if not table.exists():
            np.savetxt(table, np.random.default_rng(0).normal(size=(ROWS, 2)), delimiter=",")
        return str(table), keys
    keys |= {"data.size": int(recipe.data.get("size", 16))}
    if name == "cyclegan" or whole_epochs:
        keys |= {"data.classes": "0,1"}
    # Even, because some discriminators judge two samples at once.
    return "digits", keys | ({"batch_size": ZEROS_AND_ONES // 3} if whole_epochs else {})


def begin(name: str, data: str, keys: dict, path: Path, person: Person) -> None:
    with suppress(Killed):
        start(plan(data, recipe=name, given=keys, flags=DEFAULT_FLAGS | {"seed": 7}), path, person)
    as_at_death(path)


def as_at_death(path: Path) -> None:
    dead = path.with_name(f"{path.name}.at-death")
    if dead.exists():
        shutil.rmtree(path)
        dead.rename(path)


def rate_of(run: Path) -> str:
    return next(key for key in Run(run).record.arguments if key.startswith("optimizer.") and key.endswith(".lr"))


def require_equal(first: Path, second: Path, step: int = STEPS) -> None:
    for group in ("model", "average", "optimizers"):
        name = f"checkpoints/step-{step:09d}"
        a, b = checkpoint.load_weights(first / name, group), checkpoint.load_weights(second / name, group)
        assert a.keys() == b.keys()
        assert [key for key in a if not torch.equal(a[key], b[key])] == [], group


def killed_at(step: int) -> Person:
    return Person({step: [KILL]})


def stopped_at(step: int) -> Person:
    return Person({step: [("stop", {})]})


def while_saving(act: Callable[[], None], patch: pytest.MonkeyPatch, path: Path) -> None:
    """Kill while the checkpoint of step 4 is written: when it has its second file."""
    whole = checkpoint._save_tensors

    def save(tensors, target):
        whole(tensors, target)
        if "step-000000004" in str(target) and target.name.startswith("average"):
            shutil.copytree(path, path.with_name(f"{path.name}.at-death"))
            raise Killed

    with patch.context() as inner:
        inner.setattr(checkpoint, "_save_tensors", save)
        act()


SITUATIONS = ("step 0", "epoch end", "last step", "during a save", "after a live edit", "after a fork")
PARAMETERS = [
    pytest.param(name, kind, where, marks=() if (name, kind, where) in QUICK else pytest.mark.slow)
    for name, kind in CASES
    for where in SITUATIONS
]


@pytest.mark.parametrize(("name", "kind", "where"), PARAMETERS)
def test_a_recipe_resumes_to_the_bit(tmp_path, monkeypatch, name, kind, where):
    data, keys = keys_of(name, kind, tmp_path, whole_epochs=where == "epoch end")
    whole, run = tmp_path / "whole", tmp_path / "run"
    begin(name, data, keys, whole, Person())
    if where == "step 0":
        begin(name, data, keys, run, killed_at(0))
    elif where == "epoch end":
        begin(name, data, keys, run, stopped_at(3))
        assert checkpoint.newest_first(run / "checkpoints")[0].name == "step-000000003"
    elif where == "last step":
        begin(name, data, keys, run, killed_at(STEPS - 1))
        resume(run, Person())  # and once more below: a finished run stays as it is
    elif where == "during a save":
        while_saving(lambda: begin(name, data, keys, run, Person()), monkeypatch, run)
        assert [path.name for path in checkpoint.newest_first(run / "checkpoints")] == ["step-000000002"]
    elif where == "after a live edit":
        edit = ("set", {"key": rate_of(whole), "value": EDIT * 0.7})
        shutil.rmtree(whole)
        begin(name, data, keys, whole, Person({3: [edit]}))
        begin(name, data, keys, run, Person({3: [edit], 5: [KILL]}))
        assert [event.outcome for event in Run(run).events() if event.kind == "command"] == ["applied"]
    else:
        with suppress(Killed):
            train_again(whole, 2, {}, run, killed_at(5))
        as_at_death(run)
    resume(run, Person())
    require_equal(whole, run)
