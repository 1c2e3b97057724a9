"""A run of version 2 of the format is read under today's names of terms, and nothing in it is changed."""

from __future__ import annotations

from support import old_runs

from gannet.runs.reader import Run
from gannet.runs.term_names import current_name

RUN = Run(old_runs.VERSION_2)
OLD = ("score_real", "score_fake", "ZeroCentered")


def test_terms_have_todays_names() -> None:
    lines = (RUN.path / "events.jsonl").read_text()
    assert all(name in lines for name in OLD)
    terms = RUN.terms()
    assert {
        "discriminator/logit_real",
        "discriminator/logit_fake",
        "discriminator/zero_centered",
        "discriminator/adversarial",
        "discriminator/gradient_norm",
        "steps_per_second",
    } <= set(terms)
    assert not [name for name in terms if name.endswith(OLD)]
    assert list(terms["discriminator/logit_real"][0]) == [5, 10, 15, 20]
    [minimised] = {event.minimised for event in RUN.events() if event.kind == "vitals"}
    assert minimised == ("discriminator/zero_centered", "discriminator/adversarial", "generator/adversarial")


def test_slow_motion_has_todays_names() -> None:
    arrays = RUN.load_slow(18)
    assert arrays["discriminator/logit_real"].shape == arrays["discriminator/logit_fake"].shape == (16,)
    assert arrays["discriminator/loss/zero_centered"].shape == ()
    assert {"discriminator/centre", "discriminator/spread"} <= set(arrays)
    assert not [name for name in arrays if name.endswith(OLD)]


def test_other_names_stay() -> None:
    for name in ("R", "steps", "generator/KL", "player/my_Term", "discriminator/le_cam"):
        assert current_name(name) == name
