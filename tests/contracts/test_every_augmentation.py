"""Every augmentation that a file holds keeps its contract, on images and, where it changes points, on points."""

import pytest
import torch

from gannet.discovery import components
from gannet.testing.augmentations import check_augmentation

AUGMENTATIONS = components("augmentations")


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_contract(name, channels):
    check_augmentation(
        AUGMENTATIONS[name].load()(),
        torch.rand(6, channels, 16, 12, generator=torch.Generator().manual_seed(0)) * 2 - 1,
    )


def test_points():
    check_augmentation(
        AUGMENTATIONS["instance-noise"].load()(), torch.randn(6, 2, generator=torch.Generator().manual_seed(0))
    )
