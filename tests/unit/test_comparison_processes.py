"""The engine of ``gannet compare --jobs``: a run in another process has the same tensors; however a process ends,
its run has a row.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file
from support.real_runs import Person

from gannet.comparison import packing, processes
from gannet.comparison.engines import engine_of
from gannet.comparison.plan import Comparison, Measurement, prepare
from gannet.comparison.work import carry_out
from gannet.data.base import silent
from gannet.errors import UserError


class Listener(Person):
    def __init__(self):
        super().__init__()
        self.said, self.shown = [], []

    def say(self, sentence):
        self.said.append(sentence)

    def warned(self, sentence):
        self.said.append(sentence)

    def running(self, steps):
        self.shown += steps.items()


@pytest.fixture
def compared(trained) -> Path:
    return trained("compared")


def _planned(path: Path) -> Comparison:
    given = {"steps": 4, "hidden": 8, "batch_size": 8}
    measurement = Measurement(["w1", "precision", "modes"], 200)
    return prepare(
        "ring",
        ["gan", "lsgan"],
        seeds=[5, 7, 9],
        given=given,
        measurement=measurement,
        out=path,
        progress=silent,
        jobs=2,
    )


def _cards(path: Path) -> list[tuple[object, ...]]:
    document = json.loads((path / "compare.json").read_text())
    return [
        (r["recipe"], u["seed"], c["metric"], c["value"])
        for r in document["recipes"]
        for u in r["runs"]
        for c in u["cards"]
    ]


def test_a_run_in_another_process_is_the_same_run(compared, monkeypatch):
    run, cards = compared / "gan" / "seed-7", _cards(compared)
    before = load_file(run / "checkpoints" / "step-000000004" / "model.safetensors")
    shutil.rmtree(run)
    monkeypatch.chdir(compared.parent)
    monkeypatch.setenv("PYTHONPATH", str(Path(processes.__file__).parents[2]))
    engine, at_once = engine_of(2)
    narrator = Listener()
    result = carry_out(_planned(compared), narrator, engine, at_once=at_once)
    assert result.complete
    assert sum("is there already" in sentence for sentence in narrator.said) == 5
    assert sum("gan, seed 7, starts" in sentence for sentence in narrator.said) == 1
    after = load_file(run / "checkpoints" / "step-000000004" / "model.safetensors")
    assert before.keys() == after.keys()
    assert all(before[name].equal(after[name]) for name in before)
    assert _cards(compared) == cards
    assert ("gan, seed 7, measuring", (4, 4)) in narrator.shown


ENDS = {
    "killed": ("kill -9 $$", "Its process was stopped by SIGKILL (often: not enough memory)."),
    "refused": ("""echo '{"problems": ["The disk is full."]}'; exit 2""", "The disk is full."),
    "crashed": (
        "echo 'torn {'; echo Traceback >&2; echo MemoryError >&2; exit 1",
        "Its process ended with status 1: MemoryError.",
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_process_that_ends_early_is_a_row(end, compared, tmp_path, monkeypatch):
    script, said = ENDS[end]
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setattr(processes.sys, "executable", str(program))
    assert sys.executable == str(program)
    for seed in (5, 9):
        shutil.rmtree(compared / "lsgan" / f"seed-{seed}")
    result = carry_out(_planned(compared), Listener(), engine_of(2)[0], at_once=2)
    failed = [row for row in result.rows if row.status == "failed"]
    assert [(row.entry.recipe, row.entry.seed) for row in failed] == [("lsgan", 5), ("lsgan", 9)]
    assert failed[0].text == f"{said} The same command tries it again."
    document = json.loads((compared / "compare.json").read_text())
    assert not document["complete"]
    w1 = next(summary for summary in result.summaries() if (summary.recipe, summary.metric) == ("lsgan", "w1"))
    assert (w1.runs, w1.count, w1.worst.seed, w1.worst.value) == (3, 1, 5, None)


def test_auto_is_a_run_per_core(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 3, 7})
    assert engine_of("auto")[1] == 3
    assert engine_of(None)[1] == 1


def test_ray_is_asked_for_only_when_it_is_wanted(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r"needs Ray, which is not installed: pip install 'gannet-gan\[ray\]'"):
        engine_of(None, "ray")
    with pytest.raises(UserError, match="--on slurm: write ray for a local cluster"):
        engine_of(None, "slurm")


def test_a_run_travels_whole(compared, tmp_path):
    run = compared / "gan" / "seed-5"
    packing.unpack(packing.pack(run), tmp_path / "there")
    files = {path.relative_to(run) for path in run.rglob("*") if path.is_file()}
    assert {
        path.relative_to(tmp_path / "there") for path in (tmp_path / "there").rglob("*") if path.is_file()
    } == files - {Path("lock")}
    assert all((tmp_path / "there" / path).read_bytes() == (run / path).read_bytes() for path in files - {Path("lock")})
