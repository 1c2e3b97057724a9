"""Ctrl-C, SIGTERM and SIGHUP while a verb writes: one sentence, the exit status of the signal, nothing half-written."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from PIL import Image

from gannet import cli
from gannet.reports.comparison_document import RESULT_FILE

SLOW = """
import os, sys, time
from pathlib import Path


def slow(old, new, **more):
    if Path(new).name.startswith({name!r}):
        Path({mark!r}).touch()
        time.sleep(60)
    return whole(old, new, **more)


whole, os.{call} = os.{call}, slow
from gannet.__main__ import main

sys.argv = ["gannet", *{words!r}]
main()
"""
"""Waits before a complete temporary file, or folder, gets its name."""
VERBS = {
    "measure": (["measure", "run", "--metrics", "modes", "--samples", "50", "-o", "cards.md"], "replace", "cards.md"),
    "report": (["report", "run"], "replace", "report.html"),
    "report as an animation": (["report", "run", "-o", "a.gif"], "replace", "a.gif"),
    "sample": (["sample", "run", "-n", "4", "-o", "samples.npz"], "replace", "samples.npz"),
    "export": (["export", "run", "--format", "safetensors", "-o", "exported"], "rename", "exported"),
    "data prepare": (["data", "prepare", "images", "-o", "shards"], "replace", "train-000000.tar"),
}
COMPARE = ["compare", "ring", "--recipes", "gan", "--seeds", "0", "--steps", "2", "--metrics", "modes"]
COMPARE += ["--samples", "50", "--out", "compared", "hidden=8", "batch_size=8", "frames.every=0", "health.every=0"]


def listing(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def interrupted(begin, folder: Path, words: list[str], call: str, name: str, number: int) -> tuple[int, str]:
    """Exit status and standard error of a verb that gets a signal before it names what it has written."""
    mark = folder.parent / "waits"
    process = begin("-c", SLOW.format(words=words, call=call, name=name, mark=str(mark)))
    end = time.monotonic() + 240
    while not mark.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(number)
    said = process.communicate()[1]
    return process.returncode, said


SIGNALS = [signal.SIGTERM, *(pytest.param(one, marks=pytest.mark.slow) for one in (signal.SIGINT, signal.SIGHUP))]


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_that_is_interrupted_leaves_nothing_half_written(begin, folder, trained, verb, number):
    trained("points", folder / "run")
    (folder / "images").mkdir()
    for name in "abcd":
        Image.new("L", (8, 8), ord(name)).save(folder / "images" / f"{name}.png")
    before = listing(folder)
    status, said = interrupted(begin, folder, *VERBS[verb], number)
    assert status == 128 + number
    assert said.splitlines()[-1] == "gannet: Interrupted."
    assert "Traceback" not in said
    assert listing(folder) == before


@pytest.mark.parametrize("number", SIGNALS[:2])
def test_a_comparison_that_is_interrupted_continues(begin, folder, monkeypatch, number):
    status, said = interrupted(begin, folder, COMPARE, "replace", RESULT_FILE, number)
    assert status == 128 + number
    assert said.splitlines()[-1] == "gannet: Stopped. The same command continues from here."
    assert not [name for name in listing(folder) if ".tmp-" in name or name.endswith(RESULT_FILE)]
    trained = (folder / "compared/gan/seed-0/checkpoints/step-000000002/model.safetensors").stat().st_mtime_ns
    monkeypatch.chdir(folder)
    assert cli.run(COMPARE) == 0
    assert (folder / "compared/gan/seed-0/checkpoints/step-000000002/model.safetensors").stat().st_mtime_ns == trained
