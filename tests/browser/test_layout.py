"""What a person sees before scrolling: bounding boxes in the windows of laptops."""

from __future__ import annotations

import pytest
from support.page import CHARTED, until

BOX = """((selector) => {
    const { left, top, right, bottom } = document.querySelector(selector).getBoundingClientRect();
    return [left, top, right, bottom];
})"""
LAPTOPS = [(1440, 900), (1280, 720)]


@pytest.mark.parametrize("name", ["shown", "relative"])
def test_the_plane_its_legend_and_the_first_chart_are_seen_without_scrolling(serve, open_page, trained_once, name):
    run = trained_once(name)
    page = open_page(serve(run.parent), run)
    until(page, CHARTED)
    for language in ("en", "zh-CN"):
        for width, height in LAPTOPS:
            page.set_viewport_size({"width": width, "height": height})
            until(page, f"innerHeight === {height}")
            page.wait_for_timeout(300)
            boxes = {
                part: page.evaluate(f"{BOX}('{part}')") for part in ("#top", "#timeline", ".plane", ".tools", ".chart")
            }
            below, above = boxes["#top"][3], boxes["#timeline"][1]
            for part in (".plane", ".tools", ".chart"):
                left, top, right, bottom = boxes[part]
                assert below <= top < bottom <= above, f"{part} at {width} x {height} in {language}"
                assert 0 <= left < right <= width
            side = boxes[".plane"][2] - boxes[".plane"][0]
            assert side == boxes[".plane"][3] - boxes[".plane"][1] >= 300
            # Looked at first, pressed afterwards.
            assert boxes[".plane"][3] <= boxes[".tools"][1]
            assert page.evaluate(f"{BOX}('.card fieldset')")[1] >= boxes[".tools"][3] or not page.evaluate(
                "document.querySelector('.card fieldset').offsetParent"
            )
        page.evaluate("document.querySelector('#top button[lang]').click()")
        until(page, "document.querySelector('canvas.plane')?.dataset.step")
        until(page, CHARTED)


def test_the_recording_bar_hides_nothing(serve, open_page, ring):
    for width in (1280, 390):
        page = open_page(serve(ring.parent), ring, width=width)
        until(page, CHARTED)
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        bottom = page.evaluate(
            "Math.max(...[...document.querySelectorAll('.card')].map((c) => c.getBoundingClientRect().bottom))"
        )
        assert bottom <= page.evaluate("document.getElementById('timeline').getBoundingClientRect().top")
