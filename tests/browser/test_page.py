"""The page in a real browser: what a person sees is what was recorded."""

from __future__ import annotations

import base64
import io
import json
import shlex
import shutil

import numpy as np
import pytest
from PIL import Image
from support.page import CHARTED, until

from gannet.reports.html import report as write_report
from gannet.runs.reader import Run

STEP = "Number(document.querySelector('canvas').dataset.step)"


def goes_to(page, step):
    until(page, f"{STEP} === {step}")


def probe(page, places):
    """Colours on the canvas at shares of its width and height, from the upper left."""
    return page.evaluate(f"""(() => {{
        const canvas = document.querySelector('canvas'), pen = canvas.getContext('2d');
        const at = ([u, v]) => pen.getImageData(Math.floor(u * canvas.width), Math.floor(v * canvas.height), 1, 1).data;
        return {places}.map((place) => [...at(place)].slice(0, 3));
    }})()""")


def test_the_page_opens_without_a_complaint(serve, open_page, ring):
    page = open_page(serve(ring.parent))
    until(page, CHARTED)
    assert page.evaluate("document.querySelector('h1').textContent") == "ring"
    newest = [event for event in Run(ring).events() if event.kind == "vitals"][-1].values
    assert f"{newest['modes_found']:.0f} of 3 modes" in page.evaluate("document.querySelector('.summary').textContent")
    assert page.evaluate("location.href").endswith("/")
    for name in ("logit", "gradient", "optimal", "difference", "none"):
        page.evaluate(
            f"(() => {{ const s = document.querySelector('.fieldrow select'); s.value = '{name}'; s.dispatchEvent(new "
            f"Event('change')); }})()"
        )
    page.evaluate("document.querySelectorAll('.chip input').forEach((box) => box.click())")
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    until(
        page,
        "document.querySelectorAll('.log li').length >= 3 && document.querySelectorAll('details table').length >= 4",
    )
    page.wait_for_timeout(300)


def test_scrubbing_shows_exactly_the_recorded_frame(serve, open_page, ring):
    page = open_page(serve(ring.parent))
    run = Run(ring)
    page.evaluate(
        "document.querySelectorAll('.chip input').forEach((box, i) => { if ((i !== 1) === box.checked) box.click(); })"
    )
    seen = []
    for index in (3, 10, 0, 7):
        page.evaluate(
            f"(() => {{ const s = document.getElementById('scrubber'); s.value = {index}; s.dispatchEvent(new "
            f"Event('input')); }})()"
        )
        step, path = run.frames()[index]
        goes_to(page, step)
        frame = run.load_frame(path)
        assert isinstance(frame, dict)
        x0, x1, y0, y1 = frame["extent"]
        inside = np.stack([(frame["fake"][:, 0] - x0) / (x1 - x0), (y1 - frame["fake"][:, 1]) / (y1 - y0)], axis=1)
        # the dot drawn last is on top everywhere: its centre shows the colour of generated points, whichever they are
        inside = inside[((inside > 0.01) & (inside < 0.99)).all(axis=1)]
        assert len(inside) > 400
        colours = probe(page, inside.tolist())
        assert [colour == [220, 78, 12] for colour in colours].count(True) >= 0.95 * len(inside)
        far = [p for p in np.random.default_rng(1).random((300, 2)) if np.abs(inside - p).max(axis=1).min() > 0.03]
        assert all(colour != [220, 78, 12] for colour in probe(page, np.array(far).tolist()))
        seen.append(
            page.evaluate("Array.from(gannet.runs[0].frameAt(gannet.timeline.step) ? [gannet.timeline.step] : [])")
        )
        exact = page.evaluate(
            "gannet.runs[0].frameContent(gannet.runs[0].frameAt(gannet.timeline.step)).then((f) => "
            "Array.from(f.fake.data))"
        )
        np.testing.assert_array_equal(np.asarray(exact, np.float32).reshape(-1, 2), frame["fake"])
    assert seen == [[300], [1000], [0], [700]]


