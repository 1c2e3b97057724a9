"""Pages of docs/ are what the source says, and every recipe says what a reader needs."""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

import make_docs  # noqa: E402
from docs_arguments import argument_table  # noqa: E402
from docs_measured import measured_tables, read_measured  # noqa: E402
from docs_text import Paragraphs, links, markdown, one_line  # noqa: E402

from gannet.discovery import components  # noqa: E402

RECIPES = components("recipes")


def test_pages_are_up_to_date():
    said = make_docs.stale()
    assert not said, " ".join([*said, "Run `make docs` and commit what it writes."])


def _lacking(name: str) -> list[str]:
    docstring = inspect.getdoc(RECIPES[name].load().function) or ""
    named = Paragraphs(docstring).named
    lacking = [f"a paragraph that begins with {word!r}" for word in ("Formula:", "Adds:", "Traps:") if word[:-1] not in named]
    return lacking + ([] if links(docstring) else ["the paper's address"])


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_explains_itself(name):
    lacking = _lacking(name)
    assert not lacking, f"The docstring of {RECIPES[name].path.name} lacks {', '.join(lacking)}; see CONTRIBUTING.md."


def test_a_changed_docstring_is_noticed(monkeypatch):
    recipe = RECIPES["gan"].load()
    monkeypatch.setattr(recipe.function, "__doc__", recipe.function.__doc__.replace("first GAN", "oldest GAN"))
    assert make_docs.stale() == ["docs/methods/gan.md is not what the source says."]


def test_a_page_of_no_recipe_is_noticed(tmp_path):
    for path, text in make_docs.pages().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "docs/methods/gone.md").write_text("x")
    said = make_docs.stale(tmp_path)
    assert "docs/methods/gone.md is of no recipe." in said


def test_docstrings_become_markdown():
    docstring = """Weight * E |x_i|, see :func:`gannet.seeding.derive` and ``a_b*c`` at https://a.org/x_y.

    Args:
        weight: gone.

    Formula: one line
    and another.

    Traps: none here.

    Keys:
        size: kept.
    """
    assert markdown(docstring.split("\n")[0]) == r"Weight \* E \|x\_i\|, see `gannet.seeding.derive` and `a_b*c` at https://a.org/x_y."
    said = Paragraphs(docstring)
    assert said.named["Formula"] == "One line\nand another."
    assert said.named["Traps"] == "None here."
    assert said.named["Keys"] == "size: kept."
    assert "gone" not in said.opening
    assert "kept" not in said.opening
    assert links("See https://arxiv.org/abs/1.2: and (https://b.org).") == ["https://arxiv.org/abs/1.2", "https://b.org"]
    assert one_line("a\nb | c `x|y`") == r"a b \| c `x\|y`"


def test_arguments_have_default_range_and_help():
    rows = argument_table(RECIPES["wgan-gp"].load(), "critic_steps: Said here,\n    in two lines.").splitlines()
    assert "| `penalty.sides` | `two` | one, two | `two`: smaller norms cost too; `one`: only larger ones do. |" in rows
    assert "| `critic_steps` | `5` | integer ≥ 1 | Said here, in two lines. |" in rows
    assert r"| `optimizer.generator.beta1` | `0` | number ≥ 0, \< 1 | Decay of the gradient average (Adam); ignored by rmsprop. |" in rows
    assert "| `penalty.final` | `0.0005` | number > 0 or none |" in argument_table(RECIPES["particle-gan"].load(), "")


def _card(value: float) -> dict:
    numbers = {"value": value, "floor": 0.25, "n_real": 1000, "n_fake": 1000}
    return {"metric": "w1", "label": "w1", **numbers, "spec": {}, "better": "lower", "fingerprint": "0"}


def test_measurements_of_both_kinds_are_read_and_others_passed_over(tmp_path):
    record = {"recipe": "gan", "data": {"source": "ring"}, "arguments": {"steps": 7}, "environment": {"torch": "x"}}
    runs = [{"record": record | {"settings": {"seed": s}}, "cards": [_card(9.0), _card(v)]} for s, v in ((0, 1.5), (1, 2.5))]
    (tmp_path / "points.json").write_text(json.dumps(runs))
    (tmp_path / "speed.json").write_text('{"rows": []}')
    compared = [
        {"seed": 3, "status": "finished", "cards": [_card(4.5)], "skipped": []},
        {"seed": 4, "status": "stopped", "cards": [], "skipped": []},
    ]
    comparison = {
        "data": {"source": "grid"},
        "environment": {},
        "seeds": [3, 4],
        "recipes": [{"recipe": "gan", "steps": 9, "runs": compared}],
    }
    (tmp_path / "compare.json").write_text(json.dumps(comparison))
    text = measured_tables("gan", read_measured(tmp_path))
    assert "**ring**, 7 steps, seeds 0, 1 " in text
    assert "| w1 | ↓ | 2 | 0.71 | 2.50 (1) | 0.250 |" in text  # the newest card of each; sqrt(.5)
    assert "| w1 | ↓ | 4.50 (1 of 2) | - | none (4) | 0.250 |" in text
    assert measured_tables("dcgan", read_measured(tmp_path)) == ""
