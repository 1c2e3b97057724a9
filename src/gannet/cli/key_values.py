"""Parsing of the KEY=VALUE arguments."""

from __future__ import annotations

from collections.abc import Sequence

from gannet.errors import UserError


def parse_keys(words: Sequence[str], *, steps: int | None = None) -> dict[str, str]:
    """``["a=1", "b.c=x"]`` -> ``{"a": "1", "b.c": "x"}``, and the key ``steps`` if ``--steps`` is given.

    Raises:
        UserError: a word has no ``=``, or a key is given twice, also as option and as key.
    """
    problems = [
        f"{word!r} is neither KEY=VALUE nor the value of an option; see --help."
        for word in words
        if not word.partition("=")[1] or not word.partition("=")[0]
    ]
    pairs = {word.partition("=")[0]: word.partition("=")[2] for word in words}
    keys = [word.partition("=")[0] for word in words]
    problems += [
        f"{key} is given {keys.count(key)} times; give it once." for key in dict.fromkeys(keys) if keys.count(key) > 1
    ]
    if steps is not None and "steps" in pairs:
        problems.append(f"--steps {steps} and steps={pairs['steps']} are the same setting; give one of them.")
    if problems:
        raise UserError(*problems)
    return pairs if steps is None else pairs | {"steps": str(steps)}
