"""The record of every recipe becomes a command that plans the same run."""

import shlex

import pytest
from support.recipe_cases import CASES, small_data

from gannet.cli.key_values import parse_keys
from gannet.config.build import run_record
from gannet.config.plan import DEFAULT_FLAGS, plan
from gannet.runs.command_line import train_command
from gannet.training.precision import decide


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_the_same_keys_are_read_back(name, kind):
    planned = plan("ring" if kind == "points" else "digits", recipe=name, given={}, flags=DEFAULT_FLAGS | {"seed": 3})
    precision = decide(device="cpu", precision="fp32", is_images=False, allow_bf16=False)
    words = shlex.split(train_command(run_record(planned, small_data(kind), precision)))
    assert (words[:2], words[3]) == (["gannet", "train"], "--recipe")
    flags = {flag.removeprefix("--"): value for flag, value in zip(words[5:13:2], words[6:13:2], strict=True)}
    given = parse_keys(words[13:]) | {"steps": flags.pop("steps")}
    again = plan(words[2], recipe=words[4], given=given, flags=flags | {"seed": int(flags["seed"])})
    assert again.values == planned.values
