"""Slow motion in a real browser: the ten sub-steps show what training itself had."""

from __future__ import annotations

import numpy as np
import pytest
from support.page import click, until

from gannet.runs.reader import Run
from gannet.runs.schema import SLOW_FOLDER, frame_name

NAMES = ["Sample", "Output", "Loss", "Gradient", "Update"]
PLAY = "document.querySelector('.story .buttons button:nth-child(2)').ariaLabel"
SHOWN = "document.querySelector('.story canvas').dataset.shown"
VALUES = (
    "Object.fromEntries([...document.querySelectorAll('.values div')].map((d) => [...d.children].map((c) => "
    "c.textContent)))"
)
CURRENT = "document.querySelector('.substeps [aria-current]').textContent"
ASK = "Next step in slow motion"
OBSERVED = f"""(() => {{
    const fetched = window.fetch;
    window.fetch = async (path, ...rest) => {{
        const answer = await fetched(path, ...rest);
        const isShown = () => !document.querySelector('.story').hidden;
        while (rest[0]?.method === 'POST' && !isShown()) await new Promise((resolve) => setTimeout(resolve, 20));
        return answer;
    }};
    window.played = [];
    new MutationObserver(() => played.push({PLAY})).observe(
        document.querySelector('.story .buttons'), {{ subtree: true, attributeFilter: ['aria-label'] }},
    );
}})()"""
"""The button's labels from now on, in order. The answer to a command arrives after the step that it asked for."""


def turn_to(page, number):
    page.evaluate(f"document.querySelectorAll('.substeps button')[{number - 1}].click()")
    until(page, f"{SHOWN}?.endsWith('/{number}')")
    return page.evaluate(VALUES)


def number(text):
    return float(text.replace("\u202f", ""))


def test_a_step_in_slow_motion_is_made_and_every_sub_step_shows_its_true_values(serve, open_page, train):
    path = train()
    page = open_page(serve(path.parent), path)
    page.evaluate(click("Pause"))
    until(page, "document.querySelector('#heading .state').textContent === 'paused'")
    assert page.evaluate("document.querySelector('.story').hidden")
    page.evaluate(OBSERVED)
    page.evaluate(click(ASK))
    until(page, "!document.querySelector('.story').hidden")
    # Plays by itself; on a busy machine it may have ended since.
    assert until(page, "played.length && played")[0] == "Pause the sub-steps"
    [step] = page.evaluate("gannet.runs[0].events.filter((e) => e.kind === 'slow').map((e) => e.step)")
    reported = dict(np.load(path / SLOW_FOLDER / frame_name(step, "points")))
    assert page.evaluate("[...document.querySelectorAll('.substeps button')].map((b) => b.textContent)") == [
        f"{n + 1}{NAMES[n % 5]}" for n in range(10)
    ]

    assert turn_to(page, 1) == {"real points shown": "16", "generated points shown": "16"}
    values = turn_to(page, 2)
    assert number(values["mean output, real"]) == pytest.approx(reported["discriminator/logit_real"].mean(), rel=1e-3)
    assert values["real judged real"] == f"{(reported['discriminator/logit_real'] > 0).sum()} of 16"
    assert values["generated judged generated"] == f"{(reported['discriminator/logit_fake'] < 0).sum()} of 16"
    assert number(turn_to(page, 3)["adversarial"]) == pytest.approx(
        float(reported["discriminator/loss/adversarial"]), rel=1e-3
    )
    assert page.evaluate("document.querySelector('.strip').hidden") is False
    values = turn_to(page, 4)
    assert number(values["length of the gradient over all parameters"]) == pytest.approx(
        float(reported["discriminator/gradient_norm"]), rel=1e-3
    )
    change = np.abs(reported["discriminator/field_after"] - reported["discriminator/field_before"])
    assert number(turn_to(page, 5)["mean change of the output"]) == pytest.approx(change.mean(), rel=2e-3)
    assert number(turn_to(page, 8)["adversarial"]) == pytest.approx(
        float(reported["generator/loss/adversarial"]), rel=1e-3
    )
    lengths = np.hypot(*reported["generator/gradient"].T)
    assert number(turn_to(page, 9)["mean length at a point"]) == pytest.approx(lengths.mean(), rel=2e-3)
    moved = np.hypot(*(reported["generator/fake_after"] - reported["generator/fake"]).T)
    assert number(turn_to(page, 10)["largest movement"]) == pytest.approx(moved.max(), rel=2e-3)

    # At the end of the last sub-step the generated points lie where the update put them.
    x0, x1, y0, y1 = reported["extent"]
    after = reported["generator/fake_after"]
    places = np.stack([(after[:, 0] - x0) / (x1 - x0), (y1 - after[:, 1]) / (y1 - y0)], axis=1)
    colours = page.evaluate(f"""(() => {{
        const canvas = document.querySelector('.story canvas'), pen = canvas.getContext('2d');
        const at = ([u, v]) => pen.getImageData(Math.floor(u * canvas.width), Math.floor(v * canvas.height), 1, 1).data;
        return {places.tolist()}.map((place) => [...at(place)]);
    }})()""")
    inside = [(np.abs(place - 0.5) < 0.49).all() for place in places]
    assert all(colour[:3] == [220, 78, 12] for colour, seen in zip(colours, inside, strict=True) if seen)

    page.evaluate("document.querySelector('.story details').open = true")
    until(page, "document.querySelectorAll('.story tbody tr').length === 16")
    assert page.evaluate("gannet.runs[0].paused")
    assert Run(path).load_slow(step)["step"] == step


