"""Names: short keys that set several keys at once, suggestions for unknown keys, and the spelling of names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from gannet.errors import Unknown, UserError

FLAGS = {
    name: f"{name} is a flag, not a key: use --{name} {{value}} (in Python {name}=...)."
    for name in ("seed", "device", "precision")
}
"""Settings that are flags instead of keys -> what to write instead."""
SHORT = ("lr", "optimizer.lr")
"""Keys that set the learning rate of every player, unless a recipe has a key of that name."""
SYNONYMS = {
    "learning_rate": "lr",
    "epochs": "steps",
    "num_epochs": "steps",
    "n_steps": "steps",
    "max_steps": "steps",
    "num_steps": "steps",
    "iterations": "steps",
    "iters": "steps",
    "batch": "batch_size",
    "bs": "batch_size",
    "width": "hidden",
    "hidden_size": "hidden",
    "latent_dim": "prior.size",
    "z_dim": "prior.size",
    "momentum": "beta1",
    "betas": "beta1",
}
"""Names of keys in other tools -> the last part of the key here."""
REMARKS = {
    "betas": "The two numbers are separate keys, beta1 and beta2.",
    "epochs": "Training is counted in generator steps, not in epochs.",
    "num_epochs": "Training is counted in generator steps, not in epochs.",
    "weight_decay": "Weight decay is not available.",
}
SUGGESTED = 4
"""Maximum number of keys in one suggestion."""


def expanded(given: Mapping[str, Any], known: Collection[str]) -> dict[str, Any]:
    """Expand ``lr`` to the learning rate of every player, except those that are given separately.

    Args:
        given: keys as typed.
        known: all existing keys.

    Raises:
        UserError: both short keys are given, with different values.
    """
    used = [key for key in SHORT if key in given and key in short_keys(known)]
    if len({str(given[key]) for key in used}) > 1:
        raise UserError(f"{' and '.join(used)} are the same key; give only one of them.")
    rest = {key: value for key, value in given.items() if key not in used}
    return {**{rate: given[key] for key in used for rate in learning_rates(known)}, **rest}


def learning_rates(known: Iterable[str]) -> list[str]:
    """The learning rate of every player."""
    return sorted(key for key in known if key.startswith("optimizer.") and key.endswith(".lr") and key.count(".") == 2)


def short_keys(known: Collection[str]) -> list[str]:
    """The short keys that these keys allow."""
    return [key for key in SHORT if key not in known] if learning_rates(known) else []


def unknown_key(key: str, value: Any, allowed: Collection[str], advice: Mapping[str, str]) -> Unknown:
    """The error for an unknown key; ``advice`` explains settings that are not keys, as in :data:`FLAGS`."""
    options = {*allowed, *short_keys(allowed)}
    return Unknown(f"Unknown key {key!r}.{_suggestion(key, value, options, advice)}", tuple(sorted(options)), "key")


def unknown_number(key: str, value: Any, numbers: Collection[str]) -> Unknown:
    """The error for a key that cannot change in an existing run; the keys in ``numbers`` can, one at a time."""
    return Unknown(
        f"{key!r} is not a number of this run.{_suggestion(key, value, numbers, {})}", tuple(sorted(numbers)), "key"
    )


def _suggestion(key: str, value: Any, options: Collection[str], advice: Mapping[str, str]) -> str:
    typing_error = get_close_matches(key, sorted(options), n=1, cutoff=0.85)
    if "." in key and typing_error:
        return _did_you_mean(typing_error)
    last = key.rpartition(".")[2].lower().replace("-", "_")
    named = SYNONYMS.get(last, last)
    remark = f" {REMARKS[last]}" if last in REMARKS else ""
    if named == "lr" and "lr" in options:
        return _did_you_mean(learning_rates(options)) + f" lr={value} sets all of them."
    ending = sorted(option for option in options if option.endswith(f".{key}"))
    same = ending or sorted(option for option in options if option == named or option.endswith(f".{named}"))
    if same or remark:
        return remark + _did_you_mean(same)
    close = get_close_matches(key, sorted({*options, *advice}), n=1, cutoff=0.6)
    if close and close[0] in advice:
        return f"{_did_you_mean(close)} {advice[close[0]].format(value=value)}"
    return _did_you_mean(
        close or _by_last_part(last, options) or get_close_matches(key, sorted(options), n=1, cutoff=0.5)
    )


def _did_you_mean(names: Sequence[str]) -> str:
    return f" Did you mean {' or '.join(map(repr, names[:SUGGESTED]))}?" if names else ""


def _by_last_part(last: str, options: Iterable[str]) -> list[str]:
    ends = {option: option.rpartition(".")[2] for option in options}
    close = get_close_matches(last, sorted(set(ends.values())), n=1, cutoff=0.7)
    return sorted(option for option, end in ends.items() if [end] == close)


def snake_case(name: str) -> str:
    """``zero_centered`` of ``ZeroCentered``, ``dcgan_generator`` of ``DCGANGenerator``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
