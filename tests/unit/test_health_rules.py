"""Each rule notices its made pathology, stays silent on healthy data, and on too little of either."""

from __future__ import annotations

import numpy as np
import pytest
from support.real_runs import train

import gannet
from gannet.health.base import Case, History, all_rules, examine, history_of
from gannet.runs.reader import Run

RNG = np.random.default_rng(3)
RULES = all_rules()


def history(finished=False, minimised=(), every=100, **series) -> History:
    """Series of numbers, one every hundred steps; ``a__b`` is the series a/b."""
    found = {
        name.replace("__", "/"): (every * np.arange(1, len(values) + 1), np.asarray(values, float))
        for name, values in series.items()
    }
    return History(found, frozenset(minimised), finished)


def modes(found, known=8, expected=None, **more) -> History:
    same = np.ones(len(found))
    return history(modes_found=found, modes_known=known * same, modes_expected=(expected or known) * same, **more)


def severity(rule, reported):
    finding = RULES[rule].examine(reported)
    assert finding is None or finding.rule == rule
    return finding and finding.severity


def test_all_rules_are_found():
    names = (
        "artefacts augmentation-limit discriminator-overfitting exploding-gradient frozen-loss memorisation "
        "mode-collapse oscillation saturated-discriminator still-learning"
    )
    assert list(RULES) == names.split()
    assert examine(History({})) == []


def test_modes_lost_again():
    found = [0, 1, 3, 6, 8, 8, 8, 8, 8, 3, 2, 2, 2, 1, 2]
    finding = RULES["mode-collapse"].examine(modes(found))
    assert finding.severity == "alarm"
    # The median of the last five is 2; the first median of five that is 8 ends at the eighth record.
    assert finding.values == {"modes_found": 2, "modes_known": 8, "best_modes_found": 8, "best_step": 700}
    assert finding.text == "Samples reach 2 of 8 modes at step 1,500; at step 700 they reached 8."
    assert severity("mode-collapse", modes([*found[:9], 6, 6, 6, 6, 6])) == "warning"
    assert severity("mode-collapse", modes([*found[:9], 2, 8, 8, 3, 8])) is None, "two odd records are no collapse"
    assert severity("mode-collapse", modes(found[:4])) is None


