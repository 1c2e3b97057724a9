"""No recipe without a proof that it learns, and no proof without a bug that it has to notice; `make learn` runs the
proofs.
"""

import json
import math
from pathlib import Path

import pytest
from bugs import BUGS
from proofs import PROOFS
from proving import RESULTS, Proof

import gannet
from gannet.discovery import components


def test_every_recipe_has_a_proof():
    assert {proof.recipe for proof in PROOFS.values()} == set(components("recipes"))


def test_every_recipe_has_a_bug_that_its_proof_must_notice():
    assert set(BUGS) <= set(PROOFS)
    assert {PROOFS[name].recipe for name in BUGS} == set(components("recipes"))


@pytest.mark.parametrize("name", PROOFS)
def test_a_proof_can_fail(name):
    proof = PROOFS[name]
    assert proof.least or proof.most
    assert 3 <= proof.seeds <= 5
    assert proof.seeds / 2 < proof.needed <= proof.seeds
    worst = dict.fromkeys(proof.least, -math.inf) | dict.fromkeys(proof.most, math.inf)
    assert not proof.is_good(worst)
    assert not proof.is_good(dict.fromkeys(worst, math.nan))


@pytest.mark.parametrize("file", sorted(RESULTS.glob("learn-*.json")), ids=lambda file: file.stem)
def test_last_figures_are_of_the_rule_that_stands(file):
    document = json.loads(file.read_text(encoding="utf-8"))
    proof = PROOFS[file.stem.removeprefix("learn-")]
    assert (document["recipe"], document["keys"], document["rule"]) == (proof.recipe, dict(proof.keys), proof.rule)
    assert [row["good"] for row in document["seeds"]] == [proof.is_good(row) for row in document["seeds"]]
    assert [row["seed"] for row in document["seeds"]] == list(range(proof.seeds))
    assert proof.holds(document["seeds"])


def test_every_proof_has_figures():
    assert {file.stem.removeprefix("learn-") for file in RESULTS.glob("learn-*.json")} == set(PROOFS)


def test_every_bug_was_caught():
    record = json.loads((RESULTS / "plausible-bugs.json").read_text(encoding="utf-8"))
    assert list(record) == list(BUGS)
    for name, entry in record.items():
        assert (entry["file"], entry["old"], entry["new"]) == (BUGS[name].file, BUGS[name].old, BUGS[name].new)
        missed = [row for row in entry["seeds"] if "stopped" in row or not PROOFS[name].is_good(row)]
        assert len(missed) > PROOFS[name].seeds - PROOFS[name].needed, f"{name} is not caught"


@pytest.mark.parametrize("name", BUGS)
def test_a_bug_changes_the_source(name):
    file = Path(gannet.__file__).parent / BUGS[name].file
    text = file.read_text(encoding="utf-8")
    broken = BUGS[name].apply(text)
    assert broken != text
    compile(broken, str(file), "exec")


def test_a_rule_counts_seeds():
    proof = Proof("gan", "ring", lambda run: {}, least={"modes": 8}, most={"reverse_kl": 0.5})
    assert proof.rule == "modes >= 8, reverse_kl <= 0.5 in 2 of 3 seeds"
    assert proof.is_good({"modes": 8, "reverse_kl": 0.5})
    assert not proof.is_good({"modes": 7, "reverse_kl": 0.1})
    assert not proof.is_good({"modes": 8, "reverse_kl": 0.51})
    assert proof.holds([{"good": True}, {"good": False}, {"good": True}])
    assert not proof.holds([{"good": True}, {"good": False}, {"good": False}])
