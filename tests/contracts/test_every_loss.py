"""Every loss that a file holds keeps the contract."""

import pytest

from gannet.discovery import components
from gannet.testing.losses import check_loss

LOSSES = components("losses")


@pytest.mark.parametrize("name", LOSSES)
def test_contract(name):
    check_loss(LOSSES[name].load()())
