"""Sheets of images: what their columns are, and one image enlarged by click and by key."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support.page import click, until, violations

from gannet.runs.reader import Run

HEADS = "[...document.querySelectorAll('.card .heads span')].map((head) => head.textContent)"
SUMMARY = "document.querySelector('.card .summary').textContent"
CAPTION = "document.querySelector('dialog.enlarged .summary')?.textContent"
ENLARGED = """(() => {
    const canvas = document.querySelector('dialog.enlarged canvas'), pen = canvas.getContext('2d');
    const at = (x, y) => pen.getImageData((x + 0.5) * canvas.width / 8, (y + 0.5) * canvas.height / 8, 1, 1).data[0];
    return Array.from({ length: 8 }, (_, y) => Array.from({ length: 8 }, (_, x) => at(x, y)));
})()"""


def newest(run) -> np.ndarray:
    return np.asarray(Run(run).load_frame(Run(run).frames()[-1][1]))


def test_a_click_and_keys_enlarge_an_image_of_a_class(serve, open_page, trained_once):
    run = trained_once("labelled")
    page = open_page(serve(run.parent), run)
    assert page.evaluate(HEADS)[:10] == [str(digit) for digit in range(10)]
    assert "from the same noise" in page.evaluate(SUMMARY)
    sheet = newest(run)
    rows = sheet.shape[0] // 8
    box = page.locator("canvas.sheet").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 3.5 / 10, box["y"] + box["height"] * 2.5 / rows)
    assert until(page, CAPTION) == f"image 24 of {10 * rows} · 3 · step 20"
    assert page.evaluate(ENLARGED) == sheet[16:24, 24:32, 0].tolist()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(CAPTION).startswith("image 35 of")
    assert page.evaluate(ENLARGED) == sheet[24:32, 32:40, 0].tolist()
    assert violations(page) == []
    page.keyboard.press("Escape")
    until(page, "!document.querySelector('dialog')")
    page.locator(".sheetbutton").first.focus()
    page.keyboard.press("Enter")
    assert until(page, CAPTION).startswith("image 1 of")
    assert page.evaluate("gannet.timeline.step") == 20, "the recording was not turned"


def test_columns_of_a_game_that_translates_say_what_they_are(serve, open_page, trained_once):
    run = trained_once("translated")
    page = open_page(serve(run.parent), run)
    heads = page.evaluate(HEADS)[: newest(run).shape[1] // 8]
    assert heads, page.evaluate("[location.hash, gannet.runs.map((run) => [run.id, run.kind, run.record.columns])]")
    assert set(zip(*[iter(heads)] * 3, strict=True)) == {("input", "output", "target")}
    words = page.evaluate(SUMMARY)
    assert "what the generator makes of the same images" in words
    assert "noise" not in words


@pytest.mark.slow
def test_captions_stand_below_their_columns(serve, open_page, trained_once):
    run = trained_once("captioned")
    page = open_page(serve(run.parent), run)
    shown = page.evaluate("[...document.querySelectorAll('.card .captions span')].map((word) => word.textContent)")
    assert shown == json.loads((run / "run.json").read_text())["data"]["form"]["captions"]
    assert len(shown) == 8


@pytest.mark.slow
def test_reconstructions_name_their_rows(serve, open_page, trained_once):
    run = trained_once("encoder")
    page = open_page(serve(run.parent), run)
    card = "document.querySelector('.card[aria-label=Reconstructions]')"
    until(page, f"{card} && !{card}.hidden")
    page.evaluate(f"{card}.scrollIntoView()")
    sides = f"[...{card}.querySelectorAll('.sides span')].map((side) => side.textContent)"
    until(page, f"{sides}.length")
    assert page.evaluate(sides) == ["real", "G(E(x))", "nearest found"]


@pytest.mark.slow
def test_the_nearest_training_images_are_found_on_demand(serve, open_page, trained_once):
    run = trained_once("images")
    page = open_page(serve(run.parent), run)
    page.locator(".sheetbutton").first.focus()
    page.keyboard.press("Enter")
    until(page, CAPTION)
    page.evaluate(click("Nearest training images", "dialog.enlarged"))
    until(page, "document.querySelector('dialog.enlarged .probe canvas')?.dataset.drawn")
    heads = page.evaluate(
        "[...document.querySelectorAll('dialog.enlarged .heads span')].map((head) => head.textContent)"
    )
    assert heads[0] == ""
    assert sorted(heads[1:], key=float) == heads[1:]
    assert violations(page) == []
