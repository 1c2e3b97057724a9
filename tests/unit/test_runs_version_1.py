"""A run that Gannet wrote in version 1 of the format, with ``floor`` in its score cards, is read, continued and
compared.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support import old_runs
from support.real_runs import Person, measure

from gannet.comparison.existing import comparison_state, is_done
from gannet.comparison.plan import Measurement, prepare
from gannet.data.base import silent
from gannet.doctor.diagnosis import diagnose
from gannet.reports.html import report
from gannet.reports.table import save_table
from gannet.runs.comparable import by_protocol, require_comparable
from gannet.runs.reader import Run
from gannet.runs.schema import VERSION
from gannet.runs.writer import RunWriter
from gannet.sessions.resume import resume, train_again


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return Path(shutil.copytree(old_runs.VERSION_1, tmp_path / "old"))


def lines(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "scores.jsonl").read_text().splitlines()]


def test_it_is_read_as_it_is(old: Path, tmp_path: Path) -> None:
    run = Run(old)
    cards = run.scores()
    assert run.record.version == 1
    assert [card.reference for card in cards] == [line["floor"] for line in lines(old)]
    assert all(card.reference is not None for card in cards)
    assert [card.fingerprint for card in cards] == [line["fingerprint"] for line in lines(old)]
    report(run, tmp_path / "report.html")
    assert f"{cards[0].reference:.4g}" in (tmp_path / "report.html").read_text()
    save_table(run, tmp_path / "numbers.csv")
    assert ",reference," in (tmp_path / "numbers.csv").read_text().splitlines()[0]
    assert str(cards[0].reference) in (tmp_path / "numbers.csv").read_text()
    assert "real data" in " ".join(complaint.text for complaint in diagnose(old).complaints)
    assert json.loads((old / "run.json").read_text())["version"] == 1, "reading changes nothing"


def test_it_is_measured_again_and_its_cards_stand_next_to_the_new_ones(old: Path) -> None:
    before = (old / "scores.jsonl").read_text()
    measure(old, "w1,precision", 100)
    assert (old / "scores.jsonl").read_text().startswith(before), "old lines stay as they are"
    *_, new = lines(old)
    assert "reference" in new
    assert "floor" not in new
    assert json.loads((old / "run.json").read_text())["version"] == VERSION, (
        "an earlier Gannet must not miss the new field"
    )
    cards = Run(old).scores()
    assert len(cards) == 4
    require_comparable(cards)
    assert by_protocol(cards)[1] == []
    assert [card.reference for card in cards[2:]] == pytest.approx([card.reference for card in cards[:2]])
    assert [card.value for card in cards[2:]] == pytest.approx([card.value for card in cards[:2]], rel=1e-3)


def test_it_is_resumed_and_repeated(old: Path, tmp_path: Path) -> None:
    record = json.loads((old / "run.json").read_text())
    events = (old / "events.jsonl").read_text().splitlines()
    resume(old, Person(), steps=30)
    assert (old / "events.jsonl").read_text().splitlines()[: len(events)] == events, "lines that stay are not rewritten"
    assert json.loads((old / "run.json").read_text()) == record | {"version": VERSION}
    assert len(Run(old).scores()) == 2
    train_again(old, 30, {"steps": "40"}, tmp_path / "fork", Person())
    assert Run(tmp_path / "fork").record.version == VERSION


def test_what_is_wrong_with_it_leaves_it_as_it_is(old: Path) -> None:
    file = old / "run.json"
    file.write_text(file.read_text().replace('"environment": {', '"environment": "none", "": {'))
    before = file.read_bytes()
    with pytest.raises(Exception, match="damaged: environment"):
        RunWriter(old)
    assert file.read_bytes() == before


def test_a_comparison_of_version_1_continues(trained, tmp_path: Path) -> None:
    folder = trained("compared")
    for file in folder.rglob("run.json"):
        file.write_text(file.read_text().replace(f'"version": {VERSION}', '"version": 1'))
    given = {"steps": "4", "hidden": "8", "batch_size": "8"}
    measurement = Measurement(["w1", "precision", "modes"], 200)
    comparison = prepare("ring", ["gan"], seeds=[5], given=given, measurement=measurement, out=folder, progress=silent)
    assert is_done(comparison_state(comparison.entries[0]))
