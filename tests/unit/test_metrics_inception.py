"""The Inception network as far as it can be known without its weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from gannet.features.inception_v3 import Block, Convolution, InceptionV3, pooling, prepared, resized


@pytest.fixture(scope="module")
def network() -> InceptionV3:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return InceptionV3().eval()


def test_number_of_weights(network: InceptionV3) -> None:
    """torchvision publishes 27,161,264 for 1,000 classes with the auxiliary head, which has 3,326,696; 8 classes
    more are 8 * 2,049.
    """
    assert sum(weight.numel() for weight in network.parameters()) == 27_161_264 - 3_326_696 + 8 * 2_049


def test_names_are_those_of_the_public_port(network: InceptionV3) -> None:
    a = ["branch1x1", "branch5x5_1", "branch5x5_2", "branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3", "branch_pool"]
    c = [
        "branch1x1",
        *(f"branch7x7_{i}" for i in (1, 2, 3)),
        *(f"branch7x7dbl_{i}" for i in (1, 2, 3, 4, 5)),
        "branch_pool",
    ]
    e = ["branch1x1", "branch3x3_1", "branch3x3_2a", "branch3x3_2b", "branch3x3dbl_1", "branch3x3dbl_2"]
    e += ["branch3x3dbl_3a", "branch3x3dbl_3b", "branch_pool"]
    blocks = {"Mixed_5b": a, "Mixed_5c": a, "Mixed_5d": a, "Mixed_6b": c, "Mixed_6c": c, "Mixed_6d": c, "Mixed_6e": c}
    blocks |= {
        "Mixed_7b": e,
        "Mixed_7c": e,
        "Mixed_6a": ["branch3x3", "branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"],
    }
    blocks["Mixed_7a"] = ["branch3x3_1", "branch3x3_2", *(f"branch7x7x3_{i}" for i in (1, 2, 3, 4))]
    stem = ["Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3"]
    convolutions = stem + [f"{block}.{branch}" for block, branches in blocks.items() for branch in branches]
    of_one = [
        "conv.weight",
        *(f"bn.{part}" for part in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")),
    ]
    expected = {f"{convolution}.{part}" for convolution in convolutions for part in of_one} | {"fc.weight", "fc.bias"}
    assert len(convolutions) == 94
    assert set(network.state_dict()) == expected
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert shapes["Mixed_6c.branch7x7_2.conv.weight"] == (160, 160, 1, 7)
    assert shapes["Mixed_6c.branch7x7dbl_2.conv.weight"] == (160, 160, 7, 1)
    assert shapes["Mixed_7c.branch3x3_2a.conv.weight"] == (384, 384, 1, 3)
    assert shapes["fc.weight"] == (1008, 2048)


def test_sides_and_channels_on_the_way(network: InceptionV3) -> None:
    """The sides of table 1 of Szegedy et al. 2016, and those that the frozen graph states."""
    seen: dict[str, tuple[int, ...]] = {}
    for name, part in network.named_children():
        part.register_forward_hook(lambda module, given, got, name=name: seen.update({name: tuple(got.shape[1:])}))
    with torch.no_grad():
        features, logits = network(torch.zeros(1, 3, 299, 299))
    expected = {"Conv2d_1a_3x3": (32, 149, 149), "Conv2d_2b_3x3": (64, 147, 147), "Conv2d_4a_3x3": (192, 71, 71)}
    expected |= {
        "Mixed_5b": (256, 35, 35),
        "Mixed_5d": (288, 35, 35),
        "Mixed_6a": (768, 17, 17),
        "Mixed_6e": (768, 17, 17),
    }
    expected |= {"Mixed_7a": (1280, 8, 8), "Mixed_7b": (2048, 8, 8), "Mixed_7c": (2048, 8, 8)}
    assert {name: seen[name] for name in expected} == expected
    assert (features.shape, logits.shape) == ((1, 2048), (1, 1008))
    assert_close(logits, features @ network.fc.weight.detach().T)


def test_pooling_by_hand() -> None:
    square = torch.arange(1.0, 10).view(1, 1, 3, 3)
    # The corner sees 1, 2, 4, 5 and five places of padding, which do not count.
    assert_close(pooling(square, "mean")[0, 0], torch.tensor([[3, 3.5, 4], [4.5, 5, 5.5], [6, 6.5, 7]]))
    assert_close(pooling(square, "max")[0, 0], torch.tensor([[5.0, 6, 6], [8, 9, 9], [8, 9, 9]]))
    assert_close(pooling(square, "halving")[0, 0], torch.tensor([[9.0]]))
    assert_close(pooling(-square, "max")[0, 0, 0, 0], torch.tensor(-1.0))


def test_which_block_pools_how(network: InceptionV3) -> None:
    pools = {name: block.pool for name, block in network.named_children() if isinstance(block, Block)}
    assert {name for name, pool in pools.items() if pool == "halving"} == {"Mixed_6a", "Mixed_7a"}
    assert {name for name, pool in pools.items() if pool == "max"} == {"Mixed_7c"}
    assert len(pools) == 11


def test_chains_of_a_block_by_hand() -> None:
    """1 x 1 convolutions that multiply: what each chain makes of a constant image is the product of its factors."""

    def times(factor: float) -> Convolution:
        convolution = Convolution(1, 1, 1).eval()
        convolution.conv.weight.data.fill_(factor)
        return convolution

    parts = {"a": times(2), "b_1": times(3), "b_2": times(5), "c": times(7), "d": times(11), "branch_pool": times(13)}
    block = Block(parts, (("a",), ("b_1", "b_2"), ("b_1", ("c", "d"))), "mean")
    with torch.no_grad():
        responses = block(torch.ones(1, 1, 4, 4))[0, :, 0, 0]
    # Batch normalisation divides by sqrt(1 + 0.001) at each convolution.
    steps = torch.tensor([1, 2, 2, 2, 1])
    assert_close(responses, torch.tensor([2.0, 15, 21, 33, 13]) / 1.001 ** (steps / 2))


@pytest.mark.parametrize(
    ("row", "side", "expected"),
    [
        ([0.0, 10], 4, [0.0, 5, 10, 10]),
        ([0.0, 10, 40, 70], 2, [0.0, 40]),
        ([0.0, 10, 40], 2, [0.0, 25]),
        ([0.0, 30, 60], 5, [0.0, 18, 36, 54, 60]),
        ([1.0, 2, 3], 3, [1.0, 2, 3]),
    ],
)
def test_resize_by_hand(row: list[float], side: int, expected: list[float]) -> None:
    """Output i reads at i * old / new: 2 -> 4 at 0, .5, 1, 1.5; beyond the last pixel there is the last one."""
    across = torch.tensor(row).view(1, 1, 1, -1).expand(-1, -1, len(row), -1)
    for axis in (2, 3):
        image = across if axis == 3 else across.transpose(2, 3)
        got = resized(image, side).movedim(axis, -1)[0, 0]
        assert_close(got, torch.tensor(expected).expand(side, -1))


def test_values_that_enter() -> None:
    grey = np.full((2, 28, 28, 1), 192, np.uint8)
    entering = prepared(grey)
    assert entering.shape == (2, 3, 299, 299)
    assert_close(entering, torch.full((2, 3, 299, 299), 0.5))
    assert_close(prepared(np.zeros((1, 5, 9, 3), np.uint8)), torch.full((1, 3, 299, 299), -1.0))


def _torchvision_inception() -> type | None:
    try:
        from torchvision.models import Inception3  # type: ignore[import-not-found]
    except Exception:
        return None
    return Inception3


if (Inception3 := _torchvision_inception()) is not None:

    def test_blocks_as_in_torchvision(network: InceptionV3) -> None:
        """Where both coincide: everywhere but in the pooling branch near the border, and in the last block's."""
        other = Inception3(num_classes=1008, aux_logits=False, transform_input=False, init_weights=False).eval()
        other.load_state_dict(network.state_dict())
        shapes = {
            "Mixed_5c": (256, 35),
            "Mixed_6a": (288, 35),
            "Mixed_6c": (768, 17),
            "Mixed_7a": (768, 17),
            "Mixed_7b": (1280, 8),
        }
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for name, (channels, side) in shapes.items():
                pixels = torch.rand(1, channels, side, side, generator=generator)
                ours, theirs = (getattr(model, name)(pixels) for model in (network, other))
                inner = slice(None) if name in ("Mixed_6a", "Mixed_7a") else slice(1, -1)
                assert_close(ours[:, :, inner, inner], theirs[:, :, inner, inner])