def test_a_recorded_step_is_turned_by_keys_and_plays_only_when_asked(serve, open_page, shown):
    page = open_page(serve(shown.parent), shown)
    until(page, f"{SHOWN} === '501/1'")
    assert page.evaluate(PLAY) == "Play the sub-steps"
    assert page.evaluate(
        f"[...document.querySelectorAll('button')].find((b) => b.textContent === '{ASK}').hidden"
    )  # the run is over
    page.evaluate("document.querySelector('.story').focus()")
    for key, current in (
        ("ArrowRight", "2Output"),
        ("End", "10Update"),
        ("ArrowLeft", "9Gradient"),
        ("Home", "1Sample"),
        ("ArrowLeft", "1Sample"),
    ):
        page.keyboard.press(key)
        assert page.evaluate(CURRENT) == current
    assert page.evaluate("gannet.timeline.step") == 1000  # the recording was not turned
    reported = dict(np.load(shown / SLOW_FOLDER / frame_name(501, "points")))
    mine = {name.partition("/")[2]: value for name, value in reported.items() if name.startswith("discriminator/")}
    values = turn_to(page, 2)
    assert number(values["mean output, real"]) == pytest.approx(mine["logit_real"].mean(), rel=1e-3)
    assert number(values["mean output, generated"]) == pytest.approx(mine["logit_fake"].mean(), rel=1e-3)
    assert values["real judged real"] == f"{(mine['logit_real'] > 0).sum()} of 16"
    assert values["generated judged generated"] == f"{(mine['logit_fake'] < 0).sum()} of 16"
    losses = {name.removeprefix("loss/"): float(value) for name, value in mine.items() if name.startswith("loss/")}
    assert losses.keys() == {"adversarial", "dragan"}
    # The table of points, shut until somebody opens it, names D's output on every point.
    page.evaluate("document.querySelector('.story details').open = true")
    rows = "[...document.querySelectorAll('.story tbody tr')].map((row) => row.lastElementChild.textContent)"
    column = until(page, f"document.querySelectorAll('.story tbody tr').length === 32 && {rows}")
    assert page.evaluate("document.querySelector('.story thead th:last-child').textContent") == "D’s output"
    outputs = np.concatenate([mine["logit_real"], mine["logit_fake"]])
    assert [number(text) for text in column] == pytest.approx(outputs.tolist(), rel=1e-3, abs=1e-3)
    values = {name: number(text) for name, text in turn_to(page, 3).items()}
    assert values == pytest.approx(losses | {"sum": sum(losses.values())}, rel=1e-3)
    values = turn_to(page, 9)
    lengths = np.hypot(*reported["generator/gradient"].T)
    assert number(values["length of the gradient over all parameters"]) == pytest.approx(
        float(reported["generator/gradient_norm"]), rel=1e-3
    )
    assert number(values["mean length at a point"]) == pytest.approx(lengths.mean(), rel=2e-3)
    moved = np.hypot(*(reported["generator/fake_after"] - reported["generator/fake"]).T)
    values = {name: number(text) for name, text in turn_to(page, 10).items()}
    assert values == pytest.approx({"mean movement": moved.mean(), "largest movement": moved.max()}, rel=2e-3)
    page.evaluate("document.body.focus(); document.activeElement.blur()")
    page.keyboard.press("Home")
    until(page, "gannet.timeline.step === 0")
    page.evaluate("document.querySelector('.story').focus()")
    page.keyboard.press("Home")
    page.keyboard.press(" ")
    until(page, f"{CURRENT} === '2Output'")
    page.keyboard.press(" ")
    assert page.evaluate(PLAY) == "Play the sub-steps"


