"""The report says everything, loads nothing, and is the same for the same run."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import shlex
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.real_runs import train

from gannet import cli
from gannet.errors import UserError
from gannet.reports import player
from gannet.reports.html import animate, report
from gannet.reports.pictures import choose
from gannet.reports.snapshot import save_sheet, save_snapshot
from gannet.reports.table import save_table
from gannet.runs.reader import Run

NASTY = "<script>alert('x')</script> & \"quotes\""


@pytest.fixture
def points(trained) -> Run:
    """Finished, 31 frames."""
    return Run(trained("points"))


@pytest.fixture
def images(trained) -> Run:
    """Digits: five frames."""
    return Run(trained("images"))


@pytest.fixture
def bare(trained) -> Run:
    """Killed before its first step."""
    return Run(trained("bare"))


def leave_frames(run: Run, count: int) -> Run:
    for _, path in run.frames()[count:]:
        path.unlink()
    return run


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.alternatives: list[str] = []
        self.text = ""
        self.scripts: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.alternatives += [value or "" for name, value in attrs if name == "alt"]
        self.sources += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action")]

    def handle_data(self, data):
        if self.tags and self.tags[-1] == "script":
            self.scripts.append(data)
        else:
            self.text += data

    def handle_endtag(self, tag):
        if tag == "script":
            self.tags.append("/script")

    @property
    def frames(self):
        return json.loads(self.scripts[0])


def parsed(path: Path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader


def test_the_report_is_complete_and_self_contained(trained, tmp_path):
    run = Run(trained("points", tmp_path / "räum 1"))
    assert cli.run(["measure", str(run.path), "--metrics", "w2,modes", "--samples", "300"]) == 0
    gif = tmp_path / "training ü.gif"
    calls = []
    animate(run, gif, lambda *call: calls.append(call))
    assert calls[-1] == ("animation", 31, 31)
    size = report(run, tmp_path / "r.html")
    page = parsed(tmp_path / "r.html")
    assert size == (tmp_path / "r.html").stat().st_size
    assert all(source.startswith("data:image/") for source in page.sources)
    assert not re.search(r"https?://|url\(|@import", (tmp_path / "r.html").read_text())
    assert len(page.frames["frames"]) == len(page.frames["steps"]) == 31
    assert page.frames["steps"] == [10 * index for index in range(31)]
    assert page.tags.count("button") == 1 + 12
    card, _ = run.scores()
    written = [card.label, card.fingerprint] + [f"{value:.4g}" for value in (card.value, card.reference)]
    known = [run.record.data.content_hash, run.record.environment["torch"], str(run.record.arguments["loss"])]
    for words in ("räum 1", "step 300", "finished", *written, *known):
        assert words in page.text


@pytest.mark.usefixtures("undrawn")
def test_warnings_of_a_card_are_shown(images, tmp_path):
    assert cli.run(["measure", str(images.path), "--metrics", "class-histogram", "--samples", "100"]) == 0
    (card,) = images.scores()
    assert card.warnings
    report(images, tmp_path / "r.html")
    shown = parsed(tmp_path / "r.html").text
    assert all(shown.count(text) == 1 for text in card.warnings)
    other = card.model_copy(update={"metric": "other", "label": "other"})
    (images.path / "scores.jsonl").write_text("".join(f"{c.model_dump_json()}\n" for c in (card, other)))
    report(images, tmp_path / "r.html")
    shown = parsed(tmp_path / "r.html").text
    assert all(f"{card.label}, {other.label}: {text}" in shown for text in card.warnings)
    assert all(shown.count(text) == 1 for text in card.warnings), "said once for both metrics"


def test_columns_of_frames_are_named(images, tmp_path):
    record = json.loads((images.path / "run.json").read_text())
    for columns, words in ((["a", "b"], "a, b."), (["input", "output"] * 3, "input, output, and again."), ([], None)):
        (images.path / "run.json").write_text(json.dumps(record | {"columns": columns}))
        report(Run(images.path), tmp_path / "r.html")
        shown = parsed(tmp_path / "r.html").text
        assert f"Columns from the left: {words}" in shown if words else "Columns from the left" not in shown


def test_what_a_run_says_is_text_and_never_markup(trained, tmp_path):
    """The folder of a run may be called anything, and its name is in the title and the heading."""
    name = NASTY.replace("/", ":")
    run = Run(trained("points", tmp_path / name))
    report(run, tmp_path / "r.html")
    page = parsed(tmp_path / "r.html")
    assert page.text.count(name) == 2
    assert len(page.scripts) == 2


OWN = """
from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.mlp import MLPDiscriminator, MLPGenerator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.base import recipe
from gannet.training.experiment import Experiment, Optimizer, Optimizers
from gannet.types import Terms


