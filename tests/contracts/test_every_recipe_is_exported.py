"""The contract of exports: what `gannet export` writes by default is a graph whose batch size is free, with every
recipe. Files, other programs and formats are in tests/unit/test_export.py.
"""

from __future__ import annotations

import pytest
import torch
from support.recipe_cases import CASES, data_of, make

from gannet.export.formats import exported_program
from gannet.export.parts import part_of


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_the_exported_graph_takes_any_number_of_samples(name, kind):
    game, form = make(name, kind).game.eval(), data_of(name, kind).form
    part = part_of(game, form, None)
    program = exported_program(part).module()
    with torch.no_grad():
        for count in (1, 3, 8):
            inputs = [given.examples[:count] for given in part.inputs]
            torch.testing.assert_close(program(*inputs), part.module(*inputs), rtol=1e-4, atol=1e-5)
