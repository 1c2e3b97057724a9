"""Slow motion, the windows that start trainings and several runs: usable by everybody, at any width."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page
from support.page import Server, click, until, violations

WIDTHS = (320, 375, 900, 1440, 2560)
INSIDE = "[...document.querySelectorAll('dialog, .card')].every((part) => part.scrollWidth <= part.clientWidth + 1)"
"""Nothing is wider than the dialog or card that it is in."""


@pytest.fixture
def server(serve, shown) -> Server:
    return serve(shown.parent)


def unfold(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    page.wait_for_timeout(200)


def parts(page: Page) -> Iterator[str]:
    """Show one part after the other on the page of a run."""
    until(page, "!document.querySelector('.story').hidden")
    page.evaluate("document.querySelectorAll('.substeps button')[1].click()")
    unfold(page)
    yield "slow"
    for part, words in (("fork", "Fork from a checkpoint …"), ("draw", "Draw data …")):
        page.evaluate(click(words))
        page.wait_for_selector("dialog[open]")
        unfold(page)
        yield part
        page.keyboard.press("Escape")
        until(page, "!document.querySelector('dialog[open]')")


def opened_several(open_page, server, shown, width, **emulated) -> Page:
    page = open_page(server, shown, shown.with_name("other"), width=width, **emulated)
    until(page, "document.querySelectorAll('.many .main-svg').length > 1")
    unfold(page)
    return page


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), pytest.param(360, "dark", marks=pytest.mark.slow)])
def test_axe_finds_nothing_in_the_parts_of_a_run(open_page, server, shown, width, scheme):
    page = open_page(server, shown, width=width, color_scheme=scheme)
    assert {part: violations(page) for part in parts(page)} == {"slow": [], "fork": [], "draw": []}


@pytest.mark.parametrize(("width", "scheme"), [pytest.param(1280, "light", marks=pytest.mark.slow), (360, "dark")])
def test_axe_finds_nothing_on_the_page_of_several_runs(open_page, server, shown, width, scheme):
    assert violations(opened_several(open_page, server, shown, width, color_scheme=scheme)) == []


def fits(page: Page) -> None:
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_timeout(150)
        # Charts and canvases follow the window when they can.
        until(page, f"document.documentElement.scrollWidth <= {width} && {INSIDE}")


def test_the_parts_of_a_run_fit_into_small_and_wide_windows(open_page, server, shown):
    page = open_page(server, shown, width=320, is_mobile=False)
    for _ in parts(page):
        fits(page)


@pytest.mark.slow
def test_the_page_of_several_runs_fits_into_small_and_wide_windows(open_page, server, shown):
    fits(opened_several(open_page, server, shown, 320, is_mobile=False))
