"""The plane of losses without a zero: its words, and its colours against the networks."""

from __future__ import annotations

import pytest
from support.page import until

WORDS = {
    "relative": ("D(x) relative to the average sample", "average sample"),
    "critic": ("critic value, arbitrary zero", "average sample"),
}


@pytest.mark.parametrize("kind", ["relative", pytest.param("critic", marks=pytest.mark.slow)])
def test_the_plane_is_named_and_centred_on_the_average_sample(serve, open_page, trained_once, kind):
    run = trained_once(kind)
    page = open_page(serve(run.parent), run)
    name, contour = WORDS[kind]
    options = page.evaluate("[...document.querySelectorAll('.fieldrow option')].map((option) => option.textContent)")
    assert options == ["plain", name, "|∇D(x)|", "D*(x), the best possible"]
    assert page.evaluate("document.querySelector('.chip i.contour').parentElement.textContent") == contour
    low, high = page.evaluate("[...document.querySelectorAll('.colourbar .ends')].map((end) => end.textContent)")
    assert low.startswith("lower −")
    assert high.endswith(" higher")
    assert float(low.removeprefix("lower −")) == float(high.removesuffix(" higher"))
    # Only the field is left, and the middle of its colours is the output of the average sample.
    page.evaluate("document.querySelectorAll('.chip input:checked').forEach((box) => box.click())")
    page.wait_for_timeout(200)
    agree, low, high = page.evaluate("""(async () => {
        const run = gannet.runs[0], frame = await run.frameContent(run.frameAt(gannet.timeline.step));
        const canvas = document.querySelector('canvas.plane'), pen = canvas.getContext('2d'), side = 48;
        const seen = [];
        for (let row = 1; row < side - 1; row++) for (let column = 1; column < side - 1; column++) {
            const value = frame.logits.data[row * side + column];
            if (Math.abs(value) < 0.1 * frame.spread.data[0]) continue;
            const at = (share) => Math.round(share * (canvas.width - 1));
            const [red, , blue] = pen.getImageData(at(column / (side - 1)), at(1 - row / (side - 1)), 1, 1).data;
            seen.push([value > 0, blue > red]);
        }
        const count = (test) => seen.filter(test).length;
        return [count(([a, b]) => a === b) / seen.length, count(([a]) => !a), count(([a]) => a)];
    })()""")
    assert agree > 0.98
    assert min(low, high) > 20


def test_a_run_of_logits_keeps_its_words(serve, open_page, ring):
    page = open_page(serve(ring.parent), ring)
    until(page, "document.querySelectorAll('.fieldrow option').length === 6")
    assert page.evaluate("document.querySelector('.chip i.contour').parentElement.textContent") == "D = 0.5"


def test_each_of_several_runs_has_a_colour_bar_and_what_they_share_is_true_of_all(serve, open_page, trained_once):
    runs = [trained_once("shown"), trained_once("relative")]
    page = open_page(serve(runs[0].parent), *runs)
    ends = "[...document.querySelectorAll('.side .column')].map((run) => run.querySelector('.ends')?.textContent)"
    until(page, f"{ends}.every(Boolean) && {ends}.length === 2")
    logits, relative = page.evaluate(ends)
    assert logits == "generated 0"
    assert relative.startswith("lower −")
    assert page.evaluate("document.querySelectorAll('.common .colourbar').length") == 0
    assert page.evaluate("document.querySelector('.common .chip i.contour').parentElement.textContent") == (
        "D in the middle"
    )
