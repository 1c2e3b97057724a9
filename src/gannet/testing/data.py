"""The contract of a data source: ``check_source(MySource(...))``."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.testing import assert_close

from gannet.data.base import Dataset, Modes, Source, silent

CPU = torch.device("cpu")
NUM_REFERENCE = 4000


def check_source(source: Source) -> None:
    """Run every check of a source and of its data set.

    The fields are documented and copyable. Opening twice gives equal data. A batch depends only on its arguments, has
    the right shape, dtype and range, and does not change the global random state. The reference is drawn without
    replacement. ``encode`` and ``decode`` are inverse. Known modes and densities agree with the samples.

    Raises:
        AssertionError: the contract is violated.
    """
    assert is_dataclass(source)
    assert source.__dataclass_params__.frozen, "a source must be a @dataclass(frozen=True)"  # type: ignore[attr-defined]
    assert replace(source) == source
    assert type(source).__doc__, "a source needs a docstring, which is the help on the command line"
    assert all(field.init for field in fields(source))
    dataset, again = source.open(silent), source.open(silent)
    assert dataset.kind == source.kind
    assert dataset.content_hash, "content_hash must not be empty"
    assert dataset.content_hash == again.content_hash, "equal data must give an equal hash"
    _check_shape(dataset)
    _check_batch(dataset, again)
    _check_epochs(dataset)
    _check_reference(dataset)
    _check_round_trip(dataset)
    _check_truth(dataset)
    _check_captions(source, dataset)


def _check_captions(source: Source, dataset: Dataset) -> None:
    """Captions come with batches and references, in words of the vocabulary, as a pure function of the same
    arguments.
    """
    assert bool(dataset.vocabulary) == bool(dataset.example_captions) == source.has_captions
    ids, texts = dataset.captions(64, seed=3, position=5, device=CPU), dataset.reference_captions(100, seed=1)
    if not source.has_captions:
        assert ids is None
        assert texts is None
        return
    assert ids is not None
    assert texts is not None
    assert ids.shape[0] == 64
    assert ids.dtype == torch.int64
    again = dataset.captions(64, seed=3, position=5, device=CPU)
    assert again is not None
    assert torch.equal(ids, again)
    assert 0 <= int(ids.min()) <= int(ids.max()) <= len(dataset.vocabulary)
    assert (ids[:, 0] > 0).all(), "a caption has at least one word"
    assert len(texts) == len(dataset.reference(100, seed=1)[0])
    assert dataset.form.token_ids(texts).shape[0] == len(texts)


def _check_shape(dataset: Dataset) -> None:
    if dataset.kind == "points":
        assert dataset.shape == (2,)
    else:
        assert len(dataset.shape) == 3
        assert dataset.shape[0] in (1, 3)
    assert len(set(dataset.class_names)) == dataset.num_classes, "class names must be distinct"
    assert dataset.size is None or dataset.size >= 2


def _check_batch(dataset: Dataset, again: Dataset) -> None:
    state = torch.get_rng_state()
    first, labels = dataset.batch(64, seed=3, position=5, device=CPU)
    assert torch.equal(state, torch.get_rng_state()), "a batch must not use the global generator of torch"
    assert first.shape == (64, *dataset.shape)
    assert first.dtype == torch.float32
    assert first.device.type == "cpu"
    assert torch.isfinite(first).all()
    if dataset.kind == "images":
        assert float(first.min()) >= -1
        assert float(first.max()) <= 1
    _check_labels(dataset, labels, 64, lowest=0 if dataset.num_labelled is None else -1)
    kept = first.clone()
    others = [dataset.batch(64, seed=s, position=p, device=CPU)[0] for s, p in ((3, 6), (4, 5))]
    assert not any(torch.equal(kept, other) for other in others), "another position or seed must give another batch"
    assert_close(first, kept, rtol=0, atol=0)
    for opened in (dataset, again):
        repeated, repeated_labels = opened.batch(64, seed=3, position=5, device=CPU)
        assert_close(repeated, kept, rtol=0, atol=0)
        assert labels is None or (repeated_labels is not None and torch.equal(labels, repeated_labels))


def _check_labels(dataset: Dataset, labels: Tensor | np.ndarray | None, count: int, *, lowest: int = 0) -> None:
    assert (labels is None) == (dataset.num_classes == 0), "labels and class names must be given together"
    if labels is None:
        return
    values = np.asarray(labels)
    assert values.shape == (count,)
    assert values.dtype == np.int64
    assert values.min() >= lowest, "a hidden label must be -1, and needs num_labelled"
    assert values.max() < dataset.num_classes


def _check_epochs(dataset: Dataset) -> None:
    """Two batches of 3/4 of a table cross the end of an epoch; the first epoch must contain every sample exactly
    once.
    """
    if dataset.size is None or dataset.size > 20_000 or dataset.num_labelled is not None:
        return  # a few labelled samples are in every batch, more often than once per epoch
    size, count = dataset.size, max(1, 3 * dataset.size // 4)
    batches = [dataset.batch(count, seed=0, position=p, device=CPU)[0] for p in (0, 1)]
    epoch = dataset.form.decode(torch.cat(batches)[:size]).reshape(size, -1)
    stored = dataset.reference(size, seed=0)[0].reshape(size, -1)
    assert_close(_sorted_rows(epoch), _sorted_rows(stored), rtol=1e-5, atol=1e-5 * float(np.abs(stored).max()))
    assert dataset.batch(2 * size + 1, seed=0, position=1, device=CPU)[0].shape == (2 * size + 1, *dataset.shape)


def _sorted_rows(rows: np.ndarray) -> np.ndarray:
    # Rounding sorts samples that differ in the last bit equally in both sets.
    return rows[np.lexsort(np.round(rows.astype(np.float64), 3).T)]


def _check_reference(dataset: Dataset) -> None:
    rows, labels = dataset.reference(NUM_REFERENCE, seed=1)
    expected = NUM_REFERENCE if dataset.size is None else min(NUM_REFERENCE, dataset.size)
    channels_last = (2,) if dataset.kind == "points" else (*dataset.shape[1:], dataset.shape[0])
    assert rows.shape == (expected, *channels_last)
    assert rows.dtype == (np.float32 if dataset.kind == "points" else np.uint8)
    _check_labels(dataset, labels, expected)
    assert np.array_equal(rows, dataset.reference(NUM_REFERENCE, seed=1)[0])
    assert dataset.reference(1, seed=2)[0].shape == (1, *channels_last)
    if dataset.kind == "points" and dataset.size is None:
        normalised = dataset.form.encode(dataset.reference(100_000, seed=3)[0])
        assert_close(normalised.mean(0), torch.zeros(2), rtol=0, atol=0.03)
        assert_close(normalised.var(0).mean(), torch.tensor(1.0), rtol=0, atol=0.03)


def _check_round_trip(dataset: Dataset) -> None:
    original, _ = dataset.reference(200, seed=1)
    normalised = dataset.form.encode(original)
    assert normalised.dtype == torch.float32
    assert normalised.shape == (len(original), *dataset.shape)
    back = dataset.form.decode(normalised)
    assert back.dtype == original.dtype
    assert_close(
        back, original, rtol=1e-5, atol=1e-5 * float(np.abs(original).max()) if dataset.kind == "points" else 0
    )
    if dataset.kind == "images":
        beyond = dataset.form.decode(torch.full((1, *dataset.shape), 7.0))
        assert (beyond == 255).all(), "levels above white must be white"


def _check_truth(dataset: Dataset) -> None:
    modes, log_density = dataset.truth.modes, dataset.truth.log_density
    points, labels = dataset.reference(20_000, seed=4)
    if modes is not None:
        assert labels is not None
        assert len(modes.means) == len(modes.covariances) == len(modes.weights) == dataset.num_classes
        assert_close(modes.weights.sum(), np.float64(1), rtol=1e-9, atol=0)
        _check_modes(modes, points.astype(np.float64), labels)
    if log_density is not None:
        values = log_density(points)
        assert values.shape == (len(points),)
        assert np.isfinite(values).all(), "the density must be positive at samples"
        far = log_density(points[:10] + 1000 * np.abs(points).max())
        assert (far < values.min() - 10).all(), "the density must be almost 0 far away"


def _check_modes(modes: Modes, points: np.ndarray, labels: np.ndarray) -> None:
    """Points standardised by their modes must be N(0, I): mean 0 and variance 1 within 5 standard errors."""
    factors = np.linalg.inv(np.linalg.cholesky(modes.covariances))
    noise = np.einsum("nij,nj->ni", factors[labels], points - modes.means[labels])
    error = 5 / np.sqrt(len(points))
    assert_close(noise.mean(0), np.zeros(2), rtol=0, atol=error)
    assert_close(np.cov(noise.T), np.eye(2), rtol=0, atol=error * np.sqrt(2))
    shares = np.bincount(labels, minlength=len(modes.weights)) / len(labels)
    assert (np.abs(shares - modes.weights) <= 5 * np.sqrt(modes.weights / len(labels)) + 1e-12).all(), (
        "the frequency of modes must match their weights"
    )
