"""Trainings that are started from the page: forks, and data drawn by hand."""

from __future__ import annotations

import shutil
import subprocess
import sys

import numpy as np
from conftest import click

from gannet.data.drawing import save_drawing
from gannet.runs.reader import Run

STATE = "document.querySelector('#heading .state')?.textContent"


def small(path, *keys):
    command = [sys.executable, "-m", "gannet", "train", "ring", "--recipe", "gan", "--steps", "60", "--out", str(path), "--quiet"]
    subprocess.run([*command, "hidden=16", "batch_size=16", "checkpoint.every=20", "checkpoint.keep=9", *keys], check=True)
    return path


def fill_in(page, identity, value):
    tell = "for (const kind of ['input', 'change']) e.dispatchEvent(new Event(kind));"
    page.run(f"(() => {{ const e = {identity}; e.value = {value!r}; {tell} }})()")


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


OPEN = click("Draw data …")
PLACES = [(0.25, 0.5), (0.5, 0.5), (0.75, 0.5), (0.75, 0.75)]
"""A corner's strokes, each on a whole cell of the keyboard's cursor."""
HEARD = """(() => {
    const told = window.fetch;
    window.asked = [];
    window.fetch = (path, ...rest) => {
        if (!String(path).endsWith('/api/drawings')) return told(path, ...rest);
        asked.push(JSON.parse(rest[0].body));
        return Promise.resolve(new Response('{"error": "Only listening."}', { status: 400 }));
    };
})()"""


def on_paper(page):
    left, top, side = page.run(
        "(() => { const b = document.querySelector('.sketch').getBoundingClientRect(); return [b.left, b.top, b.width]; })()"
    )
    return [(left + x * side, top + (1 - y) * side) for x, y in PLACES]


def by_mouse(page):
    places = on_paper(page)
    for kind, (x, y) in [
        ("mouseMoved", places[0]),
        ("mousePressed", places[0]),
        *(("mouseMoved", p) for p in places[1:]),
        ("mouseReleased", places[-1]),
    ]:
        page.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)


def by_touch(page):
    places = on_paper(page)
    for kind, at in [("touchStart", [places[0]]), *(("touchMove", [p]) for p in places[1:]), ("touchEnd", [])]:
        page.call("Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": x, "y": y} for x, y in at])


def by_keyboard(page):
    page.run("document.querySelector('.sketch').focus()")
    for keys in (["ArrowLeft"] * 8, [" "], ["ArrowRight"] * 16, ["ArrowUp"] * 8, [" "], ["ArrowDown"]):
        for key in keys:
            page.press(key)


def drawn(page):
    return page.run("document.querySelector('.drawing .note:not([id])').textContent")


def test_mouse_touch_and_keyboard_draw_the_same_data(serve, open_page, ring, tmp_path):
    page = open_page(serve(ring.parent), ring)
    page.call("Emulation.setTouchEmulationEnabled", enabled=True)
    page.run(HEARD)
    page.run(OPEN)
    page.until("document.querySelectorAll('#draw-recipe option').length > 10")
    page.run("document.querySelector('dialog form').requestSubmit()")
    page.until("document.querySelector('.problem').textContent === 'Nothing is drawn yet.'")
    for way in (by_mouse, by_touch, by_keyboard):
        way(page)
        assert drawn(page) == "Strokes: 1"
        page.run("document.querySelector('dialog form').requestSubmit()")
        page.until("document.querySelector('.problem').textContent === 'Only listening.'")
        page.run(click("Clear", "dialog"))
        assert drawn(page) == "Nothing is drawn yet."
    asked = page.run("asked")
    assert [len(one["strokes"]) for one in asked] == [1, 1, 1]
    assert len({save_drawing(tmp_path / "data", one["strokes"], count=one["count"]).digest for one in asked}) == 1
    assert asked[0]["strokes"][0]["points"][0] == [0.25, 0.5]
    assert {key: asked[0][key] for key in ("count", "recipe", "steps")} == {"count": 5000, "recipe": "particle-gan", "steps": 3000}
    # A dot, a broader brush, and one stroke taken back.
    for key in (" ", " ", "ArrowUp", " ", " "):
        page.press(key)
    fill_in(page, "document.getElementById('draw-brush')", "0.1")
    by_keyboard(page)
    page.run(click("Undo", "dialog"))
    assert drawn(page) == "Strokes: 2"
    assert page.run("gannet.timeline.step") == 1000  # no key reached the recording
    assert page.errors == []


def test_a_drawing_becomes_a_run_that_the_page_opens(serve, open_page, ring, tmp_path):
    root = tmp_path / "runs"
    shutil.copytree(ring, root / "other")
    page = open_page(serve(root), root / "other")
    page.run(OPEN)
    page.until("document.querySelectorAll('#draw-recipe option').length > 10")
    fill_in(page, "document.getElementById('draw-recipe')", "gan")
    fill_in(page, "document.getElementById('draw-steps')", "30")
    by_keyboard(page)
    page.run("document.querySelector('dialog form').requestSubmit()")
    page.until("document.querySelector('h1')?.textContent.endsWith('-gan')")
    page.until(f"{STATE} === 'finished'")
    [file] = (root / "drawings").iterdir()
    run = Run(root / f"{file.stem}-gan")
    assert (run.record["recipe"], run.record["arguments"]["steps"]) == ("gan", 30)
    assert run.record["data"]["arguments"]["path"] == str(file.resolve())
    frame = run.load_frame(run.frames()[-1][1])
    assert isinstance(frame, dict)
    # The paper's corner: from a quarter to three quarters at half the height, then up; half a brush of 0.06 beyond it.
    x, y = frame["real"].T
    assert ((x > 0.21) & (x < 0.79) & (y > 0.46) & (y < 0.79)).all()
    assert ((np.abs(y - 0.5) < 0.04) | (np.abs(x - 0.75) < 0.04)).all()
    assert page.errors == []
