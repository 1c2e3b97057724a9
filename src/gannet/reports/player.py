"""The frame player of a report: an image, a slider and a button, with one script that the page's policy allows by
its hash.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from io import BytesIO

from gannet.reports.pictures import choose, draw_frame
from gannet.runs.reader import Run

FRAMES_AT_MOST = 60
BYTES_AT_MOST = 3_000_000
"""Maximum size of all frames together; with large frames, fewer are included."""
SMALLEST = 8
SIDES = {"points": 480, "images": 640}

SCRIPT = """
const data = JSON.parse(document.getElementById("frames").textContent);
const [picture, slider, button, words] = ["picture", "slider", "play", "at"].map((id) => document.getElementById(id));
let timer = 0;
function show(index) {
  slider.value = index;
  picture.src = "data:image/png;base64," + data.frames[index];
  words.textContent = picture.alt = "step " + data.steps[index].toLocaleString("en-US");
  slider.setAttribute("aria-valuetext", words.textContent);
}
function stop() { clearInterval(timer); timer = 0; button.textContent = "Play"; }
function play() {
  let index = Number(slider.value);
  if (index >= data.frames.length - 1) index = -1;
  button.textContent = "Pause";
  timer = setInterval(() => { show(++index); if (index >= data.frames.length - 1) stop(); }, 150);
}
slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
button.addEventListener("click", () => (timer ? stop() : play()));
for (const tile of document.querySelectorAll("[data-frame]"))
  tile.addEventListener("click", () => { stop(); show(Number(tile.dataset.frame)); });
document.getElementById("controls").hidden = false;
"""
POLICY = f"'sha256-{b64encode(sha256(SCRIPT.encode()).digest()).decode()}'"
"""The page's policy allows this script and no other."""


def frames_of(run: Run) -> list[tuple[int, bytes]]:
    """(step, PNG) of evenly spaced frames, at most ``BYTES_AT_MOST`` together, without unreadable frames."""
    recorded = run.frames()
    drawn: list[tuple[int, bytes]] = []
    for index in choose([step for step, _ in recorded], FRAMES_AT_MOST):
        step, file = recorded[index]
        picture = draw_frame(run, step, file, SIDES[run.kind], plain=True, levels=12)
        if picture is not None:
            content = BytesIO()
            picture.save(content, "PNG", optimize=run.kind == "images")
            drawn.append((step, content.getvalue()))
    while len(drawn) > SMALLEST and sum(len(png) for _, png in drawn) > BYTES_AT_MOST:
        drawn = drawn[:-1:2] + drawn[-1:]
    return drawn


def player(frames: list[tuple[int, bytes]]) -> str:
    """The HTML of the player: the newest frame as an image, and the others as data for the script."""
    step, newest = frames[-1]
    listed = ", ".join(f'"{b64encode(png).decode()}"' for _, png in frames)
    data = f'{{"steps": {[step for step, _ in frames]}, "frames": [{listed}]}}'
    last = len(frames) - 1
    return (
        f'<figure><img id="picture" alt="step {step:,}" src="data:image/png;base64,{b64encode(newest).decode()}">'
        f'<figcaption id="at" aria-live="polite">step {step:,}</figcaption></figure>'
        '<div id="controls" hidden><button type="button" id="play">Play</button>'
        f'<input type="range" id="slider" aria-label="Recorded frame" min="0" max="{last}" value="{last}"></div>'
        f'<script type="application/json" id="frames">{data}</script>'
    )


def tile(number: int, step: int, png: bytes) -> str:
    """A thumbnail that moves the player to frame ``number``."""
    caption = escape(f"step {step:,}")
    picture = f'<img src="data:image/png;base64,{b64encode(png).decode()}" alt="">'
    return f'<button type="button" class="tile" data-frame="{number}">{picture}{caption}</button>'
