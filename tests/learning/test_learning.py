"""Every recipe learns what it promises, over several seeds. Minutes to an hour; run by `make learn`."""

import pytest
from proofs import PROOFS


@pytest.mark.slow
@pytest.mark.parametrize("name", PROOFS)
def test_it_learns(name):
    proof = PROOFS[name]
    rows = [proof.row(seed) for seed in range(proof.seeds)]
    proof.record(rows)
    assert proof.holds(rows), f"{proof.rule}: {rows}"
