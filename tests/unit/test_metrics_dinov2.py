"""The transformer of DINOv2 as far as it can be known without its weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.testing import assert_close

from gannet.features.dinov2 import SIZES, DinoV2, Layer, Size, prepared

TINY = Size(width=128, depth=2, trained_grid=6)


@pytest.fixture
def network() -> DinoV2:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = DinoV2(TINY).eval()
        for weight in network.parameters():
            nn.init.normal_(weight, std=0.2)
        return network


@pytest.mark.parametrize(
    ("name", "weights", "tensors"), [("ViT-B/14", 86_580_480, 175), ("ViT-L/14", 304_368_640, 343)]
)
def test_number_of_weights(name: str, weights: int, tensors: int) -> None:
    """As counted in the public checkpoints dinov2_vitb14_pretrain.pth and dinov2_vitl14_pretrain.pth."""
    with torch.device("meta"):
        state = DinoV2(SIZES[name]).state_dict()
    assert (sum(value.numel() for value in state.values()), len(state)) == (weights, tensors)


def test_names_are_those_of_the_public_checkpoints(network: DinoV2) -> None:
    of_block = "norm1.weight norm1.bias attn.qkv.weight attn.qkv.bias attn.proj.weight attn.proj.bias ls1.gamma".split()
    of_block += "norm2.weight norm2.bias mlp.fc1.weight mlp.fc1.bias mlp.fc2.weight mlp.fc2.bias ls2.gamma".split()
    expected = {f"blocks.{block}.{part}" for block in range(2) for part in of_block}
    expected |= {
        "cls_token",
        "pos_embed",
        "mask_token",
        "patch_embed.proj.weight",
        "patch_embed.proj.bias",
        "norm.weight",
        "norm.bias",
    }
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    assert set(shapes) == expected
    assert shapes["patch_embed.proj.weight"] == (128, 3, 14, 14)
    assert shapes["pos_embed"] == (1, 37, 128)


def test_a_layer_without_scale_is_the_layer_of_torch(network: DinoV2) -> None:
    layer = network.blocks[0]
    assert isinstance(layer, Layer)
    for scale in (layer.ls1, layer.ls2):
        nn.init.ones_(scale.gamma)
    other = nn.TransformerEncoderLayer(
        128, 2, 512, dropout=0, activation="gelu", layer_norm_eps=1e-6, batch_first=True, norm_first=True
    ).eval()
    names = {"self_attn.in_proj_weight": "attn.qkv.weight", "self_attn.in_proj_bias": "attn.qkv.bias"}
    names |= {"self_attn.out_proj.weight": "attn.proj.weight", "self_attn.out_proj.bias": "attn.proj.bias"}
    names |= {f"linear{i}.{part}": f"mlp.fc{i}.{part}" for i in (1, 2) for part in ("weight", "bias")}
    names |= {f"norm{i}.{part}": f"norm{i}.{part}" for i in (1, 2) for part in ("weight", "bias")}
    ours = layer.state_dict()
    other.load_state_dict({theirs: ours[name] for theirs, name in names.items()})
    tokens = torch.randn(3, 5, 128, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert_close(layer(tokens), other(tokens), rtol=1e-4, atol=1e-4)


def test_scales_multiply_what_is_added(network: DinoV2) -> None:
    layer = network.blocks[1]
    assert isinstance(layer, Layer)
    tokens = torch.randn(1, 4, 128, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        nn.init.zeros_(layer.ls1.gamma)
        nn.init.ones_(layer.ls2.gamma)
        whole = layer(tokens) - tokens
        nn.init.constant_(layer.ls2.gamma, 0.25)
        assert_close(layer(tokens) - tokens, whole / 4, rtol=1e-4, atol=1e-5)


def test_places_on_another_grid(network: DinoV2) -> None:
    """Output i reads at (i + 1/2) 6 / (4 + 0.1) - 1/2, the 0.1 being the published one, with the cubic kernel of a =
    -3/4.
    """

    def read(place: float) -> float:
        distances = [abs(place - pixel) for pixel in range(6)]
        near = [1.25 * d**3 - 2.25 * d**2 + 1 for d in distances]
        far = [-0.75 * (d**3 - 5 * d**2 + 8 * d - 4) for d in distances]
        return sum(pixel * (near[pixel] if d <= 1 else far[pixel] if d < 2 else 0) for pixel, d in enumerate(distances))

    assert network.places(6, 6) is network.pos_embed
    row = torch.arange(6.0)
    network.pos_embed.data[0, 0] = 50
    network.pos_embed.data[0, 1:, 0] = row.repeat_interleave(6)
    network.pos_embed.data[0, 1:, 1] = row.repeat(6)
    places = network.places(4, 4).detach()
    assert places.shape == (1, 17, 128)
    assert_close(places[0, 0], torch.full((128,), 50.0))
    reads = torch.tensor([read((i + 0.5) * 6 / 4.1 - 0.5) for i in (1, 2)])
    grid = places[0, 1:].unflatten(0, (4, 4))
    assert_close(grid[1:3, 2, 0], reads, rtol=1e-4, atol=1e-4)
    assert_close(grid[2, 1:3, 1], reads, rtol=1e-4, atol=1e-4)


def test_class_token_of_any_multiple_of_14(network: DinoV2) -> None:
    images = torch.randn(3, 3, 56, 84, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        together, alone = network(images), network(images[1:2])
        assert together.shape == (3, 128)
        assert_close(alone[0], together[1], rtol=1e-4, atol=1e-4)
        # The last normalisation's own weights stand behind the mean 0 and variance 1.
        unit = (together - network.norm.bias) / network.norm.weight
    assert_close(unit.mean(dim=1), torch.zeros(3), atol=1e-4, rtol=0)
    assert_close(unit.var(dim=1, correction=0), torch.ones(3), atol=1e-3, rtol=0)


@pytest.mark.parametrize("shape", [(28, 28), (300, 250)])
def test_resize_as_pillow(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    channels = [
        Image.fromarray(image[:, :, c].astype(np.float32)).resize((224, 224), Image.Resampling.BICUBIC)
        for c in range(3)
    ]
    expected = np.clip(np.stack([np.asarray(channel) for channel in channels]) / 255, 0, 1)
    mean, deviation = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]).reshape(2, 3, 1, 1)
    np.testing.assert_allclose(prepared(image[None])[0].numpy(), (expected - mean) / deviation, atol=1e-4)


def test_grey_is_repeated() -> None:
    white = prepared(np.full((1, 224, 224, 1), 255, np.uint8))[0, :, 0, 0]
    assert_close(white, torch.tensor([(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225]))
