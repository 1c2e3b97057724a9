"""Pages of docs/ are what the source says, and every recipe says what a reader needs."""

from __future__ import annotations

import inspect
import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from support.recipe_cases import CASES, make

from gannet.catalogue.text import Paragraphs, links, markdown, one_line
from gannet.discovery import components
from gannet.runs.reader import Run
from gannet_dev import keep, keep_runs
from gannet_dev.docs import pages as make_docs
from gannet_dev.docs.arguments import argument_table
from gannet_dev.docs.comparison import comparison_page
from gannet_dev.docs.measured import measured_tables, read_measured
from gannet_dev.docs.proofs import proof_tables
from gannet_dev.docs.speed import READMES, documents, with_speed_table
from gannet_dev.docs.tables import method_sections, table_pages

ROOT = Path(__file__).parents[2]

RECIPES = components("recipes")


def test_pages_are_up_to_date():
    said = make_docs.stale()
    assert not said, " ".join([*said, "Run `make docs` and commit what it writes."])


def _lacking(name: str) -> list[str]:
    docstring = inspect.getdoc(RECIPES[name].load().function) or ""
    named = Paragraphs(docstring).named
    lacking = [
        f"a paragraph that begins with {word!r}" for word in ("Formula:", "Adds:", "Traps:") if word[:-1] not in named
    ]
    return lacking + ([] if links(docstring) else ["the paper's address"])


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_explains_itself(name):
    lacking = _lacking(name)
    assert not lacking, f"The docstring of {RECIPES[name].path.name} lacks {', '.join(lacking)}; see CONTRIBUTING.md."


def test_a_changed_docstring_is_noticed(monkeypatch):
    recipe = RECIPES["gan"].load()
    monkeypatch.setattr(recipe.function, "__doc__", recipe.function.__doc__.replace("first GAN", "oldest GAN"))
    assert make_docs.stale() == ["docs/methods/gan.md is out of date."]


def test_a_page_of_no_recipe_is_noticed(tmp_path):
    for path, text in make_docs.pages().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "docs/methods/gone.md").write_text("x")
    said = make_docs.stale(tmp_path)
    assert "docs/methods/gone.md belongs to no recipe." in said


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
    assert (
        markdown(docstring.split("\n")[0])
        == r"Weight \* E \|x\_i\|, see `gannet.seeding.derive` and `a_b*c` at https://a.org/x_y."
    )
    assert markdown("**Bold** of p * q.") == r"**Bold** of p \* q."
    assert markdown("| a | b |\n|---|---|\n| f*(v) | x_i |") == "| a | b |\n|---|---|\n| f\\*(v) | x\\_i |"
    said = Paragraphs(docstring)
    assert said.named["Formula"] == "One line\nand another."
    assert said.named["Traps"] == "None here."
    assert said.named["Keys"] == "size: kept."
    assert "gone" not in said.opening
    assert "kept" not in said.opening
    assert links("See https://arxiv.org/abs/1.2: and (https://b.org).") == [
        "https://arxiv.org/abs/1.2",
        "https://b.org",
    ]
    assert one_line("a\nb | c `x|y`") == r"a b \| c `x\|y`"


def test_arguments_have_default_range_and_help():
    rows = argument_table(RECIPES["wgan-gp"].load(), "critic_steps: Said here,\n    in two lines.").splitlines()
    assert (
        "| `penalty.sides` | `two` | one, two | `two` penalises norms below and above the target; `one` only norms "
        "above it. |" in rows
    )
    assert "| `critic_steps` | `5` | integer ≥ 1 and ≤ 1,000 | Said here, in two lines. |" in rows
    assert (
        r"| `optimizer.generator.beta1` | `0` | number ≥ 0 and \< 1 | Decay of the gradient average (Adam); ignored "
        r"by rmsprop. |" in rows
    )
    assert "| `penalty.final` | `0.0005` | number > 0 or none |" in argument_table(RECIPES["particle-gan"].load(), "")


Values = Mapping[str, Sequence[float | None]]


