"""Latents of given samples, truncation, and directions: against generators whose answers are known."""

from dataclasses import asdict

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from gannet.errors import UserError
from gannet.evaluation.inversion import Search, invert
from gannet.features.perceptual import Perceptual
from gannet.games.directions import singular_directions
from gannet.games.flow_matching import FlowMatching
from gannet.games.truncation import truncated
from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.metrics.reconstruction import Inversion
from gannet.networks.base import Generator, Velocity
from gannet.networks.mlp import MLPDiscriminator, MLPGenerator
from gannet.priors.base import Prior
from gannet.priors.gaussian import Gaussian
from gannet.priors.uniform import Uniform
from gannet.sessions.traversal import rows_in_words, traverse


class Linear(Generator):
    """x = A z + b, with classes that add 10 to the first coordinate."""

    shape = (2,)

    def __init__(self, num_classes: int = 0, latent_size: int = 3) -> None:
        super().__init__()
        self.latent_size, self.num_classes = latent_size, num_classes
        self.layer = nn.Linear(latent_size, 2)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        made = self.layer(latents)
        return made if labels is None else made + 10 * torch.stack([labels, 0 * labels], dim=1)


def game(generator: Generator, prior: Prior | None = None) -> TwoPlayer:
    discriminator = MLPDiscriminator((2,), hidden=[4], num_classes=generator.num_classes)
    return TwoPlayer(generator, discriminator, prior or Gaussian(generator.latent_size), loss=NonSaturating())


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def linear(num_classes: int = 0) -> Linear:
    torch.manual_seed(3)
    made = Linear(num_classes)
    made.layer.weight.data = torch.tensor([[3.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    made.layer.bias.data = torch.tensor([1.0, -1.0])
    return made


def test_what_can_be_generated_is_found_and_what_cannot_has_the_distance_to_it():
    """Gaussian latents reach about 3 to 4 standard deviations, so x = (1, 40) is out of reach."""
    targets = torch.tensor([[1.0, -1.0], [4.0, 0.5], [1.0, 40.0]])
    tried = game(linear())
    found = invert(tried, targets, rng=rng())
    assert_close(found.errors[:2], torch.zeros(2), atol=2e-2, rtol=0)
    drawn = tried.draw_latents(1024, rng())
    nearest = drawn[:, 2].max() - 1
    assert_close(found.samples[2, 1], nearest, atol=1e-2, rtol=0)
    assert_close(found.latents[1, [0, 2]], torch.tensor([1.0, 1.5]), atol=3e-2, rtol=0)
    assert all(parameter.requires_grad for parameter in tried.parameters())
    assert tried.training


def test_all_classes_are_tried_and_a_known_class_is_kept():
    tried = game(linear(num_classes=4))
    targets = torch.tensor([[31.0, -1.0], [1.0, -1.0]])
    found = invert(tried, targets, rng=rng())
    assert found.labels is not None
    assert found.labels.tolist() == [3, 0]
    assert found.errors.max() < 0.05
    known = invert(tried, targets, rng=rng(), labels=torch.tensor([2, 0]))
    assert known.labels is not None
    assert known.labels.tolist() == [2, 0]


def test_each_target_is_searched_by_itself():
    targets = torch.randn(20, 2, generator=rng())
    together = invert(game(linear()), targets, rng=rng(), search=Search(steps=5))
    alone = invert(game(linear()), targets[17:18], rng=rng(), search=Search(steps=5))
    assert_close(together.latents[17:18], alone.latents)


def test_the_card_states_the_search_that_is_made():
    assert Inversion().spec()["search"] == asdict(Search())


def test_feature_distance_is_zero_for_equal_images_and_grows():
    images = torch.rand(2, 1, 16, 16, generator=rng()) * 2 - 1
    distance = Perceptual(images)
    assert_close(distance(images, torch.arange(2)), torch.zeros(2))
    crossed = distance(images.flip(0), torch.arange(2))
    assert (crossed > 0.01).all()
    noise = torch.randn(images.shape, generator=rng())
    assert (distance(images + 0.01 * noise, torch.arange(2)) < distance(images + 0.1 * noise, torch.arange(2))).all()


def test_truncated_latents_follow_the_truncated_normal():
    prior = Gaussian(50)
    tried = game(Linear(latent_size=50), prior)
    before = tried.draw_latents(10, rng())
    with truncated(tried, 0.7):
        latents = tried.draw_latents(4000, rng())
    assert latents.abs().max() <= 0.7
    from scipy.stats import truncnorm

    assert abs(float(latents.std()) - truncnorm(-0.7, 0.7).std()) < 2e-3
    assert abs(float(latents.mean())) < 3e-3
    assert_close(tried.draw_latents(10, rng()), before, atol=0, rtol=0)


@pytest.mark.parametrize(
    ("prior", "limit", "said"),
    [(Uniform(3), 0.7, "is uniform"), (Gaussian(3), 0.0, "above 0"), (Gaussian(3), float("nan"), "above 0")],
)
def test_what_cannot_be_truncated_is_refused(prior, limit, said):
    with pytest.raises(UserError, match=said), truncated(game(linear(), prior), limit):
        pass


def test_singular_directions_are_those_of_the_first_layer():
    tried = game(linear())
    found = singular_directions(tried, torch.randn(2, 3, generator=rng()), None, 2)
    assert found is not None
    assert_close(found[0], torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]))
    weight = next(layer for layer in tried.modules() if isinstance(layer, nn.Linear)).weight
    assert_close(found[1], torch.linalg.svdvals(weight.detach())[:2])


def test_labels_of_a_class_conditional_generator_are_not_directions():
    torch.manual_seed(0)
    generator = MLPGenerator(3, (2,), hidden=[8], num_classes=5)
    found = singular_directions(game(generator), torch.randn(2, 3, generator=rng()), torch.tensor([0, 1]), 3)
    assert found is not None
    first = generator.layers[0]
    assert isinstance(first, nn.Linear)
    truth = np.linalg.svd(first.weight.detach().numpy()[:, :3].astype(np.float64))[2]
    assert_close(found[0].double().abs(), torch.from_numpy(np.abs(truth)), atol=1e-5, rtol=0)


class Still(Velocity):
    shape = (2,)

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, samples: Tensor, times: Tensor) -> Tensor:
        return self.gain * samples