@pytest.mark.slow
def test_sub_steps_do_not_move_where_motion_is_not_wanted(serve, open_page, shown):
    page = open_page(serve(shown.parent), shown, reduced_motion="reduce")
    until(page, f"{SHOWN} === '501/1'")
    page.evaluate("""(() => {
        const reported = CanvasRenderingContext2D.prototype.clearRect;
        window.drawn = 0;
        CanvasRenderingContext2D.prototype.clearRect = function (...given) {
            if (this.canvas.closest('.story .planebox')) drawn++;
            return reported.apply(this, given);
        };
    })()""")
    turn_to(page, 10)
    page.wait_for_timeout(300)
    assert page.evaluate("drawn") <= 2


@pytest.mark.parametrize("name", ["relative", pytest.param("critic", marks=pytest.mark.slow)])
def test_outputs_without_a_zero_are_compared_with_their_median(serve, open_page, trained_once, name):
    run = trained_once(name)
    page = open_page(serve(run.parent), run)
    until(page, f"{SHOWN} === '21/1'")
    values = turn_to(page, 2)
    arrays = dict(np.load(run / SLOW_FOLDER / frame_name(21, "points")))
    real, fake = (arrays[f"discriminator/{name}"] for name in ("logit_real", "logit_fake"))
    middle = np.median(np.concatenate([real, fake]))
    assert values["real judged real"] == f"{(real > middle).sum()} of 16"
    assert values["generated judged generated"] == f"{(fake < middle).sum()} of 16"
    assert "the average sample" in page.evaluate("document.querySelector('.telling .summary').textContent")
    assert "average sample" in page.evaluate("document.querySelector('.story .legend').textContent")


def test_a_slow_motion_that_is_not_there_is_one_sentence(serve, open_page, recorded):
    (recorded / SLOW_FOLDER / frame_name(501, "points")).unlink()
    page = open_page(serve(recorded.parent), recorded, tolerated="/slow/501")
    until(page, "document.body.textContent.includes('has no slow motion of step 501')")


def test_the_plane_is_square_at_every_width(serve, open_page, shown):
    """300 is the width that a canvas has before anybody sets it."""
    page = open_page(serve(shown.parent), shown)
    until(page, f"{SHOWN} === '501/1'")
    turn_to(page, 3)
    for height in (1200, 770, 500):
        page.set_viewport_size({"width": 1280, "height": height})
        # The window takes its new height in its own time.
        side = f"Math.max(300, Math.min(560, {height} - 470, c.parentElement.clientWidth))"
        until(
            page,
            f"(() => {{ const c = document.querySelector('.story .plane'); return c.width === c.height && c.width === "
            f"{side}; }})()",
        )