@pytest.fixture
def comparison(trained_once) -> Callable[..., dict[str, Any]]:
    """The document that `gannet compare` wrote, with one metric whose values can be worked out by hand: recipe ->
    value of each seed, None for a run that was stopped. The recipes are those that were compared, under any names.
    """
    text = (trained_once("compared") / "compare.json").read_text(encoding="utf-8")

    def of(values: Values, metric: str = "w1", **changes: Any) -> dict[str, Any]:
        document = json.loads(text)
        entries = [json.loads(json.dumps(entry)) for entry, _ in zip(cycle(document["recipes"]), values, strict=False)]
        for entry, (name, wanted) in zip(entries, values.items(), strict=True):
            entry |= {"recipe": name, "base": name, "runs": entry["runs"][: len(wanted)]}
            for run, value in zip(entry["runs"], wanted, strict=True):
                [card] = [card for card in run["cards"] if card["metric"] == "w1"]
                run["cards"] = [] if value is None else [card | {"metric": metric, "label": metric, "value": value}]
                run["status"] = "stopped" if value is None else "finished"
        seeds = document["seeds"][: max(map(len, values.values()))]
        return document | {"recipes": entries, "seeds": seeds} | changes

    return of


def test_measurements_of_both_kinds_are_read_and_others_passed_over(tmp_path, trained_once, comparison):
    runs = []
    for seed, value in ((5, 1.5), (7, 2.5)):
        run = Run(trained_once("compared") / "gan" / f"seed-{seed}")
        [card] = [card.as_json() for card in run.scores() if card.metric == "w1"]
        cards = [card | {"value": 9.0}, card | {"value": value}]
        runs.append({"record": json.loads((run.path / "run.json").read_text()), "cards": cards})
    (tmp_path / "points.json").write_text(json.dumps(runs))
    (tmp_path / "speed.json").write_text('{"rows": []}')
    (tmp_path / "compare.json").write_text(json.dumps(comparison({"gan": [4.5, None]})))
    text = measured_tables("gan", read_measured(tmp_path))
    assert text.count("**ring**, 4 steps, seeds 5, 7") == 2
    assert "| w1 | ↓ | 2 | 0.71 | 2.5 (7) |" in text  # the newest card of each; sqrt(.5)
    assert "| w1 | ↓ | 4.5 (1 of 2) | - | none (7) |" in text
    assert measured_tables("dcgan", read_measured(tmp_path)) == ""


def test_a_kept_comparison_becomes_a_page_with_the_best_first(tmp_path, comparison):
    document = comparison({"gan": [3.0, 5.0], "ragan": [1.0, None], "lsgan": [2.0, 2.0]}, "sliced_w")
    [card, *_] = document["recipes"][0]["runs"][0]["cards"]
    paths = [run["path"] for entry in document["recipes"] for run in entry["runs"]]
    kept = keep.compact(document)
    assert kept["specs"][card["fingerprint"]]["metric"] == "w1"
    assert not [path for path in paths if f'"{path}"' in json.dumps(kept)]
    file = tmp_path / "compare-ring.json"
    file.write_text(json.dumps(kept))
    text = comparison_page(file, tmp_path)
    assert "gannet compare ring --recipes gan,ragan,lsgan --seeds 5,7 --steps 4" in text
    rows = [line for line in text.splitlines() if line.startswith("| [")]
    assert [row.split("`")[1] for row in rows] == ["lsgan", "gan", "ragan"]  # a run without a value comes last
    assert "| 2 |" in rows[0]
    assert "| 4 ± 1.4 (5) |" in rows[1]  # sample standard deviation of 3 and 5: sqrt 2
    assert "| 1 (1 of 2) |" in rows[2]
    references = [c["reference"] for entry in document["recipes"] for run in entry["runs"] for c in run["cards"]]
    [shown] = re.findall(r"\| real data \| \| \| ([\d.]+) \|", text)
    assert min(references) - 0.005 <= float(shown) <= max(references) + 0.005


