"""The page at every width, in both colour schemes and both languages, and by axe."""

from __future__ import annotations

import pytest
from support.page import CHARTED, until, violations

SLOW = pytest.mark.slow
WRITTEN = """[...document.querySelectorAll('body *')].filter((part) => part.checkVisibility() &&
    !part.closest('.visually-hidden, .skip, select, script') &&
    [...part.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim()))"""
SMALL = f"{WRITTEN}.filter((part) => parseFloat(getComputedStyle(part).fontSize) < 12).map((part) => part.outerHTML)"
CLIPPED = f"""{WRITTEN}.filter((part) => getComputedStyle(part).overflowX === 'hidden' &&
    part.scrollWidth > part.clientWidth + 1).map((part) => part.outerHTML)"""


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [
        (360, "dark", "en-GB"),
        pytest.param(360, "light", "en-GB", marks=SLOW),
        *(
            pytest.param(width, scheme, language, marks=SLOW)
            for width in (390, 900, 1280, 1440)
            for scheme, language in (("light", "en-GB"), ("dark", "en-GB"), ("light", "zh-CN"), ("dark", "zh-CN"))
        ),
    ],
)
def test_axe_finds_nothing_and_no_text_is_small_or_clipped(serve, open_page, ring, width, scheme, language):
    page = open_page(serve(ring.parent), width=width, color_scheme=scheme, locale=language)
    until(page, CHARTED)
    assert page.evaluate("document.documentElement.lang").startswith(language[:2])
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    assert violations(page) == []
    assert page.evaluate(f"{WRITTEN}.length") > 50
    assert page.evaluate(SMALL) == []
    assert page.evaluate(CLIPPED) == []


def test_nothing_is_wider_than_the_window(serve, open_page, ring):
    page = open_page(serve(ring.parent), width=320, is_mobile=False)
    until(page, CHARTED)
    for width in (320, 360, 768, 1024, 1680, 2560):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(150)
        until(page, f"document.documentElement.scrollWidth <= {width}")  # charts follow the window when they can


def test_motion_is_spared_where_it_is_not_wanted(serve, open_page, ring):
    page = open_page(serve(ring.parent), reduced_motion="reduce")
    page.evaluate("[...document.querySelectorAll('button')].find((b) => b.textContent === 'Noise → samples').click()")
    assert page.evaluate("document.querySelector('.morph').value") == "0"


def test_the_page_speaks_chinese(serve, open_page, ring):
    page = open_page(serve(ring.parent))
    page.evaluate("document.querySelector('button[lang=zh]').click()")
    until(page, "document.documentElement?.lang === 'zh-CN' && document.querySelector('canvas')?.dataset.step")
    assert "真实点与生成点" in page.evaluate("document.querySelector('main').textContent")
    until(page, "[...document.querySelectorAll('.chart')].some((chart) => chart.ariaLabel.includes('判别器/对抗损失'))")
