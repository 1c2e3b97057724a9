"""Pictures of the live view for the docs: ``python scripts/watch_pictures.py RUN NAME WIDTH SCHEME [CLICKS ...]``.

Writes docs/pictures/watch-NAME.png: what a window of that width shows of a run (or of RUN,RUN,... side by side) in light or dark.
CLICKS are words of buttons and boxes to click first. Needs Chromium.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from chromium import Chromium  # noqa: E402

from gannet.dashboard.library import identity_of  # noqa: E402
from gannet.dashboard.server import View  # noqa: E402

CLICK = "[...document.querySelectorAll('button, label')].filter((e) => e.textContent.trim() === {!r}).forEach((e) => e.click())"


def main(runs: str, name: str, width: str, scheme: str, *clicks: str) -> None:
    import uvicorn
    from PIL import Image

    paths = [Path(run).resolve() for run in runs.split(",")]
    view = View(paths[0].parent)
    server = uvicorn.Server(uvicorn.Config(view.app(lambda: server.should_exit), log_level="warning", lifespan="off"))
    threading.Thread(target=server.run, kwargs={"sockets": [view._socket]}, daemon=True).start()
    browser = Chromium(Path(tempfile.mkdtemp()))
    page = browser.page(int(width), 800 if int(width) < 500 else round(int(width) * 0.64), prefers_color_scheme=scheme)
    page.open(view.address)
    page.run(f"location.hash = 'runs={','.join(map(identity_of, paths))}'")
    page.until(f"document.querySelectorAll('canvas[data-step]').length === {len(paths)} && document.querySelector('.main-svg')")
    for words in clicks:
        page.run(CLICK.format(words))
    time.sleep(1.5)
    target = ROOT / "docs" / "pictures" / f"watch-{name}.png"
    target.parent.mkdir(exist_ok=True)
    page.picture(target)
    browser.close()
    server.should_exit = True
    Image.open(target).convert("RGB").quantize(200).save(target, optimize=True)
    print(target, target.stat().st_size)


if __name__ == "__main__":
    main(*sys.argv[1:])