def test_sections_of_tables_are_transcribed_or_computed_and_shown_on_both_pages(tmp_path):
    kept = tmp_path / "compare-ring-pacgan.json"
    shutil.copy(ROOT / "benchmarks/results" / kept.name, kept)
    [entry] = [entry for entry in json.loads(kept.read_text())["recipes"] if entry["recipe"] == "pacgan4"]
    modes = [card["value"] for run in entry["runs"] for card in run["cards"] if card["metric"] == "modes"]
    assert modes == [7, 8, 8]
    column = {"head": "found", "metric": "modes", "digits": 1}
    computed = {"cells": ["here"], "recipe": "pacgan4", "from": kept.name}
    rows = [["published", "7.8"], computed, computed | {"seed": 0}, computed | {"mean": True}]
    section = {
        "title": "Modes",
        "text": "Command.",
        "columns": ["who", column],
        "rows": rows,
        "findings": "Found.",
        "recipes": ["pacgan4"],
    }
    (tmp_path / "tables-ring.json").write_text(json.dumps({"page": kept.stem, "sections": [section]}))
    table = (
        "| who | found |\n| --- | --- |\n| published | 7.8 |\n| here | 7.0, 8.0, 8.0 |\n| here | 7.0 |\n| here | 7.7 |"
    )
    shown = f"Command.\n\n{table}\n\nFound."
    assert f"## Modes\n\n{shown}" in comparison_page(kept, tmp_path)
    measured = read_measured(tmp_path)
    assert (
        method_sections("pacgan4", tmp_path, measured) == f"**Modes** ([results](../results/{kept.stem}.md))\n\n{shown}"
    )
    assert method_sections("pacgan2", tmp_path, measured) == ""
    own = {"page": "own", "title": "Own", "text": "About.", "sections": [section]}
    (tmp_path / "tables-own.json").write_text(json.dumps(own))
    assert list(table_pages(tmp_path, measured)) == ["own"]
    assert shown in table_pages(tmp_path, measured)["own"]


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_the_index_names_the_game_that_a_recipe_builds(name, kind):
    game = type(make(name, kind).game)
    [row] = [line for line in make_docs.index_page(RECIPES).splitlines() if line.startswith(f"| [`{name}`]")]
    [named] = re.findall(r"\.\./games\.md#([\w-]+)", row)
    assert components("games")[named].load() is game


def test_what_the_gan_page_says_of_modes_is_what_was_recorded():
    found = {m.data: [card.value for row in m.rows for card in row.cards if card.metric == "modes"] for m in _of("gan")}
    assert found["ring"] == [8.0] * 5
    assert max(found["grid"]) < 25
    text = make_docs.pages()[Path("docs/methods/gan.md")]
    assert "it reaches all modes of the ring" in text
    assert "it loses modes of the grid" in text


def _of(recipe: str):
    return [
        m for m in read_measured(ROOT / "benchmarks/results") if m.recipe == recipe and m.file.startswith("compare-")
    ]


def test_the_page_of_a_method_has_the_figures_of_the_results_page():
    pages = make_docs.pages()
    [row] = [line for line in pages[Path("docs/results/pictures.md")].splitlines() if line.startswith("| 1,876 | 4 |")]
    page = pages[Path("docs/methods/dcgan.md")]
    assert row in page
    assert "more training makes the result worse" in page
    assert "contains only the proof" not in page


def test_the_command_of_a_comparison_names_files_of_recipes():
    assert "--recipes benchmarks/gan_pac.py,pacgan2" in make_docs.pages()[Path("docs/results/compare-ring-pacgan.md")]


def test_a_recipe_of_a_file_has_no_page(tmp_path, comparison):
    file = tmp_path / "compare-ring.json"
    file.write_text(json.dumps(keep.compact(comparison({"gan": [3.0, 5.0], "mine": [1.0, 1.0]}))))
    text = comparison_page(file, tmp_path)
    assert "| [`gan`](../methods/gan.md) |" in text
    assert "| `mine` |" in text


def test_an_unfinished_comparison_is_not_kept(comparison):
    with pytest.raises(SystemExit, match="not complete"):
        keep.compact(comparison({"gan": [1.0, 2.0]}, complete=False))


@pytest.fixture
def kept(comparison):
    return lambda values, **changes: keep.compact(comparison(values, **changes))


def test_recipes_join_a_kept_comparison(kept):
    both = keep.joined(kept({"gan": [3.0, 5.0]}), kept({"ragan": [1.0, 2.0]}))
    assert [entry["recipe"] for entry in both["recipes"]] == ["gan", "ragan"]
    assert both["budgets_differ_in"] == []
    larger = kept({"ragan": [1.0, 2.0]})
    larger["recipes"][0] |= {"batch_size": 16, "samples_seen": 64}
    assert keep.joined(kept({"gan": [3.0, 5.0]}), larger)["budgets_differ_in"] == ["batch size", "points seen"]


