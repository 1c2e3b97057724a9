"""Trainings that are started from the page: forks, and data drawn by hand."""

from __future__ import annotations

import subprocess
import sys

from conftest import click

from gannet.runs.reader import Run

STATE = "document.querySelector('#heading .state')?.textContent"


def small(path, *keys):
    command = [sys.executable, "-m", "gannet", "train", "ring", "--recipe", "gan", "--steps", "60", "--out", str(path), "--quiet"]
    subprocess.run([*command, "hidden=16", "batch_size=16", "checkpoint.every=20", "checkpoint.keep=9", *keys], check=True)
    return path


def fill_in(page, identity, value):
    page.run(
        f"(() => {{ const e = {identity}; e.value = {value!r}; e.dispatchEvent(new Event('input')); e.dispatchEvent(new Event('change')); }})()"
    )


def test_a_fork_is_made_from_the_page_which_opens_it(serve, open_page, tmp_path):
    path = small(tmp_path / "runs" / "parent")
    page = open_page(serve(path.parent), path)
    page.run(click("Fork from a checkpoint …"))
    page.until("document.querySelector('dialog[open]') !== null")
    assert page.run("[...document.querySelectorAll('#fork-step option')].map((o) => o.value)") == ["60", "40", "20"]
    assert page.run("document.getElementById('fork-steps').value") == "120"  # the checkpoint is the last
    fill_in(page, "document.getElementById('fork-step')", "40")
    assert page.run("document.getElementById('fork-steps').value") == "60"
    fill_in(page, "document.querySelector('.changes select')", "optimizer.generator.lr")
    assert page.run("document.querySelector('.changes input').value") == "0.001"

    # What the engine says is shown, and nothing is made.
    fill_in(page, "document.querySelector('.changes input')", "-1")
    page.run("document.querySelector('dialog form').requestSubmit()")
    page.until("document.querySelector('.problem').textContent")
    assert "optimizer.generator.lr" in page.run("document.querySelector('.problem').textContent")
    assert [child.name for child in path.parent.iterdir()] == ["parent"]

    fill_in(page, "document.querySelector('.changes input')", "0.0005")
    page.run("document.querySelector('dialog form').requestSubmit()")
    page.until("document.querySelector('h1')?.textContent === 'parent-from-40'")
    assert page.run("document.querySelector('dialog')") is None
    new = Run(path.parent / "parent-from-40")
    assert new.record["parent"] == {"run": str(path.resolve()), "step": 40, "changes": {"optimizer.generator.lr": "0.0005", "steps": "60"}}
    assert new.record["arguments"]["optimizer.generator.lr"] == 0.0005
    page.until(f"{STATE} === 'finished'")
    assert page.run("gannet.runs[0].lastStep") == 60
    assert [error for error in page.errors if "/forks" not in error] == []  # the browser itself tells of the refused one


def test_a_view_that_may_only_look_offers_nothing(serve, open_page, ring):
    page = open_page(serve(ring.parent, "--read-only"), ring)
    offered = page.run("[...document.querySelectorAll('button')].filter((b) => b.offsetParent).map((b) => b.textContent)")
    assert not {"Fork from a checkpoint …", "Draw data …", "Pause", "Next step in slow motion"} & set(offered)
    assert "may only look" in page.run("document.querySelector('[aria-label=Control]').textContent")
