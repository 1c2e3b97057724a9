"""Cards that were better before are noticed; cards that wander near the reference, or were made in different ways,
are not.
"""

from __future__ import annotations

import pytest

from gannet.doctor.scores import copied, far, worsened
from gannet.runs.reader import Run


@pytest.fixture
def cards(trained_once):
    """Cards of a real measurement, at several steps and with values that the test chooses."""
    [measured] = [card for card in Run(trained_once("scored")).scores() if card.metric == "js"]

    def made(values, reference=1.0, better="lower", metric="fd", label="FD[x]", **more):
        common = {"reference": reference, "better": better, "metric": metric, "label": label, "ci95": None} | more
        return [
            measured.model_copy(update=common | {"value": value, "step": 100 * (index + 1)})
            for index, value in enumerate(values)
        ]

    return made


def test_a_score_that_grows_again(cards):
    [finding] = worsened(cards([9.0, 3.0, 4.5, 7.0, 6.0]))
    assert finding.text == "FD[x] is 6 at step 500; at step 200 it was 3 (real data 1)."
    # Distances from the reference: 2 at best, the smaller of the two newest is 5.
    assert finding.values == {"best_step": 200, "step": 500, "best": 3.0, "value": 6.0, "factor": 2.5}


def test_what_is_better_when_higher(cards):
    [finding] = worsened(cards([0.2, 0.7, 0.3, 0.4], reference=0.9, better="higher"))
    assert finding.values["best_step"] == 200
    assert worsened(cards([0.2, 0.4, 0.7, 0.7], reference=0.9, better="higher")) == []


def test_wandering_is_no_worsening(cards):
    assert worsened(cards([9.0, 3.0, 3.5, 7.0, 3.5])) == [], "one odd card"
    assert worsened(cards([9.0, 3.0, 3.5, 3.5, 7.0])) == [], "one odd card, the newest"
    assert worsened(cards([9.0, 1.01, 1.4, 1.4])) == [], "near the reference"
    assert worsened(cards([3.0, 9.0])) == [], "too few"
    assert worsened(cards([3.0, 2.0, 1.5])) == []
    assert worsened(cards([3.0, 9.0, 9.0, 9.0], reference=None)) == []


def test_cards_made_in_another_way_are_not_compared(cards):
    mixed = [
        *cards([3.0]),
        *(card.model_copy(update={"fingerprint": "bbbb0000"}) for card in cards([3.0, 9.0, 9.0, 9.0])[1:]),
    ]
    assert worsened(mixed) == []


def test_far_from_the_reference_by_direction_and_scale(cards):
    [far_off] = far(cards([9.0, 0.39], reference=0.011, metric="js", label="js"))
    assert far_off.text == "js 0.39 (real data 0.011)"
    assert far_off.severity == "alarm"
    assert far(cards([0.05], reference=0.011, metric="js")) == [], "little, as js reaches 0.69"
    assert far(cards([0.23], reference=1.01, better="one"))[0].severity == "alarm"
    assert far(cards([0.95], reference=1.01, better="one")) == []
    assert far(cards([0.7], reference=0.95, better="higher"))[0].severity == "warning"
    assert far(cards([1.2], reference=0.95, better="higher")) == [], "better than the reference is not far"
    assert far(cards([0.0], reference=0.5)) == []
    assert len(far(cards([7.0], reference=8.0, better="higher", metric="modes"))) == 1, "one mode is much"
    assert far(cards([2.0], reference=0.5, ci95=(0.4, 3.6))) == [], "chance"
    assert len(far(cards([2.0], reference=-0.001))) == 1
    assert far(cards([3.0], reference=None)) == []


def test_copies_that_cards_tell(cards):
    assert (
        copied(cards([20.0], reference=52.0, better="real", metric="authpct", label="authpct"))
        == "authpct 20 (real data 52)."
    )
    assert copied(cards([50.0], reference=52.0, better="real", metric="authpct")) == ""
    assert copied(cards([80.0], reference=52.0, better="real", metric="authpct")) == "", "far, but no copies"
