"""The discriminator memorises its training data: held-out real data get lower logits."""

from __future__ import annotations

from collections.abc import Mapping

from gannet.health.base import Advice, Case, Finding, History

NAME = "discriminator-overfitting"
RECORDS = 3
SUSPECT, CERTAIN = 0.75, 0.9
"""Share of pairs in which the training sample has the higher logit; one half without overfitting, in any unit of the
logits.
"""


def examine(history: History) -> Finding | None:
    """Report if all of the last records exceed the limit."""
    steps, shares = history.get("training_above_held_out")
    if len(shares) < RECORDS or shares[-RECORDS:].min() < SUSPECT:
        return None
    share = float(shares[-RECORDS:].min())
    text = (
        f"D ranks training samples above held-out ones in {share:.0%} of pairs since step {steps[-RECORDS]:,}; 50% "
        f"means no difference."
    )
    return Finding(NAME, "alarm" if share >= CERTAIN else "warning", text, {"training_above_held_out": share})


def advice(case: Case, values: Mapping[str, float]) -> Advice:
    """A stronger penalty, or a slower discriminator."""
    text = (
        "The discriminator memorises its training data. More data helps most; without more data, limit the "
        "discriminator."
    )
    return Advice(NAME, text, case.stronger_penalty() or case.learning_rates(1 / 5, "discriminator"))