class Named(TwoPlayer):
    def discriminator_terms(self, batch):
        terms = super().discriminator_terms(batch)
        return Terms(terms.minimise, terms.watch | {NAME: terms.minimise["adversarial"].detach()})


@recipe(kind="points")
def own(form, *, batch_size: int = 8, steps: int = 50):
    networks = MLPGenerator(4, form.shape, hidden=[4]), MLPDiscriminator(form.shape, hidden=[4])
    game = Named(*networks, Gaussian(4), loss=NonSaturating())
    return Experiment(game, Optimizers(Optimizer(lr=1e-3), Optimizer(lr=1e-3)), batch_size, steps)
"""


def test_what_a_recipe_and_a_disk_say_is_text_and_never_markup(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, NASTY)

    file = tmp_path / NASTY.replace("/", ":") / "own.py"
    file.parent.mkdir()
    file.write_text(OWN.replace("NAME", repr(NASTY)))
    with monkeypatch.context() as patch:
        patch.setattr("gannet.training.checkpoint.save", full)
        train(tmp_path / "run", recipe=str(file))
    run = Run(tmp_path / "run")
    [warned] = [event for event in run.events() if event.kind == "warning"]
    assert NASTY in warned.text
    report(run, tmp_path / "r.html")
    page = parsed(tmp_path / "r.html")
    assert len(page.scripts) == 2
    for words in (warned.text, f"discriminator/{NASTY}", shlex.quote(str(file))):
        assert words in page.text
    assert [alt for alt in page.alternatives if f"discriminator/{NASTY}" in alt]


def test_the_same_run_gives_the_same_bytes(trained, tmp_path):
    run = Run(trained("measured"))
    for name in ("1", "2"):
        animate(run, tmp_path / f"{name}.gif")
        report(run, tmp_path / f"{name}.html")
        save_sheet(run, tmp_path / f"{name}.png")
        save_snapshot(run, tmp_path / f"{name}-now.png")
        save_table(run, tmp_path / f"{name}.csv")
    for end in (".gif", ".html", ".png", "-now.png", ".csv"):
        assert (tmp_path / f"1{end}").read_bytes() == (tmp_path / f"2{end}").read_bytes()


def test_image_runs_animate_in_order(images, tmp_path):
    recorded = [images.load_frame(path) for _, path in images.frames()]
    report(images, tmp_path / "r.html")
    frames = parsed(tmp_path / "r.html").frames["frames"]
    shown = [np.asarray(Image.open(io.BytesIO(base64.b64decode(frame))).convert("RGB")) for frame in frames]
    assert len(shown) == len(recorded) == 5
    for one, other in zip(shown, recorded, strict=True):
        # Images of 8 x 8 pixels, with a gap of one before each and at the end.
        tiles = one[1:, 1:].reshape(8, 9, 8, 9, 3)[:, :8, :, :8]
        np.testing.assert_array_equal(tiles.reshape(other.shape), other)
    animate(images, tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.n_frames == 5
        for index, frame in enumerate(recorded):
            gif.seek(index)
            drawn = np.asarray(gif.convert("L"), float)
            nearest = [np.abs(np.asarray(_fitted(other, drawn.shape), float) - drawn).mean() for other in shown]
            assert int(np.argmin(nearest)) == index, nearest
            assert frame.shape == recorded[0].shape


def _fitted(frame: np.ndarray, shape: tuple[int, ...]) -> Image.Image:
    return Image.fromarray(frame).convert("L").resize((shape[1], shape[0]), Image.Resampling.NEAREST)


def test_a_run_with_nothing_in_it_has_a_report_and_no_animation(bare, tmp_path):
    run = bare
    report(run, tmp_path / "r.html")
    assert "No frames were recorded." in parsed(tmp_path / "r.html").text
    with pytest.raises(UserError, match="no frames"):
        animate(run, tmp_path / "a.gif")


def test_damaged_frames_are_left_out(points, tmp_path):
    run = leave_frames(points, 4)
    run.frames()[-1][1].write_bytes(b"")
    report(run, tmp_path / "r.html")
    page = parsed(tmp_path / "r.html")
    assert page.frames["steps"] == [0, 10, 20]
    animate(run, tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.n_frames == 3


def test_a_copied_run_reads_the_same(trained, tmp_path):
    run = Run(trained("measured", tmp_path / "a" / "run"))
    shutil.copytree(run.path, tmp_path / "b" / "run")
    report(run, tmp_path / "1.html")
    report(Run(tmp_path / "b" / "run"), tmp_path / "2.html")
    assert (tmp_path / "1.html").read_bytes() == (tmp_path / "2.html").read_bytes()


@pytest.mark.usefixtures("undrawn")
def test_health_is_shown_where_it_was_watched(trained, tmp_path):
    report(Run(trained("bare")), tmp_path / "r.html")
    assert "Health" not in parsed(tmp_path / "r.html").text
    run = Run(trained("points"))
    looks = sum(event.kind == "vitals" for event in run.events())
    report(run, tmp_path / "r.html")
    assert f"No findings in {looks} health checks." in parsed(tmp_path / "r.html").text
    run = Run(trained("alarmed"))
    report(run, tmp_path / "r.html")
    page = parsed(tmp_path / "r.html").text
    noticed = [event for event in run.events() if event.kind == "health"]
    assert noticed
    for event in noticed:
        assert page.count(event.text) == 1
        assert event.rule in page
    assert "Dashed" in page


@pytest.mark.parametrize("count", [2, 11, 12, 13, 500])
def test_chosen_moments(count):
    steps = [10 * index for index in range(count)]
    chosen = choose(steps, 12)
    assert len(chosen) == min(count, 12)
    assert len(set(chosen)) == len(chosen)
    assert chosen == sorted(chosen)
    assert (chosen[0], chosen[-1]) == (0, count - 1)


def test_early_moments_are_closer_together():
    gaps = np.diff(choose(list(range(0, 10_000, 10)), 12))
    assert gaps[0] < gaps[-1] / 4
    assert gaps.max() < 300


def test_a_bad_place_is_a_clear_error(images, tmp_path):
    run = images
    with pytest.raises(UserError, match=r"Cannot write .*r\.html"):
        report(run, tmp_path / "no" / "r.html")
    with pytest.raises(UserError, match=r"Cannot write .*"):
        animate(run, tmp_path / "no" / "a.gif")


def test_the_policy_allows_the_one_script_of_the_page(points, tmp_path):
    report(points, tmp_path / "r.html")
    page = parsed(tmp_path / "r.html")
    assert len(page.scripts) == 2  # the frames, which are data, and the script
    digest = base64.b64encode(hashlib.sha256(page.scripts[1].encode()).digest()).decode()
    policy = re.findall(r'Content-Security-Policy" content="([^"]*)"', (tmp_path / "r.html").read_text())[0]
    assert policy == f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def test_many_large_frames_are_fewer_but_first_and_last_stay(points, monkeypatch):
    run = points
    whole = player.frames_of(run)
    monkeypatch.setattr(player, "BYTES_AT_MOST", sum(len(png) for _, png in whole) // 2)
    fewer = player.frames_of(run)
    assert 8 <= len(fewer) <= 16
    assert (fewer[0], fewer[-1]) == (whole[0], whole[-1])
    assert sum(len(png) for _, png in fewer) <= player.BYTES_AT_MOST


@pytest.mark.usefixtures("undrawn")
def test_cards_that_were_made_differently_are_set_apart_with_what_differs(trained, tmp_path):
    run = Run(trained("measured"))
    prints = {card.n_fake: card.fingerprint for card in run.scores() if card.metric == "w2"}
    assert len(set(prints.values())) == 2
    report(run, tmp_path / "r.html")
    above, below = parsed(tmp_path / "r.html").text.split("Other protocols")
    newest = [card for card in run.scores() if card.metric == "w2"][-1]
    assert prints[400] in above
    assert " to ".join(f"{end:.4g}" for end in newest.ci95) in above
    assert prints[200] not in above
    assert below.count(prints[200]) >= 2
    assert "n_fake (400, not 200)" in below


def test_all_numbers_are_in_the_table(trained, tmp_path):
    run = Run(trained("measured"))
    save_table(run, tmp_path / "n.csv")
    rows = list(csv.DictReader((tmp_path / "n.csv").read_text().splitlines()))
    terms = [(row["name"], int(row["step"]), float(row["value"])) for row in rows if row["kind"] == "term"]
    recorded = [
        (name, int(step), value)
        for name, (steps, values) in sorted(run.terms().items())
        for step, value in zip(steps, values, strict=True)
    ]
    assert sorted(terms) == sorted(recorded)
    assert terms
    scores = [
        (row["name"], int(row["step"]), float(row["value"]), row["low"]) for row in rows if row["kind"] == "score"
    ]
    cards = [(card.label, card.step, card.value, str(card.ci95[0]) if card.ci95 else "") for card in run.scores()]
    assert [score[:3] for score in scores] == [card[:3] for card in cards]
    assert [low != "" for *_, low in scores] == [low != "" for *_, low in cards]


def test_sheets_show_the_frames_in_order(images, tmp_path):
    recorded = [np.asarray(Image.fromarray(images.load_frame(path)).convert("L"), float) for _, path in images.frames()]
    save_sheet(images, tmp_path / "s.png")
    page = np.asarray(Image.open(tmp_path / "s.png").convert("L"), float)
    places = [(84 + row * (320 + 44), 24 + column * 344) for row, column in ((0, 0), (0, 1), (0, 2), (0, 3), (1, 0))]
    for index, (top, left) in enumerate(places):
        tile = page[top : top + 320, left : left + 320]
        distances = [
            np.abs(np.asarray(_fitted(frame.astype(np.uint8), tile.shape), float) - tile).mean() for frame in recorded
        ]
        assert int(np.argmin(distances)) == index, distances
    save_snapshot(images, tmp_path / "n.png")
    assert Image.open(tmp_path / "n.png").size[0] > 320
    with pytest.raises(UserError, match=r"Cannot write .*"):
        save_sheet(images, tmp_path / "no" / "s.png")


def test_nothing_to_draw_is_one_sentence(bare, tmp_path):
    for save in (save_sheet, save_snapshot):
        with pytest.raises(UserError, match="bare: "):
            save(bare, tmp_path / "p.png")
    assert not (tmp_path / "p.png").exists()


@pytest.mark.usefixtures("undrawn")
def test_the_line_has_the_steps_of_the_newest_session(trained):
    """Planned for 60 steps and stopped at 30; then resumed to fewer steps than planned, and to more."""
    path = trained("signalled")
    assert "--steps 60 " in command_of(path)
    for steps in (40, 50, 70):
        assert cli.run(["resume", str(path), "--steps", str(steps), "--quiet"]) == 0
        assert f"--steps {steps} " in command_of(path)


def command_of(path):
    report(Run(path), path / "report.html")
    return re.search(r'<pre class="command"><code>(.*?)</code>', (path / "report.html").read_text())[1]
