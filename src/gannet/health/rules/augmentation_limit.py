"""The adaptive augmentation is at its limit, and the discriminator still overfits."""

from __future__ import annotations

from collections.abc import Mapping

from gannet.health.base import Advice, Case, Finding, History

NAME = "augmentation-limit"
RECORDS = 6
"""Below its limit p moves in every turn, so six equal records mean the limit."""


def examine(history: History) -> Finding | None:
    """Report if p is equal and above 0 in all of the last records."""
    names = history.named("augmentation_probability")
    if not names:
        return None
    steps, shares = history.get(names[0])
    _, signs = history.get(names[0].replace("augmentation_probability", "augmentation_sign"))
    last = shares[-RECORDS:]
    if len(last) < RECORDS or last[-1] <= 0 or last.min() < last.max() or not len(signs):
        return None
    share, sign, since = float(last[-1]), float(signs[-1]), float(steps[-RECORDS])
    text = (
        f"The augmentation probability has been at its limit of {share:.0%} since step {since:,.0f} at the latest, and "
        f"the overfitting r is {sign:.2f}."
    )
    return Finding(
        NAME,
        "warning",
        text,
        {"augmentation_probability": share, "augmentation_sign": sign, "since_step": since},
    )


def advice(case: Case, values: Mapping[str, float]) -> Advice:
    """A slower discriminator; more data helps most."""
    text = (
        "The discriminator separates reals from fakes more than augmentation can prevent. More data helps most; "
        "without more data, slow the discriminator."
    )
    return Advice(NAME, text, case.learning_rates(1 / 2, "discriminator"))
