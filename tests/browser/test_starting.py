"""Trainings that are started from the page: forks, and data drawn by hand."""

from __future__ import annotations

import shutil

import numpy as np
from support.page import click, until

from gannet.data.drawing import save_drawing
from gannet.runs.reader import Run
from gannet.runs.records import Parent

STATE = "document.querySelector('#heading .state')?.textContent"


def fill_in(page, identity, value):
    tell = "for (const kind of ['input', 'change']) e.dispatchEvent(new Event(kind));"
    page.evaluate(f"(() => {{ const e = {identity}; e.value = {value!r}; {tell} }})()")


def test_a_fork_is_made_from_the_page_which_opens_it(serve, open_page, trained, tmp_path):
    path = trained("points", tmp_path / "runs" / "parent")
    page = open_page(serve(path.parent), path, tolerated="/forks")  # the browser itself reports the refused one
    page.evaluate(click("Fork from a checkpoint …"))
    until(page, "document.querySelector('dialog[open]') !== null")
    assert page.evaluate("[...document.querySelectorAll('#fork-step option')].map((o) => o.value)") == [
        "300",
        "200",
        "100",
    ]
    assert page.evaluate("document.getElementById('fork-steps').value") == "600"  # the checkpoint is the last
    fill_in(page, "document.getElementById('fork-step')", "200")
    assert page.evaluate("document.getElementById('fork-steps').value") == "300"
    fill_in(page, "document.querySelector('.changes select')", "optimizer.generator.lr")
    assert page.evaluate("document.querySelector('.changes input').value") == "0.001"

    # What the engine says is shown, and nothing is made.
    fill_in(page, "document.querySelector('.changes input')", "-1")
    page.evaluate("document.querySelector('dialog form').requestSubmit()")
    until(page, "document.querySelector('.problem').textContent")
    assert "optimizer.generator.lr" in page.evaluate("document.querySelector('.problem').textContent")
    assert [child.name for child in path.parent.iterdir()] == ["parent"]

    fill_in(page, "document.querySelector('.changes input')", "0.0005")
    page.evaluate("document.querySelector('dialog form').requestSubmit()")
    until(page, "document.querySelector('h1')?.textContent === 'parent-from-200'")
    assert page.evaluate("document.querySelector('dialog')") is None
    new = Run(path.parent / "parent-from-200")
    changes = {"optimizer.generator.lr": "0.0005", "steps": "300"}
    assert new.record.parent == Parent(run=str(path.resolve()), step=200, changes=changes)
    assert new.record.arguments["optimizer.generator.lr"] == 0.0005
    until(page, f"{STATE} === 'finished'")
    assert page.evaluate("gannet.runs[0].lastStep") == 300


def test_a_view_that_may_only_look_offers_nothing(serve, open_page, ring):
    page = open_page(serve(ring.parent, "--read-only"), ring)
    offered = page.evaluate(
        "[...document.querySelectorAll('button')].filter((b) => b.offsetParent).map((b) => b.textContent)"
    )
    assert not {"Fork from a checkpoint …", "Draw data …", "Pause", "Next step in slow motion"} & set(offered)
    assert "read-only" in page.evaluate("document.querySelector('[aria-label=Control]').textContent")


OPEN = click("Draw data …")
PLACES = [(0.25, 0.5), (0.5, 0.5), (0.75, 0.5), (0.75, 0.75)]
"""A corner's strokes, each on a whole cell of the keyboard's cursor."""
HEARD = """(() => {
    const reported = window.fetch;
    window.asked = [];
    window.fetch = (path, ...rest) => {
        if (!String(path).endsWith('/api/drawings')) return reported(path, ...rest);
        asked.push(JSON.parse(rest[0].body));
        return Promise.resolve(new Response('{"error": "Only listening."}', { status: 400 }));
    };
})()"""


def on_paper(page):
    left, top, side = page.evaluate(
        "(() => { const b = document.querySelector('.sketch').getBoundingClientRect(); return [b.left, b.top, "
        "b.width]; })()"
    )
    return [(left + x * side, top + (1 - y) * side) for x, y in PLACES]


