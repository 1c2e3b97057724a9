"""Screenshots of the live view for the docs: ``python scripts/watch_pictures.py RUN NAME WIDTH[xHEIGHT] SCHEME [ACTION
...]``.

Writes docs/pictures/watch-NAME.png: a window of that size with a run (or with RUN,RUN,... side by side), light or dark,
after the actions. An action is the text of a button or box to click; ``to:HEADING`` scrolls to a part, ``sub:N`` shows
sub-step N in slow motion, ``sketch`` draws on the canvas, ``zh`` selects Chinese. Needs Chromium, and a Chinese font
for ``zh``.

The screenshots of docs/watching.md, from a folder of runs (``slow`` is a paused training with one step in slow
motion)::

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
import threading
import time
from pathlib import Path

from playwright.sync_api import Page

from gannet.dashboard.library import identity_of
from gannet.dashboard.server import View
from gannet_dev.find_browser import launched

ROOT = Path(__file__).parent.parent

CLICK = (
    "[...document.querySelectorAll('button, label')].filter((e) => e.textContent.trim() === {!r}).forEach((e) => "
    "e.click())"
)
SCROLL = (
    "[...document.querySelectorAll('.card, .card h3')].find((e) => (e.ariaLabel ?? e.textContent) === "
    "{!r}).scrollIntoView()"
)
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
    wide, _, high = width.partition("x")
    size = {"width": int(wide), "height": int(high or (800 if int(wide) < 500 else round(int(wide) * 0.64)))}
    target = ROOT / "docs" / "pictures" / f"watch-{name}.png"
    target.parent.mkdir(exist_ok=True)
    with launched() as browser:
        page = browser.new_page(viewport=size, color_scheme=scheme, locale="zh-CN" if "zh" in actions else "en-GB")  # pyright: ignore
        page.goto(f"{view.address}#runs={','.join(map(identity_of, paths))}")
        ready = "[...document.querySelectorAll('canvas')].filter((canvas) => canvas.dataset.step).length"
        page.wait_for_function(f"() => {ready} === {len(paths)} && document.querySelector('.main-svg') !== null")
        time.sleep(2)  # until the charts are drawn, so that the layout is final before scrolling
        for action in actions:
            act(page, action)
        time.sleep(2.5)
        page.screenshot(path=target)
    server.should_exit = True
    Image.open(target).convert("RGB").quantize(250).save(target, optimize=True)
    print(target, target.stat().st_size)


def act(page: Page, action: str) -> None:
    kind, _, words = action.partition(":")
    if kind == "to":
        page.evaluate(SCROLL.format(words))
    elif kind == "sub":
        page.evaluate(f"document.querySelectorAll('.substeps button')[{int(words) - 1}].click()")
    elif kind == "change":
        page.wait_for_function("() => document.querySelector('.changes select') !== null")
        page.evaluate(CHANGE)
    elif kind == "sketch":
        page.wait_for_function("() => document.querySelectorAll('#draw-recipe option').length > 10")
        spiral = [
            (0.5 + r * math.cos(22 * r), 0.5 + r * math.sin(22 * r)) for r in (0.4 * n / 90 for n in range(12, 91))
        ]
        for stroke in (spiral, [(0.16, 0.86)], [(0.84, 0.14)], [(0.12, 0.2), (0.2, 0.12)]):
            draw(page, stroke)
    elif kind != "zh":
        page.evaluate(CLICK.format(action))
        time.sleep(1)


def draw(page: Page, stroke: list[tuple[float, float]]) -> None:
    box = (
        "(() => { const b = document.querySelector('.sketch').getBoundingClientRect(); return [b.left, b.top, "
        "b.width]; })()"
    )
    left, top, side = page.evaluate(box)
    places = [(left + x * side, top + (1 - y) * side) for x, y in stroke]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place)
    page.mouse.up()


if __name__ == "__main__":
    main(*sys.argv[1:])
