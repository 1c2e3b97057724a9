"""Pictures of the live view for the docs: ``python scripts/watch_pictures.py RUN NAME WIDTH[xHEIGHT] SCHEME [ACTION ...]``.

Writes docs/pictures/watch-NAME.png: what a window of that size shows of a run (or of RUN,RUN,... side by side) in light or dark,
after the actions: words of buttons and boxes to click, ``to:HEADING`` scrolls to a part, ``sub:N`` shows the sub-step of that
number in slow motion, ``sketch`` draws on the paper, ``zh`` speaks Chinese. Needs Chromium, and a Chinese font for its words.

The pictures of docs/watching.md, from a folder of runs (``slow`` is a training that is paused, with one step in slow motion)::

    runs/ours-0 points 1440 light
    runs/slow slow 1000x1000 light "to:Slow motion" sub:4
    runs/gan-0 fork 900 light "Fork from a checkpoint …" change
    runs/gan-0 drawing 1000 light "Draw data …" sketch
    runs/gan-0,runs/gan-1,runs/gan-2,runs/ours-0 together 1440 dark "to:Curves together"
    runs/digits images 1440 light
"""

from __future__ import annotations

import math
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from chromium import Chromium, Page  # noqa: E402

from gannet.dashboard.library import identity_of  # noqa: E402
from gannet.dashboard.server import View  # noqa: E402

CLICK = "[...document.querySelectorAll('button, label')].filter((e) => e.textContent.trim() === {!r}).forEach((e) => e.click())"
SCROLL = "[...document.querySelectorAll('.card, .card h3')].find((e) => (e.ariaLabel ?? e.textContent) === {!r}).scrollIntoView()"
CHANGE = """(() => {
    const [key, value] = ['select', 'input'].map((tag) => document.querySelector(`.changes ${tag}`));
    key.value = 'optimizer.generator.lr';
    key.dispatchEvent(new Event('change'));
    value.value = 0.0003;
})()"""


def main(runs: str, name: str, width: str, scheme: str, *actions: str) -> None:
    import uvicorn
    from PIL import Image

    paths = [Path(run).resolve() for run in runs.split(",")]
    view = View(paths[0].parent)
    server = uvicorn.Server(uvicorn.Config(view.app(lambda: server.should_exit), log_level="warning", lifespan="off"))
    threading.Thread(target=server.run, kwargs={"sockets": [view._socket]}, daemon=True).start()
    browser = Chromium(Path(tempfile.mkdtemp()))
    wide, _, high = width.partition("x")
    page = browser.page(int(wide), int(high or (800 if int(wide) < 500 else round(int(wide) * 0.64))), prefers_color_scheme=scheme)
    page.open(view.address)
    page.run(f"localStorage.setItem('gannet-language', {'zh' if 'zh' in actions else 'en'!r})")
    page.run(f"location.hash = 'runs={','.join(map(identity_of, paths))}'")
    page.call("Page.reload")
    time.sleep(1)
    ready = "[...document.querySelectorAll('canvas')].filter((canvas) => canvas.dataset.step).length"
    page.until(f"{ready} === {len(paths)} && document.querySelector('.main-svg') !== null")
    time.sleep(2)  # until the charts are drawn, so that nothing moves what is scrolled to
    for action in actions:
        act(page, action)
    time.sleep(2.5)
    target = ROOT / "docs" / "pictures" / f"watch-{name}.png"
    target.parent.mkdir(exist_ok=True)
    page.picture(target)
    browser.close()
    server.should_exit = True
    Image.open(target).convert("RGB").quantize(250).save(target, optimize=True)
    print(target, target.stat().st_size)


def act(page: Page, action: str) -> None:
    kind, _, words = action.partition(":")
    if kind == "to":
        page.run(SCROLL.format(words))
    elif kind == "sub":
        page.run(f"document.querySelectorAll('.substeps button')[{int(words) - 1}].click()")
    elif kind == "change":
        page.until("document.querySelector('.changes select') !== null")
        page.run(CHANGE)
    elif kind == "sketch":
        page.until("document.querySelectorAll('#draw-recipe option').length > 10")
        spiral = [(0.5 + r * math.cos(22 * r), 0.5 + r * math.sin(22 * r)) for r in (0.4 * n / 90 for n in range(12, 91))]
        for stroke in (spiral, [(0.16, 0.86)], [(0.84, 0.14)], [(0.12, 0.2), (0.2, 0.12)]):
            draw(page, stroke)
    elif kind != "zh":
        page.run(CLICK.format(action))
        time.sleep(1)


def draw(page: Page, stroke: list[tuple[float, float]]) -> None:
    box = "(() => { const b = document.querySelector('.sketch').getBoundingClientRect(); return [b.left, b.top, b.width]; })()"
    left, top, side = page.run(box)
    for n, (x, y) in enumerate([*stroke, stroke[-1]]):
        kind = "mouseReleased" if n == len(stroke) else "mouseMoved" if n else "mousePressed"
        page.call("Input.dispatchMouseEvent", type=kind, x=left + x * side, y=top + (1 - y) * side, button="left", buttons=1, clickCount=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
