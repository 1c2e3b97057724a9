"""AC-GAN and the projection discriminator: terms and scores by hand."""

from math import log

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from gannet.games.auxiliary_classifier import AuxiliaryClassifier
from gannet.games.base import Classifies, Conditional
from gannet.losses.wasserstein import Wasserstein
from gannet.networks.base import Generator, Trunk
from gannet.networks.heads import AuxiliaryDiscriminator, ProjectionDiscriminator
from gannet.priors.gaussian import Gaussian
from gannet.types import Batch


class Flat(Trunk):
    """Points are their own features."""

    rows_independent, shape, size = True, (2,), 2

    def forward(self, samples: Tensor) -> Tensor:
        return samples


class Corner(Generator):
    """Whatever the latent: (a, 0) for class 0 and (0, a) for class 1."""

    latent_size, shape, num_classes = 1, (2,), 2

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.tensor(log(3)))

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        assert labels is not None
        return self.a * nn.functional.one_hot(labels, 2)


def acgan(class_weight: float = 1.0) -> AuxiliaryClassifier:
    """D(x) = x_1 + x_2; the class logits are the coordinates."""
    discriminator = AuxiliaryDiscriminator(Flat(), 2)
    nn.init.ones_(discriminator.head.weight)
    nn.init.zeros_(discriminator.head.bias)
    nn.init.eye_(discriminator.class_head.weight)
    nn.init.zeros_(discriminator.class_head.bias)
    return AuxiliaryClassifier(Corner(), discriminator, Gaussian(1), loss=Wasserstein(), class_weight=class_weight)


def batch() -> Batch:
    """The first row's class has probability 1/4, the second's 1/2."""
    return Batch(
        torch.tensor([[0.0, log(3)], [1.0, 1.0]]), torch.tensor([0, 1]), torch.Generator().manual_seed(0), 0, 0.0
    )


def test_discriminator_terms_by_hand():
    terms = acgan(class_weight=2.0).discriminator_terms(batch()).minimise
    assert_close(terms["class_real"], torch.tensor(2 * (log(4) + log(2)) / 2))
    assert_close(
        terms["class_fake"], torch.tensor(2 * log(4 / 3))
    )  # (log 3, 0) and its mirror: the requested class has 3/4
    assert_close(terms["adversarial"], torch.tensor(log(3) - (log(3) + 2) / 2))


def test_the_generator_learns_from_the_class():
    game = acgan()
    terms = game.generator_terms(batch()).minimise
    assert_close(terms["class_fake"], torch.tensor(log(4 / 3)))
    # d/da -log(e^a / (e^a + 1)) = -1 / (e^a + 1) = -1/4.
    assert_close(torch.autograd.grad(terms["class_fake"], game.generator.a)[0], torch.tensor(-0.25))


def test_what_it_can_do():
    game = acgan()
    assert isinstance(game, Conditional)
    assert isinstance(game, Classifies)
    made = game.sample(4, rng=torch.Generator().manual_seed(0)).detach()
    assert made.argmax(1).tolist() == [0, 1, 0, 1]


def test_projection_by_hand():
    discriminator = ProjectionDiscriminator(Flat(), 3)
    discriminator.head.weight.data = torch.tensor([[1.0, 2.0]])
    discriminator.head.bias.data = torch.tensor([0.5])
    discriminator.projections.weight.data = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, -1.0]])
    samples = torch.tensor([[1.0, 1.0], [2.0, 0.0], [0.0, 3.0]])
    # w.x + b = 3.5, 2.5, 6.5; v_y.x = 0, 2, -3.
    assert_close(discriminator(samples, torch.tensor([0, 1, 2])).logits, torch.tensor([3.5, 4.5, 3.5]))
    with pytest.raises(ValueError, match="needs labels"):
        discriminator(samples)