def test_traversals_move_along_one_direction_only():
    tried = game(linear())
    made = traverse(tried, "2", rows=2, columns=5, seed=0).samples.view(2, 5, 2)
    assert_close(made[:, :, 0], made[:, :1, 0].expand(-1, 5))
    drawn = tried.draw_latents(512, torch.Generator().manual_seed(0))
    assert_close(made[0, :, 1], made[1, :, 1])
    assert_close(made[0, 2, 1], torch.tensor(-1.0), atol=1e-5, rtol=0)
    assert abs(float(made[0, 4, 1] - made[0, 0, 1]) - 6 * float(drawn[:, 2].std())) < 0.6
    assert traverse(tried, "sefa", rows=2, columns=5, seed=0).samples.shape == (2 * 2 * 5, 2)
    most = traverse(tried, "pca", rows=1, columns=3, seed=0).samples.view(3, 3, 2)
    assert float(most[0, :, 0].std()) > 5 * float(most[0, :, 1].std())


def test_the_rows_of_a_traversal_are_named():
    reach = "from -3 to 3 standard deviations of the latents"
    of_two = rows_in_words(game(linear()), "sefa", 2, 3)
    assert of_two == f"3 rows for each of 2 directions, the strongest first, {reach}"
    assert rows_in_words(game(linear()), "2", 1, 3) == f"3 rows for coordinate 2, {reach}"


def test_rows_are_labelled_with_the_strength_of_their_direction():
    """x = (3 a, b): the layer's singular values are 3 and 1, and the first coordinate has 9 tenths of the variance."""
    tried = game(linear())
    by_layer, by_samples, one = (traverse(tried, what, rows=2, columns=3, seed=0) for what in ("sefa", "pca", "2"))
    assert by_layer.row_labels == [
        *["direction 1\nsingular value 3"] * 2,
        *["direction 2\nsingular value 1"] * 2,
    ]
    shares = [float(label.split("\n")[1].split(" %")[0]) for label in by_samples.row_labels]
    assert abs(shares[0] - 90) < 2
    assert shares[0] == shares[1]
    assert abs(shares[0] + shares[2] - 100) < 0.2
    assert one.row_labels == ["coordinate 2"] * 2
    assert one.column_labels == ["-3 sd", "", "+3 sd"]


@pytest.mark.parametrize(
    ("what", "said"),
    [("codes", "no latent codes"), ("3", "0 to 2"), ("-1", "0 to 2"), ("other", "expected codes, sefa, pca")],
)
def test_unknown_directions_are_named(what, said):
    with pytest.raises(UserError, match=said):
        traverse(game(linear()), what, rows=1, columns=2, seed=0)


def test_a_generator_without_a_layer_of_latents_says_so():
    with pytest.raises(UserError, match="--traverse pca"):
        traverse(FlowMatching(Still()), "sefa", rows=1, columns=2, seed=0)
