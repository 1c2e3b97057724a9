"""Cards that were better before are noticed; cards that wander near the floor, or were made in different ways, are not."""

from __future__ import annotations

from test_doctor import named, write

from gannet.doctor import diagnose
from gannet.health.scores import worsened
from gannet.runs.writer import RunWriter


def cards(values, floor=1.0, better="lower", **more):
    common = {"metric": "fd", "label": "FD[x]", "floor": floor, "better": better, "fingerprint": "aaaa0000", "weights": "ema"}
    return [common | {"value": value, "step": 100 * (index + 1)} | more for index, value in enumerate(values)]


def test_a_score_that_grows_again():
    [finding] = worsened(cards([9.0, 3.0, 4.5, 7.0, 6.0]))
    assert finding.text == "FD[x] is 6 at step 500; at step 200 it was 3 (real data 1)."
    # Distances from the floor: 2 at best, the smaller of the two newest is 5.
    assert finding.values == {"best_step": 200, "step": 500, "best": 3.0, "value": 6.0, "factor": 2.5}


def test_what_is_better_when_higher():
    [finding] = worsened(cards([0.2, 0.7, 0.3, 0.4], floor=0.9, better="higher"))
    assert finding.values["best_step"] == 200
    assert worsened(cards([0.2, 0.4, 0.7, 0.7], floor=0.9, better="higher")) == []


def test_wandering_is_no_worsening():
    assert worsened(cards([9.0, 3.0, 3.5, 7.0, 3.5])) == [], "one odd card"
    assert worsened(cards([9.0, 3.0, 3.5, 3.5, 7.0])) == [], "one odd card, the newest"
    assert worsened(cards([9.0, 1.01, 1.4, 1.4])) == [], "near the floor"
    assert worsened(cards([3.0, 9.0])) == [], "too few"
    assert worsened(cards([3.0, 2.0, 1.5])) == []
    assert worsened(cards([3.0, 9.0, 9.0, 9.0], floor=None)) == []


def test_cards_made_in_another_way_are_not_compared():
    mixed = [*cards([3.0]), *(card | {"fingerprint": "bbbb0000"} for card in cards([3.0, 9.0, 9.0, 9.0])[1:])]
    assert worsened(mixed) == []


def test_the_doctor_says_so_with_what_the_newest_cards_warn_of(tmp_path):
    path = write(tmp_path / "run")
    assert named(path) == [("checkpoints", "warning")]
    with RunWriter(path) as writer:
        writer.scores([card | {"warnings": ["Classes that come rarely: 2."]} for card in cards([9.0, 3.0, 7.0, 7.0])])
    complaint = diagnose(path).complaints[0]
    assert (complaint.rule, complaint.severity, complaint.steps) == ("worsening", "warning", (200, 400))
    assert complaint.text.endswith("(real data 1). Classes that come rarely: 2.")
    assert "--steps 200" in complaint.suggestion
