"""The Frechet distance and the random features."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import nn

from gannet.data.base import Truth
from gannet.errors import UserError
from gannet.features.randconv import randconv_features, randconv_hash, randconv_weights
from gannet.metrics import frechet
from gannet.metrics.base import Samples, as_estimate
from gannet.metrics.frechet import FrechetDistance, frechet_distance

RNG = np.random.default_rng(3)


def white(count: int, dim: int) -> np.ndarray:
    """Rows with mean exactly 0 and unbiased covariance exactly the identity."""
    rows = RNG.standard_normal((count, dim))
    rows -= rows.mean(axis=0)
    return rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows, rowvar=False))).T


def random_images(count: int, shape: tuple[int, ...] = (16, 16, 1), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def check_closed_form(distance: Callable[[np.ndarray, np.ndarray], float]) -> None:
    """Diagonal covariances: |b|^2 + sum (s1 - s2)^2 = 4 + (1-2)^2 + (3-1)^2 + 0 = 9."""
    first = white(50, 3) * [1.0, 3.0, 2.0]
    second = white(80, 3) * [2.0, 1.0, 2.0] + [0.0, 2.0, 0.0]
    assert distance(first, second) == pytest.approx(9.0, rel=1e-10)


def test_closed_form_between_gaussians() -> None:
    check_closed_form(frechet_distance)


def test_a_biased_covariance_fails_the_closed_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        frechet, "_covariance_root", lambda rows: np.linalg.qr((rows - rows.mean(axis=0)) / np.sqrt(len(rows)))[1]
    )
    with pytest.raises(AssertionError):
        check_closed_form(frechet_distance)


def test_against_torchmetrics() -> None:
    from torchmetrics.image.fid import FrechetInceptionDistance

    first, second = RNG.standard_normal((120, 12)), RNG.exponential(size=(90, 12))
    oracle = FrechetInceptionDistance(feature=_Identity(), input_img_size=(12,)).set_dtype(torch.float64)
    oracle.update(torch.from_numpy(first), real=True)
    oracle.update(torch.from_numpy(second), real=False)
    assert frechet_distance(first, second) == pytest.approx(float(oracle.compute()), rel=1e-6)


class _Identity(nn.Module):
    num_features = 12

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return rows


def test_against_the_matrix_root_of_scipy() -> None:
    first, second = RNG.standard_normal((300, 20)) @ RNG.standard_normal((20, 20)), RNG.exponential(size=(200, 20))
    s1, s2 = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    expected = np.square(first.mean(0) - second.mean(0)).sum() + np.trace(s1 + s2 - 2 * sqrtm(s1 @ s2).real)
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-9)


def test_fewer_rows_than_columns() -> None:
    """Rank-deficient covariances: the trace of the root by the eigenvalues of S1 S2, which scipy's general solver
    gives.
    """
    first, second = RNG.standard_normal((7, 12)), RNG.standard_normal((5, 12)) + 1
    s1, s2 = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    cross = np.sqrt(np.clip(np.linalg.eigvals(s1 @ s2).real, 0, None)).sum()
    expected = np.square(first.mean(0) - second.mean(0)).sum() + np.trace(s1 + s2) - 2 * cross
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-12)


def test_constant_features() -> None:
    assert frechet_distance(np.ones((20, 4)), np.full((30, 4), 3.0)) == pytest.approx(16.0)
    assert frechet_distance(np.ones((20, 4)), np.ones((20, 4))) == 0


def test_features_that_are_not_finite_are_refused() -> None:
    bad = RNG.standard_normal((20, 3))
    bad[4, 1] = np.inf
    with pytest.raises(UserError, match="finite"):
        frechet_distance(bad, bad)


def test_weights_are_pinned() -> None:
    # If this changes, the extractor needs a new name: its numbers no longer compare with earlier ones.
    assert randconv_hash() == "fdddb3ca7c86ff4b399ed173f50a6fc19464e5655b0029b723e323b33ba55fbf"
    first, *_ = randconv_weights()
    assert first.shape == (16, 3, 5, 5)
    # Uniform with variance 2 / fan-in = 2 / 75; 1,200 draws: 4 % standard error.
    assert first.var() == pytest.approx(2 / 75, rel=0.12)


def test_first_features_by_hand() -> None:
    """A constant image: inside the border the first response is relu(value x sum of kernel)."""
    constant = np.full((1, 200, 200, 1), 255, np.uint8)
    response = np.clip(randconv_weights()[0].astype(np.float64).sum(axis=(1, 2, 3)), 0, None)
    # The padded border is 4 x 2 of 200 pixels wide: 4 % of the image.
    np.testing.assert_allclose(randconv_features(constant)[0, :16], response, atol=0.06)


def test_features_do_not_depend_on_company() -> None:
    images = random_images(400)
    together = randconv_features(images)
    assert together.shape == (400, 224)
    assert together.dtype == np.float64
    np.testing.assert_allclose(
        np.concatenate([randconv_features(images[i : i + 7]) for i in range(0, 400, 7)]), together, rtol=1e-5, atol=1e-6
    )


def test_read_only_pictures_are_taken_in_silence() -> None:
    images = random_images(20)
    images.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isfinite(randconv_features(images)).all()


def test_grey_is_repeated() -> None:
    grey = random_images(20)
    np.testing.assert_allclose(
        randconv_features(np.repeat(grey, 3, axis=3)), randconv_features(grey), rtol=1e-6, atol=1e-7
    )


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (9, 13, 3)])
def test_any_size_from_8(shape: tuple[int, ...]) -> None:
    features = randconv_features(random_images(10, shape))
    assert features.shape == (10, 224)
    assert np.isfinite(features).all()


@pytest.mark.parametrize("shape", [(7, 8, 1), (16, 16, 4)])
def test_other_pictures_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match="randconv-v1"):
        randconv_features(random_images(10, shape))


def test_blur_and_layout_are_seen() -> None:
    """Much worse than the reference: blurred images, and images with the same pixels in another order."""
    from scipy.ndimage import gaussian_filter

    smooth = [gaussian_filter(random_images(400, seed=s).astype(float), (0, 1.5, 1.5, 0)) for s in (1, 2)]
    real, other = (np.clip((x - 128) * 4 + 128, 0, 255).astype(np.uint8) for x in smooth)
    metric, rng = FrechetDistance(), np.random.default_rng(0)
    reference = as_estimate(metric.compute(Samples(real, other, Truth()), rng)).value
    blurred = gaussian_filter(other, (0, 0.7, 0.7, 0))
    shuffled = np.random.default_rng(1).permutation(other.reshape(400, 256), axis=1).reshape(other.shape)
    assert as_estimate(metric.compute(Samples(real, blurred, Truth()), rng)).value > 3 * reference
    assert as_estimate(metric.compute(Samples(real, shuffled, Truth()), rng)).value > 10 * reference


def test_the_name_is_not_fid() -> None:
    assert FrechetDistance().label() == "FD[randconv-v1]"
    assert FrechetDistance().spec()["weights_sha256"] == randconv_hash()
