"""Games that translate images: their terms by hand, what they show, and where super-resolution starts."""

import pytest
import torch
from support.recipe_cases import make_on
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torch.testing import assert_close

from gannet.data.base import Form
from gannet.degradations.paired import Paired
from gannet.errors import UserError
from gannet.features.perceptual import FeatureLoss
from gannet.games.cyclegan import CycleGAN
from gannet.games.image_to_image import ImageToImage
from gannet.losses.least_squares import LeastSquares
from gannet.networks.base import Discriminator, Translator
from gannet.networks.residual import ResidualTranslator
from gannet.types import Batch, DiscriminatorOutput


class Times(Translator):
    """G(x) = factor x."""

    input_channels, output_channels, factor, size, multiple = 1, 1, 1, (1, 1), 1

    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = nn.Parameter(torch.tensor(by))

    def forward(self, inputs: Tensor) -> Tensor:
        return self.by * inputs


class Linear(Discriminator):
    """D(x) = weight x, or D(x, y) = weight (x - y)."""

    rows_independent, shape, num_classes = True, (1, 1, 1), 0

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))

    def forward(self, samples: Tensor, condition: Tensor | None = None, labels: Tensor | None = None):  # pyright: ignore[reportIncompatibleMethodOverride]
        return DiscriminatorOutput(self.weight * (samples if condition is None else samples - condition))


def pixels(*values: float) -> Tensor:
    return torch.tensor(values).view(-1, 1, 1, 1)


def batch(real: Tensor, labels: list[int] | None = None, inputs: Tensor | None = None) -> Batch:
    given = None if labels is None else torch.tensor(labels)
    return Batch(real, given, torch.Generator().manual_seed(0), step=0, progress=0.0, inputs=inputs)


def between() -> CycleGAN:
    """G_0(x) = 2 x, G_1(x) = 3 x, D_0(x) = x, D_1(x) = -x."""
    return CycleGAN([Times(2.0), Times(3.0)], [Linear(1.0), Linear(-1.0)], loss=LeastSquares())


TWO_CLASSES = batch(pixels(0.2, -0.5, 0.4, -0.3), [0, 1, 0, 1])


def test_cyclegan_discriminator_terms_by_hand():
    terms = between().discriminator_terms(TWO_CLASSES)
    # D_0: reals 0.2, 0.4 and fakes -1, -0.6; D_1: reals 0.5, 0.3 and fakes -0.6, -1.2.
    of_0 = (0.64 + 0.36) / 4 + (1 + 0.36) / 4
    of_1 = (0.25 + 0.49) / 4 + (0.36 + 1.44) / 4
    assert_close(terms.minimise, {"adversarial": torch.tensor((of_0 + of_1) / 2)})
    assert_close(terms.watch, {"logit_real": torch.tensor(0.35), "logit_fake": torch.tensor(-0.85)})


def test_cyclegan_generator_terms_by_hand():
    terms = between().generator_terms(TWO_CLASSES).minimise
    assert_close(terms["adversarial"], torch.tensor(((4 + 2.56) / 4 + (2.56 + 4.84) / 4) / 2))
    # There and back is 6 x in both directions; mean |x| is 0.3 and 0.4.
    assert_close(terms["cycle"], torch.tensor(10 * 5 * (0.3 + 0.4) / 2))
    assert_close(terms["identity"], torch.tensor(5 * (0.3 + 2 * 0.4) / 2))


def test_cyclegan_repeats_the_rarer_class_and_leaves_out_what_needs_a_missing_one():
    game = between()
    rare = game.generator_terms(batch(pixels(0.2, -0.5, -0.3, -0.1), [0, 1, 1, 1])).minimise
    assert_close(rare["cycle"], torch.tensor(10 * 5 * (0.2 + 0.4) / 2))
    alone = batch(pixels(0.2, 0.2), [0, 0])
    terms = game.generator_terms(alone).minimise
    assert_close(terms["identity"], torch.tensor(5 * 0.2 / 2))
    assert terms["adversarial"] == terms["cycle"] == game.discriminator_terms(alone).minimise["adversarial"] == 0


@pytest.mark.parametrize("exporting", [False, True])
def test_cyclegan_translates_to_the_other_class_and_back(monkeypatch, exporting):
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: exporting)
    images, labels = pixels(0.2, -0.5), torch.tensor([0, 1])
    shown = between().translations(images, labels, torch.Generator())
    assert_close(shown, {"input": images, "output": pixels(0.6, -1.0), "back": pixels(1.0, -1.0)})
    with pytest.raises(UserError, match="--to CLASS"):
        between().translate(images)


def test_image_to_image_terms_by_hand_on_given_inputs():
    def features(made: Tensor, real: Tensor) -> Tensor:
        return made.abs().sum() + real.sum()

    game = ImageToImage(Times(3.0), Linear(1.0), Paired(), loss=LeastSquares(), l1=10.0, feature_loss=features)
    given = batch(pixels(0.2, 0.4), inputs=pixels(0.1, -0.1))
    # Outputs are 0.3 and -0.3: D sees 0.1, 0.5 as real and 0.2, -0.2 as fake.
    terms = game.discriminator_terms(given)
    assert_close(terms.minimise, {"adversarial": torch.tensor((0.81 + 0.25) / 4 + (0.04 + 0.04) / 4)})
    minimised = game.generator_terms(given).minimise
    expected = {"adversarial": (0.64 + 1.44) / 4, "l1": 10 * (0.1 + 0.7) / 2, "features": 0.6 + 0.6}
    assert_close(minimised, {name: torch.tensor(value) for name, value in expected.items()})


def test_the_feature_loss_is_relative_and_weighted():
    targets = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert FeatureLoss(3.0)(targets, targets) == 0
    # The convolutions have no bias: the maps of an image of zeros are zero.
    assert_close(FeatureLoss(3.0)(torch.zeros_like(targets), targets), torch.tensor(3.0))


@pytest.mark.parametrize("factor", [2, 4])
def test_the_network_of_super_resolution_starts_from_bicubic_interpolation(factor):
    images = torch.rand(2, 3, 4, 6, generator=torch.Generator().manual_seed(0)) * 2 - 1
    network = ResidualTranslator(3, (3, 4 * factor, 6 * factor), factor=factor, width=8, blocks=2)
    assert_close(network(images), interpolate(images, scale_factor=factor, mode="bicubic"))


def test_super_resolution_says_what_its_features_need():
    form = Form("images", (4, 8, 8))
    with pytest.raises(UserError, match="1 or 3 channels, and these have 4: set features=0"):
        make_on("super-resolution", form, factor="2")
    game = make_on("super-resolution", form, factor="2", features="0").game
    assert isinstance(game, ImageToImage)
    assert game.feature_loss is None
