"""Every penalty and constraint that a file holds keeps its contract."""

import inspect

import pytest

from gannet.discovery import components
from gannet.regularizers.base import Penalty, WeightPenalty
from gannet.testing.regularizers import check_constraint, check_penalty, check_weight_penalty

REGULARIZERS = components("regularizers")


@pytest.mark.parametrize("name", REGULARIZERS)
def test_contract(name):
    regularizer = REGULARIZERS[name].load()
    assert inspect.isclass(regularizer)
    if issubclass(regularizer, Penalty):
        check_penalty(regularizer())
    elif issubclass(regularizer, WeightPenalty):
        check_weight_penalty(regularizer)
    else:
        check_constraint(regularizer())