def test_only_like_comparisons_join(kept):
    with pytest.raises(SystemExit, match="differs in measurement:"):
        keep.joined(kept({"gan": [3.0, 5.0]}), kept({"ragan": [1.0, 2.0]}, measurement={"samples": 10}))
    with pytest.raises(SystemExit, match="Already stored: gan"):
        keep.joined(kept({"gan": [3.0, 5.0]}), kept({"gan": [1.0, 2.0]}))


def test_recipes_that_are_trained_again_take_the_place_of_the_stored_ones(kept, tmp_path):
    stored = keep.joined(kept({"gan": [3.0, 5.0]}), kept({"ragan": [1.0, 2.0]}))
    again = kept({"gan": [0.5, 0.7]})
    again["recipes"][0] |= {"batch_size": 16, "samples_seen": 64}
    made = keep.replaced(stored, again)
    assert [entry["recipe"] for entry in made["recipes"]] == ["gan", "ragan"]
    assert made["recipes"][0] == again["recipes"][0]
    assert made["recipes"][1] == stored["recipes"][1]
    assert made["budgets_differ_in"] == ["batch size", "points seen"]
    with pytest.raises(SystemExit, match="Not stored: lsgan"):
        keep.replaced(stored, kept({"lsgan": [1.0, 2.0]}))
    file = tmp_path / "compare-ring.json"
    file.write_text(json.dumps(made))
    assert "Trained again later, with another default: `gan`." in comparison_page(file, tmp_path)
    file.write_text(json.dumps(stored))
    assert "Trained again" not in comparison_page(file, tmp_path)


def test_a_run_that_is_kept_again_takes_its_place(trained_once):
    def entry(seed: int, value: float, **arguments: int) -> dict[str, Any]:
        run = trained_once("compared") / "gan" / f"seed-{seed}"
        record = json.loads((run / "run.json").read_text())
        record["arguments"] |= arguments
        return {"record": record, "cards": [value]}

    assert keep_runs.joined([entry(5, 1.0), entry(7, 2.0)], [entry(7, 3.0), entry(7, 4.0, steps=10)]) == [
        entry(5, 1.0),
        entry(7, 3.0),
        entry(7, 4.0, steps=10),
    ]


def test_a_page_shows_the_proofs_of_its_recipe(tmp_path):
    rows = [{"seed": s, "modes": v, "good": g, "cpu_seconds": 1.0} for s, v, g in ((0, 8.0, True), (1, 3.0, False))]
    proof = {
        "recipe": "gan",
        "data": "ring",
        "keys": {"steps": 9, "data.sigma": 0.5},
        "rule": "modes >= 8 in 2 of 3 seeds",
        "seeds": rows,
    }
    (tmp_path / "learn-gan-ring.json").write_text(json.dumps(proof))
    text = proof_tables("gan", tmp_path)
    assert "`gannet train ring --recipe gan --steps 9 data.sigma=0.5` passes with modes >= 8 in 2 of 3 seeds:" in text
    assert "| 0 | 8 | within |\n| 1 | 3 | **out of bounds** |" in text
    assert proof_tables("gan-deep", tmp_path) == ""


def test_both_readmes_count_the_recipes_and_the_planted_bugs():
    bugs = len(json.loads((ROOT / "benchmarks/results/plausible-bugs.json").read_text(encoding="utf-8")))
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md"))
    assert f"all {bugs} are caught" in english
    assert f"{bugs} 个全部被发现" in chinese
    assert f"\n{len(RECIPES)} recipes. " in english
    assert f"\n{len(RECIPES)} 个配方" in chinese


def test_every_kind_of_processor_that_was_measured_has_a_row_in_the_readme():
    kinds = [document["machine"]["instruction_set"] for document in documents(ROOT / make_docs.MEASURED).values()]
    made = make_docs.pages()
    assert len(kinds) >= 2
    for name, words in READMES.items():
        text = made[Path(name)]
        for kind in kinds:
            translated = kind
            for english, other in words.items():
                translated = translated.replace(english, other)
            assert f"| {translated} |" in text, kind
        assert with_speed_table(text, words, ROOT / make_docs.MEASURED) == text
