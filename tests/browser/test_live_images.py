"""Images and several lists while a real process trains: nothing that the page shows stands still."""

from __future__ import annotations

import time

import pytest
from support.page import until

from gannet.runs.reader import Run

NEWS = 200


@pytest.mark.slow
def test_curves_and_frames_of_images_keep_up_with_a_training(serve, open_page, warm, tmp_path):
    path = tmp_path / "runs" / "digits"
    words = ["train", "digits", "--recipe", "mlp-gan", "--steps", "1000000", "--out", str(path), "--quiet"]
    keys = ["batch_size=16", "frames.every=20", "health.every=5", "log.every=10"]
    process = warm.start([*words, *keys], tmp_path)
    try:
        while not list((path / "frames").glob("*.png")):
            assert process.poll() is None, process.said("err")
            time.sleep(0.05)
        page = open_page(serve(path.parent))
        page.set_viewport_size({"width": 1280, "height": 8000})  # charts that cannot be seen are not drawn again
        first = page.evaluate("gannet.runs[0].lastStep")
        until(page, f"gannet.runs[0].taken.length >= {NEWS} && gannet.runs[0].lastStep > {first} + 200")
        # From what is drawn: the last tick of every curve, the shown frame, the header and the row of the list.
        ends = (
            "[...document.querySelectorAll('.chart')].filter((chart) => chart.data?.length && chart.layout.xaxis.title"
            ".text === 'step').map((chart) => Math.max(...[...chart.querySelectorAll('.xtick text')].map((tick) => "
            "Number(tick.textContent.replace(/[,\\u202f]/g, '').replace('k', 'e3')))))"
        )
        until(page, f"{ends}.length >= 4 && {ends}.every((end) => end > {first} + 100)")
        until(page, f"Number(document.querySelector('canvas.sheet, canvas').dataset.step) > {first} + 100")
        row = "Number(document.querySelector('#runs .about').textContent.replace(/\\D/g, ''))"
        until(page, f"{row} > {first} + 100")
        assert Run(path).frames()[-1][0] > first
    finally:
        process.kill()
        process.wait()
