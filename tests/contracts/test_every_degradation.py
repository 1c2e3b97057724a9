"""Every degradation that a file holds keeps its contract, on colour images and, except for colouring, on grey ones."""

import pytest
import torch

from gannet.degradations.blur import Blur
from gannet.degradations.downscale import Downscale
from gannet.degradations.grayscale import Grayscale
from gannet.degradations.mask import Mask
from gannet.discovery import components
from gannet.errors import UserError
from gannet.testing.degradations import check_degradation

DEGRADATIONS = components("degradations")
OTHERS = [Blur(kind="motion", sigma=2.5), Downscale(factor=2), Mask(kind="strokes", share=0.4)]


def test_all_are_found():
    assert set(DEGRADATIONS) >= {"blur", "downscale", "edges", "grayscale", "jpeg", "mask", "noise"}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", DEGRADATIONS)
def test_contract(name, channels):
    degradation = DEGRADATIONS[name].load()()
    if (name, channels) == ("grayscale", 1):
        with pytest.raises(UserError, match="needs colour images"):
            degradation.require((1, 16, 16))
        return
    check_degradation(degradation, channels=channels)


@pytest.mark.parametrize("degradation", OTHERS, ids=str)
def test_other_kinds(degradation):
    check_degradation(degradation)


def test_colours_keep_the_luminance_exactly_and_true_chroma_gives_the_image_back():
    image = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1
    grey = Grayscale()(image, torch.Generator())
    # B - Y and R - Y over their largest values, by the definition of BT.601.
    chroma = torch.cat([(image[:, 2:] - grey) / 1.772, (image[:, :1] - grey) / 1.402], dim=1)
    torch.testing.assert_close(Grayscale().restore(chroma, grey), image, atol=1e-5, rtol=0)
    vivid = Grayscale().restore(torch.ones(1, 2, 4, 4), grey)
    assert vivid.abs().max() <= 1 + 1e-6
    torch.testing.assert_close(
        (vivid * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True), grey, atol=1e-6, rtol=0
    )


@pytest.mark.parametrize("kind", ["boxes", "strokes"])
def test_a_hole_has_its_share_of_the_pixels(kind):
    images = torch.zeros(20, 1, 20, 20)
    known = Mask(kind=kind, share=0.2).known(images, torch.Generator().manual_seed(0))
    assert (~known).flatten(1).sum(1).tolist() == pytest.approx([80] * 20, abs=8 if kind == "strokes" else 25)
    assert len({tuple(row.tolist()) for row in known.flatten(1)}) == 20, "a hole for every image"


@pytest.mark.parametrize("kind", ["gaussian", "motion"])
def test_a_kernel_has_its_standard_deviation(kind):
    sigma, angle = torch.tensor([2.0, 4.0]), torch.tensor([0.0, 1.0])
    kernels = Blur(kind=kind, sigma=4.0).kernels(sigma, angle)
    torch.testing.assert_close(kernels.sum((1, 2)), torch.ones(2))
    place = torch.arange(kernels.shape[1]) - kernels.shape[1] // 2
    rows, columns = place[:, None] * torch.ones_like(kernels), place * torch.ones_like(kernels)
    spread = ((rows**2 + columns**2) * kernels).sum((1, 2)).sqrt()
    # Both axes of a Gaussian; along the line only, whose thickness adds a little.
    torch.testing.assert_close(spread, sigma * (2**0.5 if kind == "gaussian" else 1), atol=0.15, rtol=0)


def test_a_mask_of_a_file_is_its_transparency():
    with pytest.raises(UserError, match="no transparent pixels"):
        Mask().of_file(torch.zeros(1, 3, 8, 8), None)
    alpha = torch.ones(1, 1, 8, 8)
    alpha[..., 2:4, 2:4] = 0.5
    inputs = Mask().of_file(torch.full((1, 3, 8, 8), 0.7), alpha)
    assert inputs.shape == (1, 4, 8, 8)
    assert (inputs[:, -1] < 0).sum() == 4
    assert inputs[0, 0, 2, 2] == 0


def test_sides_must_be_multiples_of_the_factor():
    with pytest.raises(UserError, match=r"Set data\.size=32"):
        Downscale(factor=4).require((1, 30, 30))
