"""What a person sees before scrolling: bounding boxes in the windows of laptops."""

from __future__ import annotations

import pytest
from support.page import CHARTED, until

BOX = """((selector) => {
    const { left, top, right, bottom } = document.querySelector(selector).getBoundingClientRect();
    return [left, top, right, bottom];
})"""
LAPTOPS = [(1440, 900), (1280, 720)]


@pytest.mark.parametrize("name", ["relative", pytest.param("shown", marks=pytest.mark.slow)])
def test_the_plane_its_legend_and_the_first_chart_are_seen_without_scrolling(serve, open_page, trained_once, name):
    run = trained_once(name)
    page = open_page(serve(run.parent), run)
    for language in ("en", "zh-CN"):
        until(page, f"document.documentElement.lang.startsWith('{language}') && {CHARTED}")
        for width, height in LAPTOPS:
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(300)
            parts = {"plane": ".plane", "legend": ".tools", "chart": ".column:last-child .chart"}
            boxes = {part: page.evaluate(f"{BOX}('{selector}')") for part, selector in parts.items()}
            below, above = page.evaluate(f"[{BOX}('#top')[3], {BOX}('#timeline')[1]]")
            for part, (left, top, right, bottom) in boxes.items():
                assert below <= top < bottom <= above, f"{part} at {width} x {height} in {language}"
                assert 0 <= left < right <= width
            left, top, right, bottom = boxes["plane"]
            assert right - left == bottom - top >= 300
            assert bottom <= boxes["legend"][1], "looked at first, pressed afterwards"
        page.evaluate("document.querySelector('#top button[lang]').click()")
        until(page, "document.querySelector('canvas.plane')?.dataset.step")


def test_the_recording_bar_hides_nothing(serve, open_page, ring):
    for width in (1280, 390):
        page = open_page(serve(ring.parent), ring, width=width)
        until(page, CHARTED)
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        bottom = page.evaluate(
            "Math.max(...[...document.querySelectorAll('.card')].map((c) => c.getBoundingClientRect().bottom))"
        )
        assert bottom <= page.evaluate("document.getElementById('timeline').getBoundingClientRect().top")
