"""The report says everything, loads nothing, and is the same for the same run."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gannet.errors import UserError
from gannet.runs import player
from gannet.runs.pictures import choose
from gannet.runs.reader import Run
from gannet.runs.report import animate, command, report
from gannet.runs.schema import RunRecord
from gannet.runs.snapshot import save_sheet, save_snapshot
from gannet.runs.tables import save_table
from gannet.runs.writer import RunWriter

NASTY = "<script>alert('x')</script> & \"quotes\""


def points_run(path: Path, frames: int = 30) -> Run:
    record: RunRecord = {
        "version": 1,
        "recipe": "gan",
        "arguments": {"hidden": 64, "loss": {"name": "hinge", "margin": 1.0}, "note": NASTY},
        "data": {"source": "ring", "modes": 8, "content_hash": "abc123"},
        "settings": {"steps": 300, "seed": 7, "device": "cpu"},
        "environment": {"torch": "2.13.0"},
    }
    rng = np.random.default_rng(0)
    with RunWriter.create(path, record, None, kind="points") as writer:
        writer.event("start", 0)
        for index in range(frames):
            writer.event("terms", index * 10, values={"generator/adversarial": 1 / (1 + index), "steps_per_second": 100.0}, seconds=index)
            arrays = {"real": rng.normal(size=(20, 2)), "fake": rng.normal(size=(20, 2)), "field": rng.random((8, 8))}
            writer.frame(index * 10, {**arrays, "extent": (-3, 3, -3, 3)})
        writer.event("warning", 200, text=NASTY)
        card = {"metric": "w2", "label": "W2", "value": 0.0873123, "floor": 0.04, "n_real": 2000, "n_fake": 2000, "better": "lower"}
        writer.scores([{**card, "step": 290, "fingerprint": "deadbeef", "warnings": ["few samples"]}])
        writer.event("finish", 290)
    return Run(path)


def image_run(path: Path) -> Run:
    record: RunRecord = {"version": 1, "recipe": "a b.py", "arguments": {}, "data": {"source": "digits"}, "settings": {}, "environment": {}}
    with RunWriter.create(path, record, kind="images") as writer:
        for index in range(5):
            writer.frame(index, np.full((40, 40, 1), 50 * index, np.uint8))
    return Run(path)


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.text = ""
        self.scripts: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
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


def test_the_report_is_complete_and_self_contained(tmp_path):
    run = points_run(tmp_path / "räum 1")
    gif = tmp_path / "training ü.gif"
    calls = []
    animate(run, gif, lambda *call: calls.append(call))
    assert calls[-1] == ("animation", 30, 30)
    size = report(run, tmp_path / "r.html")
    page = parsed(tmp_path / "r.html")
    assert size == (tmp_path / "r.html").stat().st_size
    assert all(source.startswith("data:image/") for source in page.sources)
    assert not re.search(r"https?://|url\(|@import", (tmp_path / "r.html").read_text())
    assert len(page.frames["frames"]) == len(page.frames["steps"]) == 30
    assert page.frames["steps"] == [10 * index for index in range(30)]
    assert page.tags.count("button") == 1 + 12
    for words in ("räum 1", "hinge", "abc123", "2.13.0", "0.08731", "0.04", "deadbeef", "few samples", "step 290", "finished", NASTY):
        assert words in page.text


def test_the_same_run_gives_the_same_bytes(tmp_path):
    run = points_run(tmp_path / "a")
    for name in ("1", "2"):
        animate(run, tmp_path / f"{name}.gif")
        report(run, tmp_path / f"{name}.html")
        save_sheet(run, tmp_path / f"{name}.png")
        save_snapshot(run, tmp_path / f"{name}-now.png")
        save_table(run, tmp_path / f"{name}.csv")
    for end in (".gif", ".html", ".png", "-now.png", ".csv"):
        assert (tmp_path / f"1{end}").read_bytes() == (tmp_path / f"2{end}").read_bytes()


def test_image_runs_animate_in_order_with_their_brightness(tmp_path):
    run = image_run(tmp_path / "a")
    animate(run, tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as gif:
        found = []
        for index in range(gif.n_frames):
            gif.seek(index)
            found.append(int(np.asarray(gif.convert("RGB"))[-20, 20, 0]))
    assert np.abs(np.subtract(found, [0, 50, 100, 150, 200])).max() <= 6
    report(run, tmp_path / "r.html")
    frames = parsed(tmp_path / "r.html").frames["frames"]
    found = [np.asarray(Image.open(io.BytesIO(base64.b64decode(frame))))[20, 20, 0] for frame in frames]
    assert found == [0, 50, 100, 150, 200]


def test_a_run_with_nothing_in_it_has_a_report_and_no_animation(tmp_path):
    record: RunRecord = {"version": 1, "recipe": "gan", "arguments": {}, "data": {}, "settings": {}, "environment": {}}
    RunWriter.create(tmp_path / "a", record).close()
    run = Run(tmp_path / "a")
    report(run, tmp_path / "r.html")
    assert "No frames were recorded." in parsed(tmp_path / "r.html").text
    with pytest.raises(UserError, match="no frames"):
        animate(run, tmp_path / "a.gif")


def test_damaged_frames_are_left_out(tmp_path):
    run = points_run(tmp_path / "a", frames=4)
    run.frames()[-1][1].write_bytes(b"")
    report(run, tmp_path / "r.html")
    page = parsed(tmp_path / "r.html")
    assert page.frames["steps"] == [0, 10, 20]
    animate(run, tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.n_frames == 3


def test_a_copied_run_reads_the_same(tmp_path):
    run = points_run(tmp_path / "a" / "run", frames=3)
    shutil.copytree(run.path, tmp_path / "b" / "run")
    report(run, tmp_path / "1.html")
    report(Run(tmp_path / "b" / "run"), tmp_path / "2.html")
    assert (tmp_path / "1.html").read_bytes() == (tmp_path / "2.html").read_bytes()


def test_the_command_makes_the_same_run(tmp_path):
    record = points_run(tmp_path / "a", frames=1).record
    assert command(record) == (
        "gannet train ring --recipe gan --steps=300 --seed=7 --device=cpu hidden=64 loss=hinge loss.margin=1.0 "
        "'note=<script>alert('\"'\"'x'\"'\"')</script> & \"quotes\"' data.modes=8"
    )


def test_health_is_shown_where_it_was_watched(tmp_path):
    run = points_run(tmp_path / "a", frames=2)
    report(run, tmp_path / "r.html")
    assert "Health" not in parsed(tmp_path / "r.html").text
    with RunWriter(run.path) as writer:
        writer.event("vitals", 290, values={"separation": 0.5}, minimised=["generator/adversarial"])
    report(run, tmp_path / "r.html")
    assert "Nothing was noticed in 1 looks." in parsed(tmp_path / "r.html").text
    with RunWriter(run.path) as writer:
        writer.health(290, rule="mode-collapse", severity="alarm", text=NASTY + " collapsed", values={"modes_found": 1})
    report(run, tmp_path / "r.html")
    page = parsed(tmp_path / "r.html").text
    assert page.count(NASTY + " collapsed") == 1
    assert "Dashed" in page
    assert "mode-collapse" in page


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


def test_a_bad_place_is_a_clear_error(tmp_path):
    run = image_run(tmp_path / "a")
    with pytest.raises(UserError, match=r"Cannot write .*r\.html"):
        report(run, tmp_path / "no" / "r.html")
    with pytest.raises(UserError, match=r"Cannot write .*"):
        animate(run, tmp_path / "no" / "a.gif")


def test_the_policy_allows_the_one_script_of_the_page(tmp_path):
    report(points_run(tmp_path / "a", frames=3), tmp_path / "r.html")
    page = parsed(tmp_path / "r.html")
    assert len(page.scripts) == 2  # the frames, which are data, and the script
    digest = base64.b64encode(hashlib.sha256(page.scripts[1].encode()).digest()).decode()
    policy = re.findall(r'Content-Security-Policy" content="([^"]*)"', (tmp_path / "r.html").read_text())[0]
    assert policy == f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def test_many_large_frames_are_fewer_but_first_and_last_stay(tmp_path, monkeypatch):
    run = points_run(tmp_path / "a", frames=30)
    whole = player.frames_of(run)
    monkeypatch.setattr(player, "BYTES_AT_MOST", sum(len(png) for _, png in whole) // 2)
    fewer = player.frames_of(run)
    assert 8 <= len(fewer) <= 16
    assert (fewer[0], fewer[-1]) == (whole[0], whole[-1])
    assert sum(len(png) for _, png in fewer) <= player.BYTES_AT_MOST


def test_cards_that_were_made_differently_are_set_apart_with_what_differs(tmp_path):
    run = points_run(tmp_path / "a", frames=2)
    old = {"metric": "w2", "label": "W2", "value": 0.5, "n_real": 50, "n_fake": 2000, "step": 5, "fingerprint": "deadbeef"}
    with (run.path / "scores.jsonl").open("a") as file:
        for card in (
            old | {"spec": {"k": 3}},
            old | {"n_real": 2000, "step": 9, "spec": {"k": 5}, "fingerprint": "feedface", "ci95": [0.4, 0.6]},
        ):
            file.write(json.dumps(card) + "\n")
    report(run, tmp_path / "r.html")
    text = parsed(tmp_path / "r.html").text
    above, below = text.split("Measured in another way")
    assert "feedface" in above
    assert "0.4 to 0.6" in above
    assert "deadbeef" not in above
    assert below.count("deadbeef") >= 2
    assert "k (5, not None)" in below


def test_all_numbers_are_in_the_table(tmp_path):
    run = points_run(tmp_path / "a", frames=3)
    save_table(run, tmp_path / "n.csv")
    rows = list(csv.DictReader((tmp_path / "n.csv").read_text().splitlines()))
    terms = [(row["name"], int(row["step"]), float(row["value"])) for row in rows if row["kind"] == "term"]
    assert terms == [("generator/adversarial", s, 1 / (1 + s // 10)) for s in (0, 10, 20)] + [
        ("steps_per_second", s, 100) for s in (0, 10, 20)
    ]
    (score,) = [row for row in rows if row["kind"] == "score"]
    assert (score["name"], score["step"], score["value"], score["floor"], score["low"]) == ("W2", "290", "0.0873123", "0.04", "")


def test_sheets_show_the_frames_in_order(tmp_path):
    run = image_run(tmp_path / "a")
    save_sheet(run, tmp_path / "s.png")
    page = np.asarray(Image.open(tmp_path / "s.png"))
    centres = [page[84 + row * (320 + 44) + 160, 24 + column * 344 + 160, 0] for row, column in ((0, 0), (0, 1), (0, 2), (0, 3), (1, 0))]
    assert centres == [0, 50, 100, 150, 200]
    save_snapshot(run, tmp_path / "n.png")
    assert np.asarray(Image.open(tmp_path / "n.png"))[400, 400, 0] == 200
    with pytest.raises(UserError, match=r"Cannot write .*"):
        save_sheet(run, tmp_path / "no" / "s.png")


def test_nothing_to_draw_is_one_sentence(tmp_path):
    record: RunRecord = {"version": 1, "recipe": "gan", "arguments": {}, "data": {}, "settings": {}, "environment": {}}
    RunWriter.create(tmp_path / "a", record).close()
    for save in (save_sheet, save_snapshot):
        with pytest.raises(UserError, match="a: "):
            save(Run(tmp_path / "a"), tmp_path / "p.png")
    assert not (tmp_path / "p.png").exists()
