from __future__ import annotations

import torch

from gannet.data.order import Order


def test_every_epoch_shows_every_row_once_in_another_order() -> None:
    order = Order(torch.arange(10))
    rows = torch.cat([order.batch(4, seed=0, position=p) for p in range(5)])
    first, second = rows[:10], rows[10:]
    assert sorted(first.tolist()) == list(range(10))
    assert sorted(second.tolist()) == list(range(10))
    assert first.tolist() != second.tolist()


def test_batches_do_not_depend_on_what_was_asked_before() -> None:
    used = Order(torch.arange(100))
    for position in (50, 3, 999, 0):
        used.batch(32, seed=1, position=position)
        used.batch(32, seed=2, position=position)
    for position in (0, 3, 7, 50):
        assert torch.equal(
            used.batch(32, seed=1, position=position), Order(torch.arange(100)).batch(32, seed=1, position=position)
        )


def test_a_batch_larger_than_the_table_has_full_length() -> None:
    rows = Order(torch.tensor([5, 6, 7])).batch(8, seed=0, position=1)
    assert rows.shape == (8,)
    assert set(rows.tolist()) == {5, 6, 7}
    # Rows 8..15 of the endless sequence: the last of epoch 2, two whole epochs, and the first of epoch 5.
    assert sorted(rows[1:4].tolist()) == [5, 6, 7]
    assert sorted(rows[4:7].tolist()) == [5, 6, 7]


def test_only_two_epochs_are_kept() -> None:
    order = Order(torch.arange(4))
    for position in range(20):
        order.batch(4, seed=0, position=position)
    assert len(order._kept) == 2


def test_reference_has_no_row_twice() -> None:
    rows = Order(torch.arange(20)).reference(15, seed=0)
    assert len(set(rows.tolist())) == 15
    assert len(Order(torch.arange(20)).reference(50, seed=0)) == 20
