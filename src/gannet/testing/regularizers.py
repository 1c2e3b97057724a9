"""The contracts of penalties, constraints and penalties on parameters."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.testing import assert_close

from gannet.regularizers.base import Constraint, Penalty, WeightPenalty
from gannet.types import Batch, Inputs


def check_penalty(penalty: Penalty) -> None:
    """Check every requirement of :class:`Penalty` with one input and with two."""
    for widths in ((3,), (3, 2)):
        _is_weighted_scalar_that_trains(copy.deepcopy(penalty), widths)
    _skips_lazily(penalty)
    _survives_saving(penalty)


def check_constraint(constraint: Constraint) -> None:
    """Check that the constraint holds after ``apply``, that a second ``apply`` changes nothing, and that training
    continues.
    """
    network = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
    constraint.build(network)
    optimizer = torch.optim.SGD(network.parameters(), 0.5)
    for _ in range(3):
        optimizer.zero_grad()
        network(torch.randn(8, 4, generator=torch.Generator().manual_seed(0))).sum().backward()
        assert all(w.grad is not None for w in network.parameters()), "a parameter gets no gradient"
        optimizer.step()
        constraint.apply(network)
    once = copy.deepcopy(network.state_dict())
    constraint.apply(network)
    assert_close(network.state_dict(), once, atol=0, rtol=0)


def check_weight_penalty(make: Callable[[], WeightPenalty]) -> None:
    """Check that the scalar term has a gradient once parameters have changed, owns no parameters, and survives
    saving and loading.
    """
    network, _, _ = _scorer((4,))
    weights = list(network.parameters())[:1]
    penalty = make()
    penalty.build([network])
    assert not list(penalty.parameters()), "stored values must be buffers, and parameters must stay with their player"
    for _ in range(3):
        value = penalty([network])
        assert value.shape == ()
        assert value.isfinite()
        assert value >= 0
        with torch.no_grad():
            for w in weights:
                w.add_(0.1 * torch.randn(w.shape, generator=torch.Generator().manual_seed(0), dtype=w.dtype))
    loaded = make()
    loaded.build([network])
    loaded.load_state_dict(_saved(penalty))
    value = penalty([network])
    assert torch.autograd.grad(value, weights)[0].abs().sum() > 0, (
        "the term has no gradient with respect to the parameters"
    )
    assert_close(loaded([network]), value, atol=0, rtol=0)


def _batch(step: int) -> Batch:
    return Batch(torch.zeros(6, 3), None, torch.Generator().manual_seed(0), step, 0.0)


def _scorer(widths: tuple[int, ...]) -> tuple[nn.Module, Inputs, Inputs]:
    rng = torch.Generator().manual_seed(0)
    network = nn.Sequential(nn.Linear(sum(widths), 8), nn.Tanh(), nn.Linear(8, 1)).double()
    with torch.no_grad():
        for w in network.parameters():
            w.copy_(torch.randn(w.shape, generator=rng, dtype=torch.float64))
    real = tuple(torch.randn(6, w, generator=rng, dtype=torch.float64).requires_grad_() for w in widths)
    fake = tuple(torch.randn(6, w, generator=rng, dtype=torch.float64).requires_grad_() for w in widths)
    return network, real, fake


def _is_weighted_scalar_that_trains(penalty: Penalty, widths: tuple[int, ...]) -> None:
    network, real, fake = _scorer(widths)

    def logits_of(inputs: Inputs) -> Tensor:
        return network(torch.cat(inputs, 1)).squeeze(1)

    value = penalty(logits_of, real, fake, _batch(0))
    assert value.shape == ()
    assert value.isfinite()
    assert value >= 0
    gradients = torch.autograd.grad(value, list(network.parameters())[:1])
    assert gradients[0].abs().sum() > 0, (
        "the penalty has no gradient with respect to the parameters: is create_graph missing?"
    )
    again = penalty(logits_of, real, fake, _batch(0))
    assert_close(again, value, atol=0, rtol=0)


def _skips_lazily(penalty: Penalty) -> None:
    lazy = copy.deepcopy(penalty)
    lazy.every = 4
    network, real, fake = _scorer((3,))

    def term(p: Penalty, step: int) -> Tensor | None:
        return p.term(lambda i: network(i[0]).squeeze(1), real, fake, _batch(step))

    assert [term(lazy, step) is None for step in range(5)] == [False, True, True, True, False]
    eager = copy.deepcopy(penalty)
    eager.every = 1
    lazy_term, eager_term = term(lazy, 0), term(eager, 0)
    assert lazy_term is not None
    assert eager_term is not None
    assert_close(lazy_term, 4 * eager_term)


def _survives_saving(penalty: Penalty) -> None:
    """Check that values stored from earlier steps are saved."""
    loaded, penalty = copy.deepcopy(penalty), copy.deepcopy(penalty)
    network, real, fake = _scorer((3,))

    def logits_of(inputs: Inputs) -> Tensor:
        return network(inputs[0]).squeeze(1)

    for step in range(3):
        penalty(logits_of, tuple(step + r for r in real), fake, _batch(step))
    loaded.load_state_dict(_saved(penalty))
    assert_close(loaded(logits_of, real, fake, _batch(3)), penalty(logits_of, real, fake, _batch(3)), atol=0, rtol=0)


def _saved(module: nn.Module) -> dict[str, Tensor]:
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    file.seek(0)
    return torch.load(file, weights_only=True)