def test_modes_never_found():
    few = np.minimum(2, np.arange(30))
    assert severity("mode-collapse", modes(few)) == "alarm"
    assert severity("mode-collapse", modes(few[:15])) is None, "it may still learn"
    assert severity("mode-collapse", modes(few[:15], finished=True)) == "alarm", "now it may not"
    assert severity("mode-collapse", modes(np.arange(30) // 4)) is None, "it is still learning"
    assert severity("mode-collapse", modes(np.full(30, 8), finished=True)) is None


def test_modes_missing_by_chance_are_none():
    """99.3 of 100 modes are what 500 real points reach."""
    assert severity("mode-collapse", modes(np.full(30, 98.0), known=100, expected=99.3)) is None
    assert severity("mode-collapse", modes(np.full(30, 60.0), known=100, expected=99.3)) == "warning"


def test_samples_too_much_alike():
    learned = np.linspace(0.05, 0.9, 20)
    assert severity("mode-collapse", history(diversity=np.concatenate([learned, np.full(6, 0.08)]))) == "alarm"
    assert severity("mode-collapse", history(diversity=np.full(30, 0.06))) == "alarm"
    assert severity("mode-collapse", history(diversity=np.full(30, 0.2))) == "warning"
    assert severity("mode-collapse", history(diversity=learned)) is None
    assert severity("mode-collapse", history(diversity=learned[:5])) is None, "early samples are alike"
    assert severity("mode-collapse", history(diversity=RNG.uniform(0.5, 1, 40), finished=True)) is None


def test_saturated_discriminator():
    fading = np.geomspace(1, 1e-4, 20)
    won = {
        "separation": np.full(20, 1.0),
        "probability_real": np.full(20, 0.9999),
        "probability_fake": np.full(20, 1e-4),
    }
    assert severity("saturated-discriminator", history(**won, generator__gradient_norm=fading)) == "alarm"
    assert severity("saturated-discriminator", history(**won, generator__gradient_norm=np.ones(20))) == "warning"
    assert severity("saturated-discriminator", history(**won)) == "warning"
    assert (
        severity(
            "saturated-discriminator", history(separation=RNG.uniform(0.5, 0.9, 20), generator__gradient_norm=fading)
        )
        is None
    )


def test_critics_are_always_ahead_and_healthy():
    """Relative scores have no probabilities. A critic that separates perfectly is a good one while its gradient
    lives.
    """
    norms = RNG.lognormal(0, 0.7, 40)
    assert severity("saturated-discriminator", history(separation=np.ones(40), generator__gradient_norm=norms)) is None
    dead = np.concatenate([norms, np.full(10, 1e-4)])
    assert (
        severity("saturated-discriminator", history(separation=np.ones(50), generator__gradient_norm=dead)) == "alarm"
    )


def test_frozen_loss():
    moving, still = RNG.normal(0.7, 0.05, 30), np.full(30, 0.25)
    both = {"discriminator/adversarial", "generator/adversarial"}
    hinge = history(
        minimised=both,
        discriminator__adversarial=np.where(np.arange(30) < 15, moving, 0),
        generator__adversarial=moving,
    )
    finding = RULES["frozen-loss"].examine(hinge)
    assert finding.severity == "alarm"
    assert "discriminator/adversarial has been exactly 0" in finding.text
    assert "since step 2,100" in finding.text
    one_of_two = {
        "minimised": {*both, "generator/class"},
        "discriminator__adversarial": moving,
        "generator__adversarial": moving,
    }
    assert severity("frozen-loss", history(**one_of_two, generator__class=still)) == "warning"
    assert severity("frozen-loss", history(**one_of_two, generator__class=0 * still)) is None, "a penalty may be off"
    healthy = {"minimised": both, "discriminator__adversarial": moving, "generator__adversarial": moving}
    assert severity("frozen-loss", history(**healthy, discriminator__balance=still)) is None, "it is only watched"
    assert (
        severity(
            "frozen-loss", history(minimised=both, discriminator__adversarial=still[:9], generator__adversarial=moving)
        )
        is None
    )


def test_exploding_gradient():
    noise = RNG.lognormal(0, 0.3, 40)
    growing = {"discriminator__gradient_norm": noise, "generator__gradient_norm": np.geomspace(1, 1e7, 40) * noise}
    finding = RULES["exploding-gradient"].examine(history(**growing))
    assert finding.severity == "alarm"
    assert finding.text.startswith("The generator's gradient norm has grown")
    assert severity("exploding-gradient", history(generator__gradient_norm=np.geomspace(1, 1e4, 40))) == "warning"
    assert severity("exploding-gradient", history(generator__gradient_norm=np.geomspace(1, 20, 40) * noise)) is None
    spike = np.where(np.arange(40) == 38, 1e6, noise)
    assert severity("exploding-gradient", history(generator__gradient_norm=spike)) is None
    settled = np.where(np.arange(40) > 25, 1e3, 1.0) * np.linspace(1, 0.9, 40)
    assert severity("exploding-gradient", history(generator__gradient_norm=settled)) is None, (
        "it does not grow any more"
    )


@pytest.mark.parametrize(
    ("rule", "series"), [("memorisation", "copies"), ("discriminator-overfitting", "training_above_held_out")]
)
def test_shares_that_last(rule, series):
    chance = 0.02 if rule == "memorisation" else 0.5
    assert severity(rule, history(**{series: [chance, 0.95, 0.96, 0.97]})) == "alarm"
    assert (
        severity(rule, history(**{series: [chance, 0.8, 0.8, 0.45 if rule == "memorisation" else 0.76]})) == "warning"
    )
    assert severity(rule, history(**{series: [0.95, 0.95, chance]})) is None
    assert severity(rule, history(**{series: [0.95, 0.95]})) is None
    assert severity(rule, history(**{series: chance + RNG.normal(0, 0.02, 50)})) is None


def test_augmentation_limit():
    def of(*shares):
        signs = np.full(len(shares), 0.9)
        series = {"discriminator__augmentation_probability": shares, "discriminator__augmentation_sign": signs}
        return RULES["augmentation-limit"].examine(history(**series))

    finding = of(0.1, 0.4, *[0.8] * 6)
    assert finding.severity == "warning"
    assert finding.values == {"augmentation_probability": 0.8, "augmentation_sign": 0.9, "since_step": 300}
    assert finding.text == (
        "The augmentation probability has been at its limit of 80% since step 300 at the latest, and the overfitting r "
        "is 0.90."
    )
    assert of(0.1, 0.4, *[0.8] * 5) is None, "too few records"
    assert of(*[0.8] * 8, 0.79) is None, "it falls again"
    assert of(*[0.0] * 9) is None, "nothing to augment"


def test_samples_of_the_first_steps_are_not_copies():
    assert severity("memorisation", history(every=16, copies=[0.83] * 8)) is None, "two records from step 100 on"
    assert severity("memorisation", history(every=16, copies=[0.83] * 9)) == "alarm"


def test_oscillation():
    places = np.arange(120)
    noise = RNG.normal(0, 0.2, 120)
    reported = history(
        minimised={"generator/adversarial"},
        every=50,
        generator__adversarial=1 + np.sin(2 * np.pi * places / 12) + noise,
    )
    finding = RULES["oscillation"].examine(reported)
    assert finding.severity == "warning"
    assert finding.values["period_steps"] == 12 * 50
    assert severity("oscillation", history(generator__adversarial=(1 + np.sin(2 * np.pi * places / 12))[:40])) is None
    small = history(generator__adversarial=10 + np.sin(2 * np.pi * places / 12))
    assert severity("oscillation", small) is None, "a ripple on a large value"


def test_noise_that_remembers_is_no_oscillation():
    """At most one of 300 series: of white noise, of an autoregression and of a random walk."""
    noticed = 0
    for seed in range(100):
        shocks = np.random.default_rng(seed).normal(0, 0.3, 60)
        remembering = shocks.copy()
        for i in range(1, 60):
            remembering[i] += 0.8 * remembering[i - 1]
        noticed += sum(
            severity("oscillation", history(generator__adversarial=1 + values)) is not None
            for values in (shocks, remembering, np.cumsum(shocks))
        )
    assert noticed <= 1


def test_power_that_real_images_do_not_have():
    finding = RULES["artefacts"].examine(history(spectrum_excess=[-1, 0.2, 0.5, 0.4, 0.45, 0.4]))
    assert finding.severity == "warning"
    assert finding.text.startswith("Generated images have 2.5 times the power of real ones in their fine details")
    assert severity("artefacts", history(spectrum_excess=[1.2] * 5)) == "warning", "as most trainings begin"
    assert severity("artefacts", history(spectrum_excess=[1.2] * 5, finished=True)) == "alarm"
    assert severity("artefacts", history(spectrum_excess=[0.5] * 4)) is None, "it has only begun"
    assert severity("artefacts", history(spectrum_excess=[0.12] * 9)) is None, "as different as real images are"
    falling = [1.0, 0.9, 0.8, 0.6, 0.5, 0.4, 0.4]
    assert severity("artefacts", history(spectrum_excess=falling)) is None, "it improves by itself"
    assert severity("artefacts", history(spectrum_excess=falling, finished=True)) == "warning"
    assert RULES["artefacts"].advice(Case({"steps": 500}), finding.values).changes == {"steps": 1000}


def test_artefacts_of_an_early_dcgan_are_noticed(tmp_path):
    train(tmp_path / "run", "digits", "dcgan", steps=30, batch_size=16, **{"health.every": 5, "frames.every": 30})
    found = examine(history_of(Run(tmp_path / "run").events()))
    assert "artefacts" in [finding.rule for finding in found]


@pytest.mark.slow
def test_an_early_dcgan_has_artefacts_which_training_removes(tmp_path):
    path = gannet.train(
        "digits", recipe="dcgan", seed=0, out=tmp_path / "run", keys={"steps": 250, "health.every": 25}
    ).path
    events = list(Run(path).events())
    early = examine(history_of(event for event in events if event.step <= 100))
    assert "artefacts" in [finding.rule for finding in early]
    late = examine(history_of(events, finished=True))
    assert "artefacts" not in [finding.rule for finding in late]


def test_advice_is_in_the_runs_own_keys():
    keys = {
        "loss": "minimax",
        "optimizer.generator.lr": 1e-3,
        "optimizer.discriminator.lr": 0.01,
        "steps": 500,
        "penalty.gamma": 0.1,
    }
    minimax, other = Case(keys), Case(keys | {"loss": "non-saturating"})
    unpenalised = Case(
        {key: value for key, value in keys.items() if key != "penalty.gamma"} | {"loss": "hinge"}, smoother="wgan-gp"
    )
    assert RULES["saturated-discriminator"].advice(minimax, {}).changes == {"loss": "non-saturating"}
    assert RULES["saturated-discriminator"].advice(other, {}).changes == {"penalty.gamma": 1.0}
    assert RULES["saturated-discriminator"].advice(unpenalised, {}).changes == {"optimizer.discriminator.lr": 0.002}
    assert RULES["memorisation"].advice(other, {}).changes == {"steps": 250}
    assert RULES["mode-collapse"].advice(unpenalised, {}).recipe == "wgan-gp"
    assert RULES["exploding-gradient"].advice(other, {}).changes == {
        "optimizer.generator.lr": 2e-4,
        "optimizer.discriminator.lr": 2e-3,
    }


@pytest.mark.parametrize("rule", RULES)
def test_every_advice_names_a_key_and_a_reason(rule):
    for loss in ("minimax", "non-saturating", "hinge"):
        keys = {"loss": loss, "optimizer.generator.lr": 1e-3, "optimizer.discriminator.lr": 0.01, "steps": 500}
        for case in (Case(keys), Case(keys, smoother="wgan-gp"), Case(keys | {"penalty.weight": 1.0})):
            advice = RULES[rule].advice(case, {})
            assert advice.text.endswith(".")
            assert bool(advice.changes) != bool(advice.recipe)
            assert set(advice.changes) <= set(case.keys)
            assert all(case.keys[key] != value for key, value in advice.changes.items())
        assert RULES[rule].advice(Case(), {}).text, "a run of unknown keys"


FOUND = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 1, 3, 3, 3, 1, 2, 1, 3]
"""Modes that a real run reached: gannet train ring --recipe lsgan --seed 7 --steps 700 health.every=35 hidden=16
batch_size=32 data.sigma=0.2 lr=4e-4."""


def test_a_number_that_still_rises_at_the_end_is_not_a_collapse():
    finding = RULES["still-learning"].examine(modes(FOUND, every=35, finished=True))
    assert (
        finding.text
        == "Samples reach 3 of 8 modes at step 805, and the number still rises; until about step 560 it was 1."
    )
    assert severity("mode-collapse", modes(FOUND, finished=True)) is None
    assert RULES["still-learning"].advice(Case({"steps": 700}), finding.values).changes == {"steps": 1400}
    assert severity("still-learning", modes(FOUND)) is None, "it trains on by itself"
    for stopped in ([*FOUND[:16], *[1] * 7], [0, 8, 8, 8, 8, 1, 1, 1, 3, 3, 3], [*FOUND, *[8] * 12], FOUND[:4]):
        assert severity("still-learning", modes(stopped, finished=True)) is None
    assert severity("mode-collapse", modes([*FOUND, *[3] * 30], finished=True)) == "alarm", "it rises no more"


def test_a_diversity_that_still_rises_at_the_end_is_not_a_collapse():
    learning = history(diversity=np.linspace(0.01, 0.2, 20), finished=True)
    assert severity("mode-collapse", learning) is None
    assert severity("still-learning", learning) == "warning"
    assert severity("still-learning", history(diversity=np.linspace(0.5, 0.99, 20), finished=True)) is None, (
        "it is there"
    )
    assert severity("still-learning", history(diversity=np.full(20, 0.1), finished=True)) is None
    assert severity("mode-collapse", history(diversity=np.full(20, 0.1), finished=True)) == "alarm"


def test_history_of_a_run(trained):
    """Terms and vitals of one step belong together; the vitals say what is minimised."""
    run = Run(trained("alarmed"))
    found = history_of(run.events())
    terms, vitals = ([e for e in run.events() if e.kind == kind] for kind in ("terms", "vitals"))
    assert found.minimised == {"discriminator/adversarial", "generator/adversarial"}
    np.testing.assert_array_equal(found.get("modes_found")[0], [e.step for e in vitals])
    np.testing.assert_array_equal(found.get("modes_found")[1], [e.values["modes_found"] for e in vitals])
    both = {e.step: e.values["generator/adversarial"] for e in [*terms, *vitals] if "generator/adversarial" in e.values}
    np.testing.assert_array_equal(found.get("generator/adversarial")[0], sorted(both))
    np.testing.assert_array_equal(found.get("generator/adversarial")[1], [both[step] for step in sorted(both)])
    assert len(found.get("never recorded")[0]) == 0


def test_values_that_are_not_finite_are_left_out(trained):
    """The terms of the step at which the guard stopped a run are recorded as null."""
    run = Run(trained("failed"))
    null = [
        (e.step, name) for e in run.events() if e.kind == "terms" for name, value in e.values.items() if value is None
    ]
    found = history_of(run.events())
    for step, name in null:
        assert step in found.series[name][0]
        assert step not in found.get(name)[0]
