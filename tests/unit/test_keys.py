"""What is said about names that do not exist: each mistake once, the allowed names once, and all of them are
accepted.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

import gannet
from gannet.cli import run
from gannet.errors import UserError

SMALL = ["--recipe", "gan", "--steps", "2", "hidden=4", "batch_size=8", "--quiet"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def _said(capsys, *words: str) -> str:
    capsys.readouterr()
    assert run(words) == 2
    return capsys.readouterr().err


def _allowed(text: str) -> list[str]:
    [names] = re.findall(r"Allowed: (.*)\.$", text, re.MULTILINE)
    return names.split(", ")


def _rates(path: Path | str) -> dict[str, float]:
    arguments = json.loads((Path(path) / "run.json").read_text())["arguments"]
    return {key: value for key, value in arguments.items() if key.endswith(".lr")}


def _values(path: Path | str) -> dict[str, object]:
    record = json.loads((Path(path) / "run.json").read_text())
    data = {f"data.{key}": value for key, value in record["data"]["arguments"].items()}
    values = record["arguments"] | data | record["settings"]
    return values | {"lr": 1e-3, "optimizer.lr": 1e-3}


def test_the_allowed_keys_are_printed_once_and_mistakes_each(capsys):
    text = _said(
        capsys, "train", "ring", "--recipe", "gan", "hiden=3", "stepz=4", "foo=1", "batch_size=0", "loss=hinje"
    )
    assert text.count("batch_size, checkpoint.every") == 1
    assert [line.split(".")[0] for line in text.splitlines()] == [
        "gannet: Unknown key 'foo'",
        "gannet: Unknown key 'hiden'",
        "gannet: Unknown key 'stepz'",
        "gannet: Unknown loss 'hinje'",
        "gannet: batch_size=0: expected an integer ≥ 2 and ≤ 65,536",
    ]


@pytest.mark.parametrize("recipe", ["gan", "particle-gan", "wgan-gp", "unrolled"])
def test_every_allowed_key_is_accepted(capsys, recipe):
    assert run(["train", "ring", "--recipe", recipe, "--steps", "1", "--quiet", "--out", "full"]) == 0
    values = _values("full")
    allowed = _allowed(_said(capsys, "train", "ring", "--recipe", recipe, "nonsense=1"))
    assert {"seed", "device", "precision"}.isdisjoint(allowed)
    assert set(allowed) == set(values) - {"seed", "device", "precision"}
    from gannet.config.plan import DEFAULT_FLAGS, plan

    for key in allowed:
        plan("ring", recipe=recipe, given={key: str(values[key])}, flags=DEFAULT_FLAGS)


def test_every_allowed_key_of_a_run_is_accepted_by_it(capsys):
    from gannet.sessions.fork import fork, repeat

    assert run(["train", "ring", *SMALL, "--out", "run"]) == 0
    values = _values("run")
    allowed = _allowed(_said(capsys, "train", "run", "nonsense=1"))
    assert allowed == _allowed(_said(capsys, "train", "run@2", "nonsense=1"))
    for index, key in enumerate(allowed):
        repeat(Path("run"), {key: values[key]}, Path(f"again{index}"))
        fork(Path("run"), 2, {key: values[key]}, Path(f"fork{index}"))


def test_every_allowed_key_of_a_comparison_is_accepted(capsys):
    from gannet.comparison.plan import Measurement, prepare
    from gannet.data.base import silent

    assert run(["train", "ring", *SMALL, "--out", "run"]) == 0
    values = _values("run")
    text = _said(capsys, "compare", "ring", "--recipes", "gan,gan-deep,particle-gan", "nonsense=1", "hiden=3")
    assert text.count("Allowed: ") == 1
    for key in _allowed(text):
        given = {key: str(values[key])}
        prepare(
            "ring",
            ["gan", "gan-deep", "particle-gan"],
            seeds=[0],
            given=given,
            measurement=Measurement(),
            out=None,
            progress=silent,
        )


@pytest.mark.parametrize("words", [("learning_rate=0.1",), ("learning-rate=0.1",), ("optimizer.learning_rate=0.1",)])
def test_a_learning_rate_suggests_the_players(capsys, words):
    text = _said(capsys, "train", "ring", "--recipe", "gan", *words)
    assert "optimizer.generator.lr" in text.partition("Allowed")[0]
    assert "optimizer.discriminator.lr" in text.partition("Allowed")[0]
    assert "lr=0.1 sets all of them." in text


def test_a_typing_error_in_a_dotted_key_suggests_that_key_alone(capsys):
    text = _said(capsys, "train", "ring", "--recipe", "gan", "optimizer.generater.lr=1e-4", "discriminator.beta1=0.1")
    text = text.replace(" Allowed", "\n")
    assert "'optimizer.generater.lr'. Did you mean 'optimizer.generator.lr'?\n" in text
    assert "'discriminator.beta1'. Did you mean 'optimizer.discriminator.beta1'?\n" in text


def test_common_names_of_other_tools(capsys):
    text = _said(
        capsys,
        "train",
        "ring",
        "--recipe",
        "gan",
        "epochs=3",
        "batch=8",
        "betas=0,1",
        "weight_decay=1",
        "width=3",
        "rate=1",
    )
    assert "not in epochs. Did you mean 'steps'?" in text
    assert "'batch'. Did you mean 'batch_size'?" in text
    assert "Did you mean 'optimizer.discriminator.beta1' or 'optimizer.generator.beta1'?" in text
    assert "Weight decay is not available." in text
    assert "'width'. Did you mean 'hidden'?" in text


@pytest.mark.parametrize("key", ["lr", "optimizer.lr"])
def test_lr_sets_both_and_is_recorded_written_out(key):
    assert run(["train", "ring", *SMALL, f"{key}=3e-4", "--out", "run"]) == 0
    assert _rates("run") == {"optimizer.generator.lr": 3e-4, "optimizer.discriminator.lr": 3e-4}
    assert key not in json.loads(Path("run/run.json").read_text())["arguments"]


def test_a_rate_that_is_given_itself_wins_over_lr():
    assert run(["train", "ring", *SMALL, "lr=3e-4", "optimizer.discriminator.lr=1e-4", "--out", "run"]) == 0
    assert _rates("run") == {"optimizer.generator.lr": 3e-4, "optimizer.discriminator.lr": 1e-4}


def test_lr_of_a_run_made_from_another():
    assert run(["train", "ring", *SMALL, "optimizer.generator.lr=1e-4", "--out", "run"]) == 0
    both = {"optimizer.generator.lr": 5e-4, "optimizer.discriminator.lr": 5e-4}
    assert run(["train", "run", "lr=5e-4", "--quiet", "--out", "again"]) == 0
    assert _rates("again") == both
    assert run(["train", "run@2", "lr=5e-4", "steps=4", "--quiet", "--out", "fork"]) == 0
    assert _rates("fork") == both
    assert set(json.loads(Path("fork/run.json").read_text())["parent"]["changes"]) == {*both, "steps"}


def test_lr_in_python_and_in_a_comparison():
    trained = gannet.train("ring", recipe="gan", steps=2, hidden=4, lr=2e-4, out="run", quiet=True)
    assert _rates(trained.path) == {"optimizer.generator.lr": 2e-4, "optimizer.discriminator.lr": 2e-4}
    gannet.compare("ring", ["gan"], seeds=[0], steps=2, samples=50, metrics=["w1"], lr=2e-4, out="compare", quiet=True)
    assert set(_rates("compare/gan/seed-0").values()) == {2e-4}


def test_a_recipe_with_a_key_of_that_name_keeps_it():
    Path("mine.py").write_text(
        "import gannet\n"
        "from gannet.recipes.gan import gan\n\n"
        "@gannet.recipe(kind='points')\n"
        "def mine(form, *, lr: float = 0.5, steps: int = 2):\n"
        "    return gan(form, steps=steps, hidden=4)\n"
    )
    assert run(["train", "ring", "--recipe", "mine.py", "lr=0.25", "--quiet", "--out", "run"]) == 0
    assert json.loads(Path("run/run.json").read_text())["arguments"]["lr"] == 0.25


def test_both_short_keys_are_refused(capsys):
    assert "lr and optimizer.lr are the same key" in _said(
        capsys, "train", "ring", "--recipe", "gan", "lr=1e-4", "optimizer.lr=1e-3"
    )


def test_steps_as_an_option_and_as_a_key_are_refused(capsys):
    for verb in (["train", "ring", "--recipe", "gan"], ["compare", "ring", "--recipes", "gan"]):
        assert "--steps 20 and steps=30 are the same setting" in _said(capsys, *verb, "--steps", "20", "steps=30")
    for call in (gannet.train, gannet.compare):
        recipe = {"recipe": "gan"} if call is gannet.train else {"recipes": ["gan"]}
        with pytest.raises(UserError, match="steps: given in keys and as an argument"):
            call("ring", **recipe, steps=20, keys={"steps": 30})
    assert run(["train", "ring", *SMALL, "--out", "run", "--quiet"]) == 0
    assert "gannet resume RUN --steps N" in _said(capsys, "resume", "run", "steps=9")


@pytest.mark.parametrize("key", ["seed", "device", "precision"])
def test_flags_as_keys_say_which_flag(capsys, key):
    assert run(["train", "ring", *SMALL, "--out", "run"]) == 0
    for data in ("ring", "run", "run@2"):
        text = _said(capsys, "train", data, f"{key}=auto", "--out", "other")
        assert f"use --{key} auto" in text
        assert not Path("other").exists()
    assert f"use --{key} 3" in _said(capsys, "train", "ring", f"{key[:-1]}=3")
    text = _said(capsys, "compare", "ring", "--recipes", "gan", f"{key}=3", "hiden=3")
    assert f"{key}=3: " in text
    assert f"--{key} " not in text
    assert "Unknown key 'hiden'" in text


@pytest.mark.parametrize(("key", "kind"), [("penalty", "regularizers"), ("loss", "losses")])
def test_every_allowed_component_is_accepted(capsys, key, kind):
    from gannet.config.plan import DEFAULT_FLAGS, plan

    recipe = "dragan" if kind == "regularizers" else "gan"
    for name in _allowed(_said(capsys, "train", "ring", "--recipe", recipe, f"{key}=nonsense")):
        plan("ring", recipe=recipe, given={key: name}, flags=DEFAULT_FLAGS)


def test_every_allowed_recipe_suits_the_data(capsys):
    from gannet.config.plan import find

    names = _allowed(_said(capsys, "train", "ring", "--recipe", "nonsense"))
    assert "gan" in names
    assert {find("recipes", name).load().kind for name in names} <= {"points", "any"}


def test_every_allowed_name_of_data_stands_for_itself(capsys):
    from gannet.config.plan import DEFAULT_FLAGS, plan

    for name in _allowed(_said(capsys, "train", "nonsense")):
        plan(name, recipe=None, given={}, flags=DEFAULT_FLAGS)


def test_every_allowed_kind_can_be_listed(capsys):
    for kind in _allowed(_said(capsys, "list", "nonsense")):
        assert run(["list", kind]) == 0


def test_unknown_metrics_are_all_said_and_listed_once(capsys):
    assert run(["train", "ring", *SMALL, "--out", "run"]) == 0
    for words in (
        ("measure", "run"),
        ("compare", "ring", "--recipes", "gan", "--out", "c", "hidden=4", "--steps", "2"),
    ):
        text = _said(capsys, *words, "--metrics", "w9,foo,w1,w1[dino]")
        assert text.count("Allowed: ") == 1
        assert "Unknown metric 'w9'. Did you mean 'w" in text
        assert "Unknown metric 'foo'" in text
        assert "w1 uses no feature extractor" in text


def test_several_unknown_recipes_are_all_said_and_listed_once(capsys):
    text = _said(capsys, "compare", "ring", "--recipes", "gna,lsgn,wgan-gp", "hiden=3")
    assert "Unknown recipe 'gna'. Did you mean 'gan'?" in text
    assert "Unknown recipe 'lsgn'. Did you mean 'lsgan'?" in text
    assert text.count("gan, gan-deep, improved-gan") == 1


def test_set_on_a_run_suggests_keys_that_can_be_set():
    from gannet.runs.commands import submit

    path = gannet.train("ring", recipe="gan", steps=2, hidden=4, out="run", quiet=True).path
    with pytest.raises(UserError) as caught:
        submit(path, "set", {"key": "learning_rate", "value": 0.1})
    text = str(caught.value)
    assert "Did you mean 'optimizer.discriminator.lr' or 'optimizer.generator.lr'?" in text
    assert "lr=0.1 sets" not in text
    assert {"seed", "lr"}.isdisjoint(_allowed(text))


WAY_DOWN = (
    "cli.key_values config.plan config.arguments sessions.train config.build training.trainer training.loop".split()
)
"""Modules that what the user typed passes on its way to the first step; see ARCHITECTURE.md."""


def test_from_the_keys_to_the_first_step_there_are_two_returns():
    """A return is a call into a module of the way down that another one of them has been called after."""
    entered: list[str] = []

    def note(frame, event, _):
        if (
            event != "call"
            or "gannet" not in frame.f_code.co_filename
            or entered[-2:] == ["training.loop", "training.trainer"]
        ):
            return
        called, calling = (
            ".".join(Path(f.f_code.co_filename).with_suffix("").parts[-2:]) for f in (frame, frame.f_back)
        )
        if called in WAY_DOWN and called != calling and entered[-1:] != [called]:
            entered.append(called)

    sys.setprofile(note)
    try:
        assert run(["train", "ring", *SMALL, "--out", "run"]) == 0
    finally:
        sys.setprofile(None)
    assert list(dict.fromkeys(entered)) == WAY_DOWN
    assert len(entered) - len(WAY_DOWN) == 2, entered
