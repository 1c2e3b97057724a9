"""The cost announced before measuring, progress, and features of real images stored on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gannet.data.base import Truth
from gannet.evaluation.choice import choose
from gannet.evaluation.cost import Cost, estimated, readable
from gannet.evaluation.evaluate import evaluate
from gannet.features import cache as feature_cache
from gannet.features import extractors
from gannet.features.cache import entry, recall, remember
from gannet.features.extractors import describe, extract
from gannet.testing.metric_data import RING, draw

SPEC = {"extractor": "made-up", "version": 1}
FEATURES = np.arange(12, dtype=np.float64).reshape(4, 3)


@pytest.fixture(autouse=True)
def forget() -> None:
    extractors._cached.clear()


def measured(**changes):  # type: ignore[no-untyped-def]
    sets = [draw("images", seed) for seed in range(3)]
    return evaluate(
        *sets,
        **{"kind": "images", "truth": Truth(), "names": ["fd", "precision"], "seed": 0, "protocol": {}, **changes},
    )


def test_real_images_are_looked_at_once_and_generated_ones_are_not_kept(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = measured()
    assert len(list((own_cache / "features").iterdir())) == 2
    extractors._cached.clear()
    seen = []
    compute = extractors._compute
    monkeypatch.setattr(
        extractors, "_compute", lambda name, images, progress: seen.append(images) or compute(name, images, progress)
    )
    second, _ = measured()
    assert [card.value for card in second] == [card.value for card in first]
    assert [card.reference for card in second] == [card.reference for card in first]
    assert len(seen) == 1
    np.testing.assert_array_equal(seen[0], draw("images", 0))


@pytest.mark.parametrize("spoil", ["flip", "cut", "empty"])
def test_a_spoilt_entry_is_made_again(own_cache: Path, spoil: str) -> None:
    images = draw("images", 5)
    features, _ = extract("randconv-v1", images, on_disk=True)
    (path,) = (own_cache / "features").iterdir()
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[-5] ^= 64
    path.write_bytes({"flip": bytes(flipped), "cut": whole[:-9], "empty": b""}[spoil])
    extractors._cached.clear()
    again, _ = extract("randconv-v1", images, on_disk=True)
    np.testing.assert_array_equal(again, features)
    assert path.read_bytes() == whole


def test_what_is_remembered() -> None:
    remember("abc", SPEC, (FEATURES, None))
    found = recall("abc", SPEC)
    assert found is not None
    np.testing.assert_array_equal(found[0], FEATURES)
    assert found[0].dtype == np.float64
    assert found[1] is None
    assert recall("abd", SPEC) is None
    assert recall("abc", {**SPEC, "version": 2}) is None
    remember("xyz", SPEC, (FEATURES, -FEATURES))
    np.testing.assert_array_equal(recall("xyz", SPEC)[1], -FEATURES)  # type: ignore[index]


def test_the_folder_does_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for number in range(3):
        remember(str(number), SPEC, (FEATURES, None))
        os.utime(entry(str(number), SPEC), (number, number))
    size = entry("0", SPEC).stat().st_size
    monkeypatch.setattr(feature_cache, "LARGEST_FOLDER_BYTES", 2 * size)
    remember("3", SPEC, (FEATURES, None))
    assert [recall(str(number), SPEC) is not None for number in range(4)] == [False, False, True, True]


def test_a_disk_that_takes_nothing_is_not_an_error(own_cache: Path) -> None:
    (own_cache / "features").write_text("a file where the folder should be")
    cards, _ = measured()
    assert len(cards) == 2


def test_cost_is_announced_first_and_progress_ends_at_all() -> None:
    reported: list[Cost] = []
    moments: list[tuple[str, int, int]] = []
    cards, _ = measured(
        announce=reported.append, progress=lambda *moment: moments.append((*moment[:1], len(reported), *moment[1:]))
    )  # type: ignore[arg-type]
    (cost,) = reported
    assert (cost.num_real, cost.num_fake, cost.num_metrics) == (200, 200, 2)
    assert 0 < cost.seconds < 60
    assert all(moment[1] == 1 for moment in moments)
    assert moments[-1][2:] == (100, 100)
    without, _ = measured()
    assert [card.value for card in cards] == [card.value for card in without]


def test_pairs_are_reckoned_by_the_square(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr("gannet.evaluation.cost.time.perf_counter", lambda: float(next(clock)))
    points = RING.modes.means[np.zeros(2000, int)] + np.random.default_rng(0).standard_normal((2000, 2))  # type: ignore[union-attr]
    from gannet.metrics.base import Samples

    metrics = [choose(name)[1] for name in ("sliced_w", "precision")]
    cost = estimated(metrics, Samples(points, points, RING), 2000)
    # Each try takes one second by this clock; 2,000 are four times the 500 tried; the real-data reference doubles it.
    assert cost.metric_seconds == (2 * 4, 2 * 16)


def test_durations_in_words() -> None:
    assert [readable(seconds) for seconds in (0.1, 42.4, 89, 600, 7200)] == ["1 s", "42 s", "89 s", "10 min", "2.0 h"]
    sentence = Cost(10_000, 5_000, 9, 30.0, (1.0, 2.0)).sentence()
    assert (
        sentence
        == "measuring 5,000 generated samples against 10,000 real ones, 9 metrics with their real-data references: "
        "about 33 s"
    )


def test_the_entry_depends_on_weights_and_preprocessing() -> None:
    assert entry("abc", describe("randconv-v1")) != entry("abc", describe("mnist-cnn-v1"))
