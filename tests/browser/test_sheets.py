"""Sheets of images: what their columns are, and one image enlarged by click and by key."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image
from support.page import click, until, violations
from support.real_runs import train

from gannet.dashboard.probes.__main__ import Desk
from gannet.runs.reader import Run

HEADS = "[...document.querySelectorAll('.card .heads span')].map((head) => head.textContent)"
SUMMARY = "document.querySelector('.card .summary').textContent"
CAPTION = "document.querySelector('dialog.enlarged .summary')?.textContent"
BROKEN_WORDS = """[...document.querySelectorAll('.card .captions span')].flatMap((span) => {
    const text = span.firstChild, found = [...text.data.matchAll(/\\S+/g)];
    return found.filter(({ 0: word, index }) => {
        const range = document.createRange();
        range.setStart(text, index);
        range.setEnd(text, index + word.length);
        return range.getClientRects().length > 1;
    }).map(([word]) => word);
})"""
"""Words of captions that are split over two lines."""
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
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(BROKEN_WORDS) == [], width


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


GROUPS = """(() => {
    const canvas = document.querySelector('canvas.sheet'), pen = canvas.getContext('2d');
    const shown = canvas.getBoundingClientRect();
    const clear = Array.from({ length: canvas.width }, (_, x) => pen.getImageData(x, 20, 1, 1).data[3] === 0);
    const ends = clear.flatMap((is, x) => (is !== (clear[x - 1] ?? true) ? [x] : []));
    const scale = shown.width / canvas.width;
    return {
        cells: ends.map((x) => x * scale),
        heads: [...document.querySelectorAll('.card .heads span')].map((head) => {
            const box = head.getBoundingClientRect();
            return [box.left - shown.left, box.right - shown.left, head.scrollWidth - head.clientWidth];
        }),
    };
})()"""


@pytest.mark.parametrize("width", [1280, 390])
def test_an_input_its_output_and_its_target_stand_apart_from_the_next(serve, open_page, trained_once, width):
    """Nine columns without a wider gap do not show which image was made from which."""
    run = trained_once("translated")
    page = open_page(serve(run.parent), run)
    page.set_viewport_size({"width": width, "height": 900})
    columns = newest(run).shape[1] // 8
    assert columns > 3
    until(page, "document.querySelector('canvas.sheet')?.getBoundingClientRect().width > 0")
    # After a change of the width, the columns are drawn before the headings.
    for _ in range(200):
        seen = page.evaluate(GROUPS)
        if (len(seen["cells"]), len(seen["heads"])) == (2 * columns - 1, columns):
            break
        page.wait_for_timeout(100)
    edges = [*seen["cells"], page.evaluate("document.querySelector('canvas.sheet').getBoundingClientRect().width")]
    images = list(zip(edges[::2], edges[1::2], strict=True))
    gaps = [after[0] - before[1] for before, after in pairwise(images)]
    wide = gaps[2::3]
    assert min(wide) > 3 * max(gap for number, gap in enumerate(gaps, 1) if number % 3), gaps
    for (left, right), (head_left, head_right, cut) in zip(images, seen["heads"], strict=True):
        middle = (head_left + head_right) / 2
        assert left < middle < right, "a heading stands above its column"
        assert abs(middle - (left + right) / 2) < 3
        assert cut <= 0, "no heading is cut off"
    # A click enlarges the image below it, although gaps are not equal.
    box = page.locator("canvas.sheet").bounding_box()
    page.mouse.click(box["x"] + images[3][0] + 1.5, box["y"] + 4)
    assert until(page, CAPTION).startswith("image 4 of")


@pytest.mark.slow
def test_few_captions_stand_below_all_of_their_columns(serve, open_page, tmp_path):
    """Three captions fill nine columns in turn, and each of the nine names its own."""
    texts = ["a red square", "a green square", "a blue square"]
    (tmp_path / "data").mkdir()
    lines = []
    for number in range(24):
        image = np.zeros((16, 16, 3), np.uint8)
        image[..., number % 3] = 200 + number
        Image.fromarray(image).save(tmp_path / "data" / f"{number}.png")
        lines.append(json.dumps({"file_name": f"{number}.png", "text": texts[number % 3]}))
    (tmp_path / "data" / "metadata.jsonl").write_text("\n".join(lines))
    run = tmp_path / "runs" / "few"
    train(run, str(tmp_path / "data"), "text-to-image", **{"steps": 2, "batch_size": 6, "frames.every": 2})
    page = open_page(serve(run.parent), run)
    shown = page.evaluate("[...document.querySelectorAll('.card .captions span')].map((word) => word.textContent)")
    assert len(shown) == newest(run).shape[1] // 16 == 9
    assert shown == json.loads((run / "run.json").read_text())["data"]["form"]["captions"] * 3
    # Also in the answer of the newest checkpoint, whose sheets are wide rather than tall.
    sheet = Desk().answer({"run": str(run), "ask": "averages", "arguments": {}})["sheets"][0]
    assert (sheet["columns"], sheet["rows"]) == (9, 3)
    assert sheet["heads"] == shown


def test_what_nobody_minimises_is_not_drawn_among_losses(serve, open_page, trained_once):
    """An absolute error, or the noise of a likelihood, has another unit: next to a loss of 500 it is a flat line."""
    run = trained_once("translated")
    page = open_page(serve(run.parent), run)
    page.set_viewport_size({"width": 1280, "height": 8000})
    chart = "[...document.querySelectorAll('.chart')].find((c) => c.ariaLabel.startsWith('{}'))"
    names = "?.data?.filter((line) => line.name).map((line) => line.name)"
    losses = until(page, chart.format("What each player minimises") + names)
    assert "generator/L1 term" in losses
    assert not [name for name in losses if "absolute error" in name]
    assert "generator/absolute error" in until(page, chart.format("Other values") + names)