def test_a_sheet_of_images_is_shown_pixel_by_pixel(serve, open_page, images):
    page = open_page(serve(images.parent))
    run = Run(images)
    rng = np.random.default_rng(0)
    for key, (step, path) in (("End", run.frames()[-1]), ("Home", run.frames()[0])):
        page.keyboard.press(key)
        goes_to(page, step)
        sheet = run.load_frame(path)
        assert isinstance(sheet, np.ndarray)
        height, width, _ = sheet.shape
        pixels = [(int(rng.integers(height)), int(rng.integers(width))) for _ in range(200)]
        colours = [sheet[row, column].tolist() for row, column in pixels]
        assert len({tuple(colour) for colour in colours}) > 20
        # Images of 8 x 8 pixels are drawn 7 times as large, with gaps of 2 between them.
        sides = [side // 8 * 58 - 2 for side in (width, height)]
        assert (
            page.evaluate("(() => { const c = document.querySelector('canvas'); return [c.width, c.height]; })()")
            == sides
        )
        middles = [[place // 8 * 58 + place % 8 * 7 + 3.5 for place in pixel[::-1]] for pixel in pixels]
        assert probe(page, [[x / sides[0], y / sides[1]] for x, y in middles]) == colours
        blank = probe(page, [[57 / sides[0], (row + 0.5) / sides[1]] for row in range(0, sides[1], 7)])
        assert len({tuple(colour) for colour in blank}) == 1, "a gap"


def test_the_keyboard_walks_through_the_recording(serve, open_page, ring):
    page = open_page(serve(ring.parent))
    for key, step in (("Home", 0), ("ArrowRight", 100), ("ArrowRight", 200), ("ArrowLeft", 100), ("End", 1000)):
        page.keyboard.press(key)
        goes_to(page, step)
    page.keyboard.press("Home")
    page.evaluate("gannet.timeline.speed = 0.1")  # so that a slow machine does not get to the end first
    page.keyboard.press(" ")
    until(page, f"{STEP} > 100")
    page.keyboard.press(" ")
    assert page.evaluate("gannet.timeline.playing") is False


def test_every_control_is_reached_by_tab_with_a_visible_focus(serve, open_page, ring):
    page = open_page(serve(ring.parent))
    until(page, CHARTED)
    reached = set()
    for _ in range(120):
        page.keyboard.press("Tab")
        at = page.evaluate(
            "(() => { const e = document.activeElement, s = getComputedStyle(e); if (e === document.body) return null;"
            " return [e.id || e.textContent || e.getAttribute('aria-label'),"
            " parseFloat(s.outlineWidth) > 1 && s.outlineStyle !== 'none']; })()"
        )
        if at is None:
            break
        assert at[1], f"no visible focus on {at[0]}"
        reached.add(at[0])
    assert "scrubber" in reached
    assert "Noise → samples" in reached
    assert (
        page.evaluate(
            "[...document.querySelectorAll('button, input, select, summary')].filter((e) => e.tabIndex < 0).length"
        )
        == 0
    )


def test_several_runs_move_in_lockstep(serve, open_page, ring, tmp_path):
    for name in ("a", "b"):
        shutil.copytree(ring, tmp_path / "runs" / name)
    changed = (tmp_path / "runs" / "b" / "run.json").read_text().replace('"seed": 7', '"seed": 17')
    (tmp_path / "runs" / "b" / "run.json").write_text(changed)
    page = open_page(serve(tmp_path / "runs"), *(tmp_path / "runs" / name for name in ("a", "b")))
    until(page, "document.querySelectorAll('canvas.plane[data-step]').length === 2")
    page.keyboard.press("Home")
    until(page, "[...document.querySelectorAll('canvas.plane')].every((canvas) => canvas.dataset.step === '0')")
    cells = page.evaluate(
        "[...document.querySelectorAll('main > .card tbody tr')].map((row) => [...row.children].map((cell) => "
        "cell.textContent))"
    )
    assert cells == [["seed", "7", "17"]]


@pytest.mark.slow
def test_unlike_scores_never_share_an_axis(serve, open_page, ring):
    page = open_page(serve(ring.parent))
    assert page.evaluate("document.querySelector('.unlike').textContent").endswith(
        "they differ in protocol.n_real, protocol.n_fake."
    )
    until(page, "document.querySelectorAll('.scores .chart .main-svg').length")
    assert page.evaluate(
        "[...document.querySelectorAll('.scores .chart')].map((c) => c.data.map((line) => line.x))"
    ) == [[[500, 1000]]]


def test_the_report_opens_from_a_file_with_the_network_off(new_page, ring, tmp_path):
    write_report(Run(ring), tmp_path / "report.html")
    page = new_page(1024, allowed=("file:",), offline=True)
    page.goto((tmp_path / "report.html").as_uri())
    page.set_viewport_size({"width": 390, "height": 800})
    wide = (
        "[...document.querySelectorAll('table')].filter((table) => table.scrollWidth > table.parentElement.clientWidth)"
    )
    assert page.evaluate(f"[document.querySelectorAll('.stacked').length > 1, {wide}.length]") == [True, 0]
    page.set_viewport_size({"width": 1024, "height": 800})
    assert page.evaluate("document.getElementById('at').textContent") == "step 1,000"
    newest = page.evaluate("document.getElementById('picture').src")
    page.evaluate(
        "(() => { const s = document.getElementById('slider'); s.value = 3; s.dispatchEvent(new Event('input')); })()"
    )
    until(
        page,
        "document.getElementById('at').textContent === 'step 300' && document.getElementById('picture').naturalWidth "
        "=== 480",
    )
    assert page.evaluate("document.getElementById('picture').src") != newest
    page.evaluate("document.querySelector('.tile').click()")
    assert page.evaluate("document.getElementById('at').textContent") == "step 0"
    page.evaluate("document.getElementById('play').click()")
    until(
        page,
        "document.getElementById('at').textContent === 'step 1,000' && document.getElementById('play').textContent "
        "=== 'Play'",
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


ANSWER = {
    "step": 100, "curves": [], "values": {"difference": 3.5},
    "sheets": [{"name": "ema", "columns": 2, "rows": 1, "cell": [1, 1], "heads": [], "sides": [], "png": ""}],
}  # fmt: skip


def test_a_checkpoint_is_asked_only_what_the_game_can_answer(serve, open_page, images):
    page = open_page(serve(images.parent), tolerated="/probes")
    until(page, "document.body.textContent.includes('There is no checkpoint yet')")
    assert page.evaluate("[...document.querySelectorAll('.probe')].every((place) => place.closest('.card').hidden)")
    # The answers are made up here: what is under test is the page.
    pixels = io.BytesIO()
    Image.fromarray(np.array([[0, 200]], np.uint8)).save(pixels, "PNG")
    answer = {**ANSWER, "sheets": [ANSWER["sheets"][0] | {"png": base64.b64encode(pixels.getvalue()).decode()}]}
    listed = {"step": 100, "questions": ["averages"]}
    page.evaluate(f"""(() => {{
        const reported = window.fetch;
        const answered = (words) => Promise.resolve(new Response(words));
        window.fetch = (path, ...rest) => path.endsWith('/probes') ? answered('{json.dumps(listed)}')
            : path.includes('/probes/averages?seed=') ? answered('{json.dumps(answer)}') : reported(path, ...rest);
        [...document.querySelectorAll('button')].find((button) => button.textContent === 'Draw').click();
    }})()""")
    shown = "[...document.querySelectorAll('.probe')].filter((place) => !place.closest('.card').hidden)"
    until(page, f"{shown}.length === 1")
    page.evaluate(f"{shown}[0].scrollIntoView()")  # only what is looked at is asked for
    until(page, "document.querySelector('.probe canvas')?.dataset.drawn")
    assert "3.5 of 255 levels" in page.evaluate(f"{shown}[0].textContent")
    at = "document.querySelector('.probe canvas').getContext('2d').getImageData"
    assert page.evaluate(f"[{at}(20, 20, 1, 1).data[0], {at}(80, 20, 1, 1).data[0]]") == [0, 200]


def test_the_command_that_measures_names_the_run_so_that_a_shell_finds_it(serve, open_page, trained, tmp_path):
    path = trained("points", tmp_path / "my runs" / "it's one")
    page = open_page(serve(path.parent), path)
    shown = (
        "[...document.querySelectorAll('.note code')].map((c) => c.textContent).find((words) => "
        "words.startsWith('gannet measure'))"
    )
    until(page, shown)
    assert shlex.split(page.evaluate(shown)) == ["gannet", "measure", str(path.resolve())]
