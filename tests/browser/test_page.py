"""The page in a real browser: what a person sees is what was recorded, and it survives what happens to servers and runs."""

from __future__ import annotations

import base64
import io
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import violations
from PIL import Image

from gannet.dashboard.library import identity_of
from gannet.reports.html import report as write_report
from gannet.runs.reader import Run
from gannet.runs.writer import RunWriter

STATIC = Path(__file__).parent.parent.parent / "src" / "gannet" / "dashboard" / "static"
STEP = "Number(document.querySelector('canvas').dataset.step)"
CHARTED = "document.querySelectorAll('.chart .main-svg').length"


def goes_to(page, step):
    page.until(f"{STEP} === {step}")


def probe(page, places):
    """Colours on the canvas at shares of its width and height, from the upper left."""
    return page.run(f"""(() => {{
        const canvas = document.querySelector('canvas'), pen = canvas.getContext('2d');
        const at = ([u, v]) => pen.getImageData(Math.floor(u * canvas.width), Math.floor(v * canvas.height), 1, 1).data;
        return {places}.map((place) => [...at(place)].slice(0, 3));
    }})()""")


def test_the_page_opens_without_a_complaint(serve, open_page, ring):
    page = open_page(serve(ring.parent))
    page.until(CHARTED)
    assert page.run("document.querySelector('h1').textContent") == "ring"
    newest = [event for event in Run(ring).events() if event["kind"] == "vitals"][-1]["values"]
    assert f"{newest['modes_found']:.0f} of 3 modes" in page.run("document.querySelector('.summary').textContent")
    assert page.run("location.href").endswith("/")
    for name in ("logit", "gradient", "optimal", "difference", "none"):
        page.run(
            f"(() => {{ const s = document.querySelector('.field select'); s.value = '{name}'; s.dispatchEvent(new Event('change')); }})()"
        )
    page.run("document.querySelectorAll('.chip input').forEach((box) => box.click())")
    page.run("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    page.until("document.querySelectorAll('.log li').length >= 3 && document.querySelectorAll('details table').length >= 4")
    page.run("new Promise((done) => setTimeout(done, 300))")
    assert page.errors == []


def test_scrubbing_shows_exactly_the_recorded_frame(serve, open_page, ring):
    page = open_page(serve(ring.parent))
    run = Run(ring)
    page.run("document.querySelectorAll('.chip input').forEach((box, i) => { if ((i !== 1) === box.checked) box.click(); })")
    seen = []
    for index in (3, 10, 0, 7):
        page.run(f"(() => {{ const s = document.getElementById('scrubber'); s.value = {index}; s.dispatchEvent(new Event('input')); }})()")
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
        seen.append(page.run("Array.from(gannet.runs[0].frameAt(gannet.timeline.step) ? [gannet.timeline.step] : [])"))
        exact = page.run("gannet.runs[0].frameContent(gannet.runs[0].frameAt(gannet.timeline.step)).then((f) => Array.from(f.fake.data))")
        np.testing.assert_array_equal(np.asarray(exact, np.float32).reshape(-1, 2), frame["fake"])
    assert seen == [[300], [1000], [0], [700]]
    assert page.errors == []


def test_a_sheet_of_pictures_is_shown_pixel_by_pixel(serve, open_page, pictures):
    page = open_page(serve(pictures.parent))
    run = Run(pictures)
    rng = np.random.default_rng(0)
    for key, (step, path) in (("End", run.frames()[-1]), ("Home", run.frames()[0])):
        page.press(key)
        goes_to(page, step)
        sheet = run.load_frame(path)
        assert isinstance(sheet, np.ndarray)
        height, width, _ = sheet.shape
        pixels = [(int(rng.integers(height)), int(rng.integers(width))) for _ in range(200)]
        colours = [sheet[row, column].tolist() for row, column in pixels]
        assert len({tuple(colour) for colour in colours}) > 20
        assert probe(page, [[(column + 0.5) / width, (row + 0.5) / height] for row, column in pixels]) == colours
    assert page.errors == []


def test_the_keyboard_walks_through_the_recording(serve, open_page, ring):
    page = open_page(serve(ring.parent))
    for key, step in (("Home", 0), ("ArrowRight", 100), ("ArrowRight", 200), ("ArrowLeft", 100), ("End", 1000)):
        page.press(key)
        goes_to(page, step)
    page.press("Home")
    page.run("gannet.timeline.speed = 0.1")  # so that a slow machine does not get to the end first
    page.press(" ")
    page.until(f"{STEP} > 100")
    page.press(" ")
    assert page.run("gannet.timeline.playing") is False
    assert page.errors == []


def test_every_control_is_reached_by_tab_with_a_visible_focus(serve, open_page, ring):
    page = open_page(serve(ring.parent))
    page.until(CHARTED)
    reached = set()
    for _ in range(60):
        page.press("Tab")
        at = page.run(
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
    assert page.run("[...document.querySelectorAll('button, input, select, summary')].filter((e) => e.tabIndex < 0).length") == 0


def test_points_move_and_commands_are_obeyed_while_a_training_process_runs(serve, open_page, tmp_path):
    path = tmp_path / "runs" / "live"
    command = [sys.executable, "-m", "gannet", "train", "ring", "--recipe", "gan", "--steps", "1000000", "--out", str(path), "--quiet"]
    process = subprocess.Popen([*command, "hidden=16", "batch_size=16", "frames.every=20"])
    try:
        while not list((path / "frames").glob("*.npz")):
            assert process.poll() is None
        page = open_page(serve(path.parent))
        page.until("document.querySelector('#heading .state').textContent === 'running'")
        first = page.run(STEP)
        fakes = "gannet.runs[0].frameContent(gannet.runs[0].frameAt({})).then((f) => Array.from(f.fake.data))"
        before = page.run(fakes.format(first))
        page.until(f"{STEP} > {first} + 100")
        after = page.run(fakes.format(page.run(STEP)))
        assert np.abs(np.subtract(before, after)).max() > 1e-3
        assert page.run("document.querySelector('.controls').disabled") is False
        click = "[...document.querySelectorAll('.controls button')].find((b) => b.textContent === '{}').click()"
        page.run(click.format("Pause"))
        page.until("document.querySelector('#heading .state').textContent === 'paused'")
        events = "gannet.runs[0].events.filter((e) => e.kind === 'command').map((e) => [e.name, e.outcome])"
        page.run("new Promise((done) => setTimeout(done, 500))")
        resting = page.run("gannet.runs[0].lastStep")
        page.run("new Promise((done) => setTimeout(done, 1000))")
        assert page.run("gannet.runs[0].lastStep") == resting
        page.run("document.getElementById('control-value').value = '0.0005'")
        page.run("document.getElementById('control-value').form.requestSubmit()")
        page.until(f"{events}.length === 2".replace("[e.name, e.outcome]", "e"))
        page.run(click.format("Go on"))
        page.until(f"gannet.runs[0].lastStep > {resting} + 50")
        assert page.run(events) == [["pause", "applied"], ["set", "applied"], ["go", "applied"]]
        process.terminate()
        assert process.wait(60) == 128 + 15
        page.until("document.querySelector('#heading .state').textContent === 'stopped'")
        assert page.run("document.querySelector('.controls').disabled") is True
        assert page.errors == []
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def growing(trained, tmp_path):
    """A run that is written to: what training recorded of itself, and nothing else yet."""
    with RunWriter(trained("bare", tmp_path / "runs" / "growing")) as writer:
        writer.event("start", 0)
        writer.frame(0, {"real": [[0.0, 0.0]], "fake": [[0.5, 0.5]], "extent": [-1, 1, -1, 1]})
        yield writer


def test_a_server_that_was_killed_and_restarted_goes_on_without_gap_or_double(serve, open_page, growing):
    server = serve(growing.path.parent)
    page = open_page(server)
    for step in range(1, 21):
        growing.event("terms", step, values={"a": step})
    page.until("gannet.runs[0].lastStep === 20")
    server.kill()
    page.until("document.querySelector('#heading .state').classList.contains('disconnected')")
    for step in range(21, 41):
        growing.event("terms", step, values={"a": step})
    server.start()
    page.until("gannet.runs[0].lastStep === 40")
    growing.event("terms", 41, values={"a": 41})
    page.until("gannet.runs[0].lastStep === 41")
    assert page.run("gannet.runs[0].series.get('a').steps") == list(range(1, 42))
    taken = page.run("gannet.runs[0].taken")
    assert taken == list(range(taken[0], taken[0] + 41))
    assert page.run("document.querySelector('#heading .state').classList.contains('running')")


def test_a_resume_that_forgets_is_followed(serve, open_page, growing):
    page = open_page(serve(growing.path.parent))
    for step in range(1, 21):
        growing.event("terms", step, values={"a": step})
    page.until("gannet.runs[0].lastStep === 20")
    growing.truncate_after(10)
    growing.event("resume", 10)
    growing.event("terms", 11, values={"a": -11})
    page.until("gannet.runs[0].series.get('a').values.at(-1) === -11")
    assert page.run("gannet.runs[0].series.get('a').steps") == list(range(1, 12))
    assert page.errors == []


def test_a_run_that_is_deleted_meanwhile_is_said_to_be(serve, open_page, growing):
    import shutil

    page = open_page(serve(growing.path.parent))
    shutil.rmtree(growing.path)
    page.until("document.querySelector('#heading .state').classList.contains('gone')")


def test_several_runs_move_in_lockstep(serve, open_page, ring, tmp_path):
    import shutil

    for name in ("a", "b"):
        shutil.copytree(ring, tmp_path / "runs" / name)
    changed = (tmp_path / "runs" / "b" / "run.json").read_text().replace('"seed": 7', '"seed": 17')
    (tmp_path / "runs" / "b" / "run.json").write_text(changed)
    server = serve(tmp_path / "runs")
    page = open_page(server)
    both = ",".join(identity_of((tmp_path / "runs" / name).resolve()) for name in ("a", "b"))
    page.run(f"location.hash = 'runs={both}'")
    page.until("document.querySelectorAll('canvas.plane[data-step]').length === 2")
    page.press("Home")
    page.until("[...document.querySelectorAll('canvas.plane')].every((canvas) => canvas.dataset.step === '0')")
    cells = page.run(
        "[...document.querySelectorAll('main > .card tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent))"
    )
    assert cells == [["seed", "7", "17"]]
    assert page.errors == []


def test_unlike_scores_never_share_an_axis(serve, open_page, ring):
    page = open_page(serve(ring.parent))
    assert page.run("document.querySelector('.unlike').textContent").endswith(
        "they differ in protocol.n_real, protocol.n_fake, n_real, n_fake."
    )
    page.until("document.querySelectorAll('.scores .chart .main-svg').length")
    assert page.run("[...document.querySelectorAll('.scores .chart')].map((c) => c.data.map((line) => line.x))") == [[[500, 1000]]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(serve, open_page, ring, scheme, width):
    page = open_page(serve(ring.parent), width=width, prefers_color_scheme=scheme)
    page.until(CHARTED)
    page.run("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    assert violations(page) == []


@pytest.mark.parametrize("width", [320, 360, 768, 1024, 1680, 2560])
def test_nothing_is_wider_than_the_window(serve, open_page, ring, width):
    page = open_page(serve(ring.parent), width=width)
    page.until(CHARTED)
    assert page.run("document.documentElement.scrollWidth") <= width


def test_motion_is_spared_where_it_is_not_wanted(serve, open_page, ring):
    page = open_page(serve(ring.parent), prefers_reduced_motion="reduce")
    page.run("[...document.querySelectorAll('button')].find((b) => b.textContent === 'Noise → samples').click()")
    assert page.run("document.querySelector('.morph').value") == "0"


def test_the_page_speaks_chinese(serve, open_page, ring):
    page = open_page(serve(ring.parent))
    page.run("document.querySelector('button[lang=zh]').click()")
    page.until("document.documentElement?.lang === 'zh-CN' && document.querySelector('canvas')?.dataset.step")
    assert "真实点与生成点" in page.run("document.querySelector('main').textContent")
    page.run("localStorage.clear()")


def _words(language):
    return dict(re.findall(r'^  "([\w.]+)": "(.*)",$', (STATIC / "i18n" / f"{language}.js").read_text(encoding="utf-8"), re.M))


def test_both_languages_have_the_same_keys_and_blanks():
    english, chinese = _words("en"), _words("zh")
    assert len(english) > 100
    assert english.keys() == chinese.keys()
    for key, words in english.items():
        assert set(re.findall(r"\{\w+\}", words)) >= set(re.findall(r"\{\w+\}", chinese[key])), key
    used = {k for file in STATIC.rglob("*.js") for k in re.findall(r'\bt\("([\w.]+)"', file.read_text(encoding="utf-8"))}
    assert used <= english.keys()


def test_nothing_in_the_page_is_inline_or_from_elsewhere():
    for file in [*STATIC.rglob("*.js"), *STATIC.rglob("*.css"), STATIC / "index.html"]:
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|innerHTML|\beval\(|new Function|\\bstyle: [\"`]", text), file
    assert not re.search(r"<style|style=|<script>|\son\w+=", (STATIC / "index.html").read_text(encoding="utf-8"))


def test_the_report_opens_from_a_file_with_the_network_off(chromium, ring, tmp_path):
    write_report(Run(ring), tmp_path / "report.html")
    page = chromium.page(1024)
    try:
        page.call("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)
        page.open((tmp_path / "report.html").as_uri())
        assert page.run("document.getElementById('at').textContent") == "step 1,000"
        newest = page.run("document.getElementById('picture').src")
        page.run("(() => { const s = document.getElementById('slider'); s.value = 3; s.dispatchEvent(new Event('input')); })()")
        page.until("document.getElementById('at').textContent === 'step 300' && document.getElementById('picture').naturalWidth === 480")
        assert page.run("document.getElementById('picture').src") != newest
        page.run("document.querySelector('.tile').click()")
        assert page.run("document.getElementById('at').textContent") == "step 0"
        page.run("document.getElementById('play').click()")
        page.until("document.getElementById('at').textContent === 'step 1,000' && document.getElementById('play').textContent === 'Play'")
        assert page.errors == []
        assert [r for r in page.requests if not r.startswith(("file:", "data:"))] == []
        assert page.run("document.documentElement.scrollWidth <= innerWidth")
    finally:
        page.close()


ANSWER = {
    "step": 100, "curves": [], "values": {"difference": 3.5},
    "sheets": [{"name": "ema", "columns": 2, "rows": 1, "cell": [1, 1], "heads": [], "sides": [], "png": ""}],
}  # fmt: skip


def test_a_checkpoint_is_asked_only_what_the_game_can_answer(serve, open_page, pictures):
    page = open_page(serve(pictures.parent))
    page.until("document.body.textContent.includes('There is no checkpoint yet')")
    assert page.run("[...document.querySelectorAll('.probe')].every((place) => place.closest('.card').hidden)")
    # The answers are made up here: what is under test is the page.
    pixels = io.BytesIO()
    Image.fromarray(np.array([[0, 200]], np.uint8)).save(pixels, "PNG")
    answer = {**ANSWER, "sheets": [ANSWER["sheets"][0] | {"png": base64.b64encode(pixels.getvalue()).decode()}]}
    listed = {"step": 100, "questions": ["averages"]}
    page.run(f"""(() => {{
        const told = window.fetch;
        window.fetch = (path, ...rest) => path.endsWith('/probes') ? Promise.resolve(new Response('{json.dumps(listed)}'))
            : path.includes('/probes/averages?seed=') ? Promise.resolve(new Response('{json.dumps(answer)}')) : told(path, ...rest);
        [...document.querySelectorAll('button')].find((button) => button.textContent === 'Draw').click();
    }})()""")
    shown = "[...document.querySelectorAll('.probe')].filter((place) => !place.closest('.card').hidden)"
    page.until(f"{shown}.length === 1")
    page.run(f"{shown}[0].scrollIntoView()")  # only what is looked at is asked for
    page.until("document.querySelector('.probe canvas')?.dataset.drawn")
    assert "3.5 of 255 levels" in page.run(f"{shown}[0].textContent")
    at = "document.querySelector('.probe canvas').getContext('2d').getImageData"
    assert page.run(f"[{at}(20, 20, 1, 1).data[0], {at}(80, 20, 1, 1).data[0]]") == [0, 200]
    assert [error for error in page.errors if "probes" not in error] == []


def test_the_command_that_measures_names_the_run_so_that_a_shell_finds_it(serve, open_page, trained, tmp_path):
    path = trained("points", tmp_path / "my runs" / "it's one")
    page = open_page(serve(path.parent), path)
    shown = "[...document.querySelectorAll('.note code')].map((c) => c.textContent).find((words) => words.startsWith('gannet measure'))"
    page.until(shown)
    assert shlex.split(page.run(shown)) == ["gannet", "measure", str(path.resolve())]
