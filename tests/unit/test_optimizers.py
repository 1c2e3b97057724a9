"""Adam computes what torch's fused Adam computes, to the bit, also after its state is loaded."""

from __future__ import annotations

import copy

import torch
from torch import nn

from gannet.training.optimizers import Adam

SETTINGS = {"lr": 0.01, "betas": (0.5, 0.99), "fused": True}


def _networks() -> tuple[nn.Linear, nn.Linear]:
    torch.manual_seed(0)
    network = nn.Linear(3, 2)
    return network, copy.deepcopy(network)


def _take(network: nn.Linear, optimizer: torch.optim.Optimizer, step: int, *, bias: bool = True) -> None:
    optimizer.zero_grad()
    network.bias.requires_grad_(bias)
    inputs = torch.randn(4, 3, generator=torch.Generator().manual_seed(step))
    network(inputs).square().mean().backward()
    optimizer.step()


def _equal(ours: nn.Linear, theirs: nn.Linear) -> bool:
    return ours.weight.equal(theirs.weight) and ours.bias.equal(theirs.bias)


def test_steps_are_those_of_torch():
    ours, theirs = _networks()
    mine, other = Adam(ours.parameters(), **SETTINGS), torch.optim.Adam(theirs.parameters(), **SETTINGS)
    for step in range(5):
        for optimizer in (mine, other):
            optimizer.param_groups[0]["lr"] = 0.01 / (1 + step)
        _take(ours, mine, step)
        _take(theirs, other, step)
        assert _equal(ours, theirs)


def test_a_parameter_without_a_gradient_keeps_its_value_and_its_number_of_steps():
    ours, theirs = _networks()
    mine, other = Adam(ours.parameters(), **SETTINGS), torch.optim.Adam(theirs.parameters(), **SETTINGS)
    for step, bias in enumerate([True, True, False, True]):
        _take(ours, mine, step, bias=bias)
        _take(theirs, other, step, bias=bias)
    assert _equal(ours, theirs)
    assert [int(mine.state[w]["step"]) for w in ours.parameters()] == [4, 3]


def test_a_loaded_state_is_the_one_that_is_used():
    ours, theirs = _networks()
    mine = Adam(ours.parameters(), **SETTINGS)
    for step in range(3):
        _take(ours, mine, step)
    kept = copy.deepcopy((ours.state_dict(), mine.state_dict()))
    other = torch.optim.Adam(theirs.parameters(), **SETTINGS)
    theirs.load_state_dict(kept[0])
    other.load_state_dict(copy.deepcopy(kept[1]))
    for step in range(3, 5):
        _take(ours, mine, step)
    ours.load_state_dict(kept[0])
    mine.load_state_dict(kept[1])
    for step in range(5, 7):
        _take(ours, mine, step)
        _take(theirs, other, step)
    assert _equal(ours, theirs)