def by_mouse(page):
    first, *rest = on_paper(page)
    page.mouse.move(*first)
    page.mouse.down()
    for place in rest:
        page.mouse.move(*place)
    page.mouse.up()


def by_touch(page):
    """Playwright's touch screen only taps."""
    places, browser = on_paper(page), page.context.new_cdp_session(page)
    for kind, at in [("touchStart", [places[0]]), *(("touchMove", [p]) for p in places[1:]), ("touchEnd", [])]:
        browser.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in at]})


def by_keyboard(page):
    page.evaluate("document.querySelector('.sketch').focus()")
    for keys in (["ArrowLeft"] * 8, [" "], ["ArrowRight"] * 16, ["ArrowUp"] * 8, [" "], ["ArrowDown"]):
        for key in keys:
            page.keyboard.press(key)


def drawn(page):
    return page.evaluate("document.querySelector('.drawing .note:not([id])').textContent")


def test_mouse_touch_and_keyboard_draw_the_same_data(serve, open_page, ring, tmp_path):
    page = open_page(serve(ring.parent), ring, has_touch=True)
    page.evaluate(HEARD)
    page.evaluate(OPEN)
    until(page, "document.querySelectorAll('#draw-recipe option').length > 10")
    page.evaluate("document.querySelector('dialog form').requestSubmit()")
    until(page, "document.querySelector('.problem').textContent === 'Nothing is drawn yet.'")
    for way in (by_mouse, by_touch, by_keyboard):
        way(page)
        assert drawn(page) == "Strokes: 1"
        page.evaluate("document.querySelector('dialog form').requestSubmit()")
        until(page, "document.querySelector('.problem').textContent === 'Only listening.'")
        page.evaluate(click("Clear", "dialog"))
        assert drawn(page) == "Nothing is drawn yet."
    asked = page.evaluate("asked")
    assert [len(one["strokes"]) for one in asked] == [1, 1, 1]
    assert len({save_drawing(tmp_path / "data", one["strokes"], count=one["count"]).digest for one in asked}) == 1
    assert asked[0]["strokes"][0]["points"][0] == [0.25, 0.5]
    assert {key: asked[0][key] for key in ("count", "recipe", "steps")} == {
        "count": 5000,
        "recipe": "particle-gan",
        "steps": 3000,
    }
    # A dot, a broader brush, and one stroke taken back.
    for key in (" ", " ", "ArrowUp", " ", " "):
        page.keyboard.press(key)
    fill_in(page, "document.getElementById('draw-brush')", "0.1")
    by_keyboard(page)
    page.evaluate(click("Undo", "dialog"))
    assert drawn(page) == "Strokes: 2"
    assert page.evaluate("gannet.timeline.step") == 1000  # no key reached the recording


def test_a_drawing_becomes_a_run_that_the_page_opens(serve, open_page, ring, tmp_path):
    root = tmp_path / "runs"
    shutil.copytree(ring, root / "other")
    page = open_page(serve(root), root / "other")
    page.evaluate(OPEN)
    until(page, "document.querySelectorAll('#draw-recipe option').length > 10")
    fill_in(page, "document.getElementById('draw-recipe')", "gan")
    fill_in(page, "document.getElementById('draw-steps')", "30")
    by_keyboard(page)
    page.evaluate("document.querySelector('dialog form').requestSubmit()")
    until(page, "document.querySelector('h1')?.textContent.endsWith('-gan')")
    until(page, f"{STATE} === 'finished'")
    [file] = (root / "drawings").iterdir()
    run = Run(root / f"{file.stem}-gan")
    assert (run.record.recipe, run.record.arguments["steps"]) == ("gan", 30)
    assert run.record.data.arguments["path"] == str(file.resolve())
    frame = run.load_frame(run.frames()[-1][1])
    assert isinstance(frame, dict)
    # The paper's corner: from a quarter to three quarters at half the height, then up; half a brush of 0.06 beyond it.
    x, y = frame["real"].T
    assert ((x > 0.21) & (x < 0.79) & (y > 0.46) & (y < 0.79)).all()
    assert ((np.abs(y - 0.5) < 0.04) | (np.abs(x - 0.75) < 0.04)).all()
