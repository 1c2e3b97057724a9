"""The runs that other tests read are what their names say."""

from __future__ import annotations

import pytest

from gannet.runs.reader import Run

END = {"commanded": "stop", "signalled": "stop", "failed": "stop", "killed": None, "bare": None}
HOLDS = {
    "alarmed": "health",
    "commanded": "slow",
    "failed": "terms",
    "forked": "resume",
    "again": "command",
    "labelled": "frame",
}


@pytest.mark.parametrize("name", ["points", "images", "encoder", *(END | HOLDS)])
def test_a_run_ended_as_its_name_says_and_holds_what_it_should(trained, name):
    events = Run(trained(name)).events()
    kinds = [event.kind for event in events]
    end = END.get(name, "finish")
    assert kinds[-1:] == [end] if end else not {"stop", "finish"} & set(kinds)
    assert HOLDS.get(name, "start" if kinds else None) in [*kinds, None]


def test_measured_at_two_steps_by_two_protocols(trained):
    cards = [(card.metric, card.step, card.n_fake) for card in Run(trained("measured")).scores()]
    assert {step for _, step, _ in cards} == {40, 60}
    assert {count for _, _, count in cards} == {200, 400}


def test_a_copy_can_be_damaged_without_harm(trained, tmp_path):
    (trained("points") / "run.json").unlink()
    assert Run(trained("points", tmp_path / "other")).record.settings["seed"] == 7
